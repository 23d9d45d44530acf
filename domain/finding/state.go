package finding

import (
	"bytes"
	"encoding/json"
	"slices"

	"caseledger/domain/event"
)

// State is the findings about one subject.
type State struct {
	Findings []Finding // in the order in which they were first raised
}

// Finding is one finding as it stands. What was decided about it stands when
// it is found again, unless it was superseded or has become graver.
type Finding struct {
	ID     event.UUID
	Judged Judged // as it was found last
	Status Status
	Raised event.ID // the event that raised it last
	// Cause is why it no longer stands; set if Status is Superseded.
	Cause Cause
	// Outcome and Breach say how it was resolved; set if Status is Resolved.
	Outcome Outcome
	Breach  event.UUID
	// Unchecked: what it rests on was erased, and it stays as it was found.
	Unchecked bool
	// By is who acknowledged, resolved or waived it last.
	By event.UUID
}

// Stands reports whether the finding is a fact about the record: whatever was
// done about it, it was not withdrawn.
func (f Finding) Stands() bool { return f.Status != Superseded }

// Unsettled reports whether something is still to be done about the finding.
func (f Finding) Unsettled() bool { return f.Status == Open || f.Status == Acknowledged }

// Fold folds the standing events of one finding stream.
func Fold(standing []event.Recorded) State {
	var s State
	for _, e := range standing {
		s = Evolve(s, e)
	}
	return s
}

// Evolve folds one standing event; events of other streams change nothing, and
// neither does one that could not be opened, or one about a finding that was
// not raised.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := d.(type) {
	case FindingRaised:
		if _, known := s.Finding(d.Finding); !known {
			s.Findings = append(slices.Clip(s.Findings), Finding{ID: d.Finding, Judged: d.Judged, Status: Open, Raised: e.ID})
			return s
		}
		s.change(d.Finding, func(f *Finding) {
			if !f.Stands() || graver(d.Judged.Severity, f.Judged.Severity) {
				*f = Finding{ID: f.ID, Status: Open}
			}
			f.Judged, f.Raised, f.Unchecked = d.Judged, e.ID, false
		})
	case FindingSuperseded:
		s.change(d.Finding, func(f *Finding) { f.Status, f.Cause = Superseded, d.Cause })
	case FindingRecheckLost:
		s.change(d.Finding, func(f *Finding) { f.Unchecked = true })
	case FindingAcknowledged:
		s.change(d.Finding, func(f *Finding) { f.Status, f.By = Acknowledged, e.Actor.ID })
	case FindingResolved:
		s.change(d.Finding, func(f *Finding) { f.Status, f.By, f.Outcome, f.Breach = Resolved, e.Actor.ID, d.Outcome, d.Breach })
	case FindingWaived:
		s.change(d.Finding, func(f *Finding) { f.Status, f.By = Waived, e.Actor.ID })
	}
	return s
}

func (s *State) change(id event.UUID, how func(*Finding)) {
	s.Findings = slices.Clone(s.Findings)
	for i := range s.Findings {
		if s.Findings[i].ID == id {
			how(&s.Findings[i])
		}
	}
}

// graver reports whether a is graver than b.
func graver(a, b Severity) bool { return slices.Index(Severities, a) < slices.Index(Severities, b) }

// Finding returns a finding; false if it was not raised.
func (s State) Finding(id event.UUID) (Finding, bool) {
	i := slices.IndexFunc(s.Findings, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}, false
	}
	return s.Findings[i], true
}

// same reports whether two judgements say the same, byte for byte.
func (j Judged) same(other Judged) bool {
	a, errA := json.Marshal(j)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
