package finding

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

const longestText = 4000 // characters

// finding returns a finding of the actor's controller. Another controller's is
// not there.
func (s State) finding(id event.UUID, c event.Context) (Finding, error) {
	f, ok := s.Finding(id)
	org := f.Judged.Org
	if !f.Judged.Organisation.IsZero() {
		org = f.Judged.Organisation
	}
	if !ok || org != c.Actor.Org && !slices.Contains(c.Peers, org) {
		return Finding{}, fault.New(fault.Absent, "no-such-finding", "there is no such finding, or not for you")
	}
	return f, nil
}

// settled refuses to settle a finding that is settled or was withdrawn, and
// whose act it is.
func (f Finding) settled(c event.Context) error {
	switch {
	case !f.Unsettled():
		return fault.Refuse("finding-not-open", "the finding is settled, or no longer stands")
	case f.Judged.By == c.Actor.ID:
		return fault.Refuse("own-act", "whose act a finding is about does not settle it")
	}
	return nil
}

// AcknowledgeFinding says that somebody has seen a finding and looks into it.
type AcknowledgeFinding struct {
	event.Timed
	Finding event.UUID `json:"finding"`
}

// Validate names what cannot be understood.
func (b AcknowledgeFinding) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Finding.IsZero(), "/finding", "required", "this must be given")
	return f
}

// Check refuses a finding that is not there, is settled, or was withdrawn.
func (b AcknowledgeFinding) Check(s State, c event.Context) error {
	f, err := s.finding(b.Finding, c)
	if err != nil {
		return err
	}
	if !f.Unsettled() {
		return fault.Refuse("finding-not-open", "the finding is settled, or no longer stands")
	}
	return nil
}

// Events records it; nothing if it is acknowledged already.
func (b AcknowledgeFinding) Events(s State, _ event.Context) []event.Draft {
	if f, ok := s.Finding(b.Finding); ok && f.Status == Acknowledged {
		return nil
	}
	return []event.Draft{{Data: FindingAcknowledged{Finding: b.Finding}}}
}

// ResolveFinding says what was done about a finding.
type ResolveFinding struct {
	event.Timed
	Finding event.UUID `json:"finding"`
	Outcome Outcome    `json:"outcome"`
	// Breach is the incident that was raised; given if the outcome says so.
	Breach event.UUID `json:"breach,omitzero"`
	Reason string     `json:"reason"`
}

// incidentRaised is the outcome that names a personal data breach.
const incidentRaised Outcome = "INCIDENT_RAISED"

// Validate names what cannot be understood.
func (b ResolveFinding) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Finding.IsZero(), "/finding", "required", "this must be given")
	fault.OneOf(&f, "/outcome", b.Outcome, Outcomes)
	f.If(b.Breach.IsZero() == (b.Outcome == incidentRaised), "/breach", "with-incident-only", "this is given for an incident that was raised, and only then")
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Check refuses a finding that is not there or is settled, and whoever's act
// it is about.
func (b ResolveFinding) Check(s State, c event.Context) error {
	f, err := s.finding(b.Finding, c)
	if err != nil {
		return err
	}
	return f.settled(c)
}

// Events records the resolution.
func (b ResolveFinding) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: FindingResolved{Finding: b.Finding, Outcome: b.Outcome, Breach: b.Breach, Reason: event.Own(b.Reason)}}}
}

// WaiveFinding says that the risk of a finding is accepted.
type WaiveFinding struct {
	event.Timed
	Finding event.UUID `json:"finding"`
	Reason  string     `json:"reason"`
}

// Validate names what cannot be understood.
func (b WaiveFinding) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Finding.IsZero(), "/finding", "required", "this must be given")
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Check refuses what [ResolveFinding] refuses, and anybody but a senior
// information risk owner for a critical finding.
func (b WaiveFinding) Check(s State, c event.Context) error {
	f, err := s.finding(b.Finding, c)
	if err != nil {
		return err
	}
	if f.Judged.Severity == Critical && c.Actor.Role != "SIRO" {
		return fault.New(fault.Denied, "critical-needs-siro", "only a senior information risk owner waives a critical finding")
	}
	return f.settled(c)
}

// Events records the waiver.
func (b WaiveFinding) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: FindingWaived{Finding: b.Finding, Reason: event.Own(b.Reason)}}}
}
