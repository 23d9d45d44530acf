package governance

import (
	"slices"
	"strconv"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// DetectBreach says that a personal data breach was found. Reporting one is
// never refused to anybody of the controller.
type DetectBreach struct {
	event.Timed
	Kind BreachKind `json:"kind"`
	// AwareAt is when the organisation became aware; left out, when it was found.
	AwareAt  event.When   `json:"awareAt,omitzero"`
	Subjects []event.UUID `json:"subjects,omitempty"`
	// Notifiable is so unless it says otherwise.
	Notifiable  *bool  `json:"notifiable,omitempty"`
	Description string `json:"description"`
}

// Validate names what cannot be understood.
func (b DetectBreach) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/kind", b.Kind, BreachKinds)
	people(&f, b.Subjects)
	f.Text("/description", b.Description, longestText, false)
	return f
}

// ValidateIn names what cannot be so now.
func (b DetectBreach) ValidateIn(c event.Context) []fault.Field {
	var f fault.Fields
	f.If(b.AwareAt.Earliest().After(c.Now), "/awareAt", "in-the-future", "what is recorded must have happened")
	return f
}

func people(f *fault.Fields, of []event.UUID) {
	f.If(len(of) > mostSubjects, "/subjects", "too-many", "these are too many")
	seen := map[event.UUID]bool{}
	for i, p := range of {
		at := "/subjects/" + strconv.Itoa(i)
		f.If(p.IsZero(), at, "required", "this must be given")
		f.If(seen[p], at, "duplicate", "this is given twice")
		seen[p] = true
	}
}

// Check refuses another controller's organisation.
func (b DetectBreach) Check(_ State, c event.Context) error { return ours(c) }

// Events records the breach.
func (b DetectBreach) Events(_ State, c event.Context) []event.Draft {
	aware := b.AwareAt
	if aware.IsZero() {
		aware = c.When()
	}
	return []event.Draft{{Data: BreachDetected{Breach: c.NewID("breach"), Kind: b.Kind, AwareAt: aware, Subjects: b.Subjects,
		Notifiable: b.Notifiable == nil || *b.Notifiable, Description: event.Own(b.Description)}}}
}

// AssessBreach says how likely a breach is to touch people's rights.
type AssessBreach struct {
	event.Timed
	Breach     event.UUID `json:"breach"`
	Likelihood Likelihood `json:"likelihood"`
	// Notifiable follows from the likelihood unless it says otherwise.
	Notifiable  *bool  `json:"notifiable,omitempty"`
	Containment string `json:"containment"`
}

// Validate names what cannot be understood.
func (b AssessBreach) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Breach.IsZero(), "/breach", "required", "this must be given")
	fault.OneOf(&f, "/likelihood", b.Likelihood, Likelihoods)
	f.Text("/containment", b.Containment, longestText, false)
	return f
}

func (b AssessBreach) notifiable() bool {
	if b.Notifiable != nil {
		return *b.Notifiable
	}
	return b.Likelihood != "UNLIKELY"
}

// Check refuses a breach that is not there, and not to notify one that is
// likely to touch people's rights (UK GDPR Article 33(1)).
func (b AssessBreach) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	if _, err := s.breachOf(b.Breach); err != nil {
		return err
	}
	if b.Likelihood != "UNLIKELY" && !b.notifiable() {
		return fault.Refuse("likely-is-notifiable", "a breach that is likely to touch people's rights is notified")
	}
	return nil
}

// Events records the assessment.
func (b AssessBreach) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: BreachAssessed{Breach: b.Breach, Likelihood: b.Likelihood, Notifiable: b.notifiable(), Containment: event.Own(b.Containment)}}}
}

// NotifyRegulator says that the regulator was told of a breach. That it was
// late, and no reason was given, is recorded all the same, and found.
type NotifyRegulator struct {
	event.Timed
	Breach event.UUID `json:"breach"`
	Delay  Delay      `json:"delayReason,omitempty"`
}

// Validate names what cannot be understood.
func (b NotifyRegulator) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Breach.IsZero(), "/breach", "required", "this must be given")
	if b.Delay != "" {
		fault.OneOf(&f, "/delayReason", b.Delay, Delays)
	}
	return f
}

// Check refuses a breach that is not there or was notified, and a time before
// the organisation was aware of it.
func (b NotifyRegulator) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	of, err := s.breachOf(b.Breach)
	switch {
	case err != nil:
		return err
	case !of.Notified.IsZero():
		return fault.Refuse("already-notified", "the regulator was told of this breach")
	case c.When().Latest().Before(of.AwareAt.Earliest()):
		return fault.Refuse("notified-before-aware", "nobody is told of a breach before it is known")
	}
	return nil
}

// Events records that the regulator was told.
func (b NotifyRegulator) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RegulatorNotified{Breach: b.Breach, Delay: b.Delay}}}
}

// InformSubjects says that the people a breach is about were told.
type InformSubjects struct {
	event.Timed
	Breach event.UUID `json:"breach"`
	// Subjects are those who were told; left out, all of them.
	Subjects []event.UUID `json:"subjects,omitempty"`
}

// Validate names what cannot be understood.
func (b InformSubjects) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Breach.IsZero(), "/breach", "required", "this must be given")
	people(&f, b.Subjects)
	return f
}

// Check refuses a breach that is not there, and somebody whom it is not about.
func (b InformSubjects) Check(s State, c event.Context) error {
	if err := ours(c); err != nil {
		return err
	}
	of, err := s.breachOf(b.Breach)
	if err != nil {
		return err
	}
	if len(of.Subjects) > 0 && slices.ContainsFunc(b.Subjects, func(p event.UUID) bool { return !slices.Contains(of.Subjects, p) }) {
		return fault.Refuse("not-a-subject", "the breach is not about somebody who is named")
	}
	return nil
}

// Events records that they were told.
func (b InformSubjects) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: SubjectsInformed{Breach: b.Breach, Subjects: b.Subjects}}}
}
