package agreement

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// State is one agreement.
type State struct {
	ID           event.UUID
	Versions     []Version
	Suspended    []Suspension
	Terminated   event.When // zero: it was not
	TerminatedBy event.ID
	Expired      int // the latest version whose end was noted; 0: none was

	// Organisations is the register that decisions ask about the parties; nil
	// knows no organisation.
	Organisations Organisations
	// Known reports whether there is a basis of that code, for that field of the
	// terms; nil knows no code.
	Known func(field string, code Basis) bool
}

// Organisations says what an organisation is; false if it is not known.
type Organisations interface {
	Organisation(event.UUID) (reference.Organisation, bool)
}

// Version is one version of an agreement.
type Version struct {
	Number int
	Terms  Terms
	Signed []Signature
	Source event.ID
}

// Signature is a party's.
type Signature struct {
	Org event.UUID
	At  event.When
}

// Suspension is a stretch in which nothing is shared.
type Suspension struct {
	From, Until event.When // Until is zero while it lasts
	Source      event.ID
}

// Fold folds the standing events of one agreement stream.
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
	switch d := d.(type) {
	case AgreementDrafted:
		s.ID = d.Agreement
		s.Versions = append(slices.Clip(s.Versions), Version{Number: 1, Terms: d.Terms, Source: e.ID})
	case AgreementAmended:
		s.Versions = append(slices.Clip(s.Versions), Version{Number: d.Version, Terms: d.Terms, Source: e.ID})
	case AgreementSigned:
		s.Versions = slices.Clone(s.Versions)
		for i := range s.Versions {
			if v := &s.Versions[i]; v.Number == d.Version {
				v.Signed = append(slices.Clip(v.Signed), Signature{d.Org, e.Effective})
			}
		}
	case AgreementSuspended:
		s.Suspended = append(slices.Clip(s.Suspended), Suspension{From: e.Effective, Source: e.ID})
	case AgreementResumed:
		s.Suspended = slices.Clone(s.Suspended)
		for i := range s.Suspended {
			if s.Suspended[i].Until.IsZero() {
				s.Suspended[i].Until = e.Effective
			}
		}
	case AgreementTerminated:
		if s.Terminated.IsZero() {
			s.Terminated, s.TerminatedBy = e.Effective, e.ID
		}
	case AgreementExpired: // its terms say when; this says that it was noted
		s.Expired = max(s.Expired, d.Version)
	}
	return s
}

// signedAt reports whether every party had signed by t.
func (v Version) signedAt(t time.Time) bool {
	return len(v.Terms.Parties) > 0 && !slices.ContainsFunc(v.Terms.Parties, func(p Party) bool {
		return !slices.ContainsFunc(v.Signed, func(s Signature) bool { return s.Org == p.Org && s.At.Begun(t) })
	})
}

// StatusAt says what the agreement was at t, and which version was current: of
// those that every party had signed by then, the latest that had begun, or, if
// none had, the latest; where none was signed, the latest there is. Days begin
// and end in Europe/London, and every interval is half-open.
func (s State) StatusAt(t time.Time) (Status, Version) {
	if len(s.Versions) == 0 {
		return None, Version{}
	}
	day := event.DayOf(t)
	current, found := Version{}, false
	for _, v := range slices.Backward(s.Versions) {
		if !v.signedAt(t) {
			continue
		}
		if begun := day >= v.Terms.From; begun || !found {
			current, found = v, true
			if begun {
				break
			}
		}
	}
	if !found {
		current = s.Versions[len(s.Versions)-1]
	}
	switch {
	case !s.Terminated.IsZero() && s.Terminated.Begun(t):
		return Terminated, current
	case !found || day < current.Terms.From:
		return Draft, current
	case day >= current.Terms.To:
		return Expired, current
	case slices.ContainsFunc(s.Suspended, func(p Suspension) bool {
		return p.From.Begun(t) && (p.Until.IsZero() || !p.Until.Begun(t))
	}):
		return Suspended, current
	}
	return InForce, current
}

// InForce returns the version by which is shared at t; false if there is none.
func (s State) InForce(t time.Time) (Version, bool) {
	status, v := s.StatusAt(t)
	return v, status == InForce
}

// Version returns a version by its number; false if there is none.
func (s State) Version(number int) (Version, bool) {
	i := slices.IndexFunc(s.Versions, func(v Version) bool { return v.Number == number })
	if i < 0 {
		return Version{}, false
	}
	return s.Versions[i], true
}

// Party reports whether an organisation is a party.
func (t Terms) Party(org event.UUID) bool {
	return slices.ContainsFunc(t.Parties, func(p Party) bool { return p.Org == org })
}

// CoversPurpose reports whether the purpose is one of the agreement's.
func (t Terms) CoversPurpose(p event.Purpose) bool { return slices.Contains(t.Purposes, p) }

// CoversCategory reports whether a category may go from one side to another.
func (t Terms) CoversCategory(from, to event.Side, c event.Category) bool {
	return slices.ContainsFunc(t.Flows, func(f Flow) bool {
		return f.From == from && f.To == to && reference.CoveredBy(f.Categories, c)
	})
}
