package governance

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// State is one organisation's governance.
type State struct {
	Org       event.UUID
	DPIAs     []DPIA
	Changes   []Change
	Documents []Document
	Ropa      []Entry
	Staff     []Assignment
	Training  []Training
	Undertook []Undertaking
	Breaches  []Breach
}

// The facts of State: each with the event it came from, and when it was true.
type (
	// DPIA is an approved impact assessment.
	DPIA struct {
		DPIAApproved
		At     event.When
		Source event.ID
	}
	// Change is a change of a processing.
	Change struct {
		Processing Processing
		At         event.When
		Source     event.ID
	}
	// Document is a policy document.
	Document struct {
		PolicyDocumentPublished
		At     event.When
		Source event.ID
	}
	// Entry is an entry of the record of processing.
	Entry struct {
		RopaEntryRecorded
		At     event.When
		Source event.ID
	}
	// Assignment is a role held from At until Ended.
	Assignment struct {
		StaffRoleAssigned
		Org       event.UUID
		At, Ended event.When // Ended is zero while it is held
		Source    event.ID
	}
	// Training is a course taken.
	Training struct {
		TrainingRecorded
		At     event.When
		Source event.ID
	}
	// Undertaking is a signed undertaking.
	Undertaking struct {
		UndertakingSigned
		At     event.When
		Source event.ID
	}
	// Breach is a personal data breach with what was done about it.
	Breach struct {
		BreachDetected
		At         event.When
		Source     event.ID
		Assessed   event.When // zero: not yet
		Likelihood Likelihood
		Notified   event.When // zero: not yet
		NotifiedBy event.ID
		Delay      Delay
		Told       []event.UUID
		Informed   event.When // when all the people had been told; zero: not yet
	}
)

// Fold folds the standing events of one organisation's stream.
func Fold(standing []event.Recorded) State {
	var s State
	for _, e := range standing {
		s = Evolve(s, e)
	}
	return s
}

// Evolve folds one standing event; events of other streams change nothing, and
// neither does one that could not be opened.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	s.Org = e.Stream.Of
	switch d := d.(type) {
	case DPIAApproved:
		s.DPIAs = append(slices.Clip(s.DPIAs), DPIA{d, e.Effective, e.ID})
	case ProcessingChanged:
		s.Changes = append(slices.Clip(s.Changes), Change{d.Processing, e.Effective, e.ID})
	case PolicyDocumentPublished:
		s.Documents = append(slices.Clip(s.Documents), Document{d, e.Effective, e.ID})
	case RopaEntryRecorded:
		s.Ropa = append(slices.Clip(s.Ropa), Entry{d, e.Effective, e.ID})
	case StaffRoleAssigned:
		s.Staff = append(slices.Clip(s.Staff), Assignment{StaffRoleAssigned: d, Org: e.Stream.Of, At: e.Effective, Source: e.ID})
	case StaffRoleEnded:
		s.Staff = slices.Clone(s.Staff)
		for i := range s.Staff {
			if s.Staff[i].Assignment == d.Assignment {
				s.Staff[i].Ended = e.Effective
			}
		}
	case TrainingRecorded:
		s.Training = append(slices.Clip(s.Training), Training{d, e.Effective, e.ID})
	case UndertakingSigned:
		s.Undertook = append(slices.Clip(s.Undertook), Undertaking{d, e.Effective, e.ID})
	case BreachDetected:
		s.Breaches = append(slices.Clip(s.Breaches), Breach{BreachDetected: d, At: e.Effective, Source: e.ID})
	case BreachAssessed:
		s.breach(d.Breach, func(b *Breach) { b.Assessed, b.Likelihood, b.Notifiable = e.Effective, d.Likelihood, d.Notifiable })
	case RegulatorNotified:
		s.breach(d.Breach, func(b *Breach) { b.Notified, b.NotifiedBy, b.Delay = e.Effective, e.ID, d.Delay })
	case SubjectsInformed:
		s.breach(d.Breach, func(b *Breach) {
			b.Told = append(slices.Clip(b.Told), d.Subjects...)
			left := slices.ContainsFunc(b.Subjects, func(p event.UUID) bool { return !slices.Contains(b.Told, p) })
			if b.Informed.IsZero() && (len(d.Subjects) == 0 || len(b.Subjects) > 0 && !left) {
				b.Informed = e.Effective
			}
		})
	case DPIA, Document, Entry, Assignment, Training, Undertaking, Breach: // facts of the state; none is ever recorded
	}
	return s
}

func (s *State) breach(id event.UUID, change func(*Breach)) {
	s.Breaches = slices.Clone(s.Breaches)
	for i := range s.Breaches {
		if s.Breaches[i].Breach == id {
			change(&s.Breaches[i])
		}
	}
}

// HoldsAt reports whether the assignment is held at t, half-open.
func (a Assignment) HoldsAt(t time.Time) bool {
	return a.At.Begun(t) && (a.Ended.IsZero() || !a.Ended.Begun(t))
}
