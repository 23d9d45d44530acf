// Package casefile composes the areas of one person's case into the state
// that decisions are made against, and holds the commands that need several
// areas. One case, one stream, one consistency boundary: it never reads
// another stream.
package casefile

import (
	"maps"
	"slices"
	"strings"
	"time"

	"caseledger/domain/appointment"
	"caseledger/domain/breakglass"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/referral"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// State is a person's case as decisions see it.
type State struct {
	lawfulness.Case
	// Surroundings are the organisations, agreements and governance that
	// decisions ask about beside the case; the zero value knows of none.
	Surroundings lawfulness.Known
	// Past is everything that was recorded, for questions about what was known
	// at another time; nil where nobody asks any. No decision depends on it.
	Past *lawfulness.History

	// Holders are the organisations that recorded something about the person
	// or were told something about them: to everyone else the person is absent.
	Holders map[event.UUID]bool
	// Log says of each standing event what a correction needs to know.
	Log map[event.ID]Entry

	// Merged says how far each merged record had come that was folded too; a
	// decision names it among what it read.
	Merged []disclosure.Read

	standing []event.Recorded // of the record itself: what was folded
	all      []event.Recorded // with those of merged records; nil if there are none
	other    *Other           // the record that a merge is decided with; nil unless one is
}

// Entry is what a correction needs to know of the event it corrects.
type Entry struct {
	Type      string
	Command   event.UUID // whose identifiers a replacement keeps
	Effective event.When
	Actor     event.Actor
	Replaces  event.ID // the event in whose place this one stands; zero if its own
}

// Catalogue holds every event type of a case, the kernel's included.
var Catalogue = event.NewCatalogue(
	person.Events, supervision.Events, appointment.Events, consent.Events,
	screening.Events, referral.Events, disclosure.Events, rights.Events, breakglass.Events,
)

// EventTypes lists the stored names of everything a case can hold but the
// kernel's key events, which are about boxes and not about the person.
func EventTypes() []string {
	return slices.DeleteFunc(Catalogue.Names(), func(n string) bool {
		return strings.HasPrefix(n, "key.") || strings.HasPrefix(n, "ledger.")
	})
}

// Fold folds the standing events of a case.
func Fold(standing []event.Recorded) State {
	s := State{Holders: map[event.UUID]bool{}, Log: map[event.ID]Entry{}}
	for _, e := range standing {
		s = evolveInPlace(s, e)
	}
	s.standing = standing
	return s
}

// Evolve folds one standing event into a copy of s, into which no other record
// is merged.
func Evolve(s State, e event.Recorded) State {
	s.Holders, s.Log = maps.Clone(s.Holders), maps.Clone(s.Log)
	if s.Log == nil {
		s.Holders, s.Log = map[event.UUID]bool{}, map[event.ID]Entry{}
	}
	s.standing = append(slices.Clip(s.standing), e)
	return evolveInPlace(s, e)
}

func evolveInPlace(s State, e event.Recorded) State {
	s.Case = s.Case.Evolve(e)
	if e.Stream.Kind == event.CaseStream && e.Type != "key.created" && e.Type != "key.destroyed" {
		s.Holders[e.Actor.Org] = true
		s.Log[e.ID] = Entry{e.Type, cause(e), e.Effective, e.Actor, e.Corrects}
	}
	if told, ok := e.Data.(interface{ RecipientOrg() event.UUID }); ok && !told.RecipientOrg().IsZero() {
		s.Holders[told.RecipientOrg()] = true
	}
	return s
}

// Exists reports whether the case holds anything.
func (s State) Exists() bool { return len(s.Log) > 0 }

// Bars reports whether limited access keeps a member of staff out of the case
// at t. A live use of break-glass lifts it for its invoker (domain reference
// section 8.8).
func (s State) Bars(staff event.UUID, t time.Time) bool {
	return s.Person.Bars(staff) && !s.BreakGlass.Lifts(staff, t)
}

// before returns the case as it stood before the command that one of its
// standing events came of, the standing events of that command, and the event's
// place among them; a place of -1 if it is not there.
func (s State) before(id event.ID) (before State, siblings []event.Recorded, place int) {
	i := slices.IndexFunc(s.standing, func(e event.Recorded) bool { return e.ID == id })
	if i < 0 {
		return State{}, nil, -1
	}
	from, to := i, i+1
	for from > 0 && cause(s.standing[from-1]) == cause(s.standing[i]) {
		from--
	}
	for to < len(s.standing) && cause(s.standing[to]) == cause(s.standing[i]) {
		to++
	}
	return Fold(s.standing[:from]), s.standing[from:to], i - from
}

// cause is the command whose identifiers an event holds: its own, or, of one
// that stands in another's place, that of the first.
func cause(e event.Recorded) event.UUID {
	if e.IsCorrection() && !e.Causation.IsZero() {
		return e.Causation
	}
	return e.Command
}

// HeldBy reports whether one of the organisations holds, or was told,
// something about the person.
func (s State) HeldBy(orgs ...event.UUID) bool {
	return slices.ContainsFunc(orgs, func(o event.UUID) bool { return s.Holders[o] })
}
