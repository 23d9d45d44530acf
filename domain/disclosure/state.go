// Package disclosure is the disclosure area of a person's case: what somebody
// proposed to tell, what was decided and why, and what was told. It never
// evaluates what the person said: package casefile does.
package disclosure

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Event is an event of this area.
type Event interface{ isEvent() }

// State is what decisions need to know of this area.
type State struct {
	Decisions      []Decision // in the order they were first mentioned
	Disclosures    []Made
	PublicInterest []event.UUID // the decisions whose reasoning is on the record
}

// Decision is a decision whether something may be told, proposed or made.
type Decision struct {
	ID      event.UUID
	Side    event.Side // whose record it belongs to
	Flow    Flow
	Basis   Basis
	Outcome Outcome // empty while it is proposed
	At      event.When
	Closed  bool
}

// Made is something that was told.
type Made struct {
	ID       event.UUID
	Decision event.UUID // zero where nobody decided
	Flow     Flow
	At       event.When
	Received bool
}

// Decision returns a decision; false if there is none of that id.
func (s State) Decision(id event.UUID) (Decision, bool) {
	i := slices.IndexFunc(s.Decisions, func(d Decision) bool { return d.ID == id })
	if i < 0 {
		return Decision{}, false
	}
	return s.Decisions[i], true
}

// Disclosure returns something that was told; false if there is none of that
// id.
func (s State) Disclosure(id event.UUID) (Made, bool) {
	i := slices.IndexFunc(s.Disclosures, func(d Made) bool { return d.ID == id })
	if i < 0 {
		return Made{}, false
	}
	return s.Disclosures[i], true
}

// PermitsAt reports whether something may be told under the decision at t: it
// was a permit by then, is not closed and has not lapsed.
func (d Decision) PermitsAt(t time.Time) bool {
	return d.Outcome == Permit && !d.Closed && d.At.Begun(t) && !d.LapsedAt(t)
}

// LapsedAt reports whether the decision's last moment is past.
func (d Decision) LapsedAt(t time.Time) bool {
	return !d.Basis.ValidUntil.IsZero() && t.After(d.Basis.ValidUntil.Latest())
}

// Permitting returns the latest decision under which, at t, a side may tell an
// organisation something of a category; false if there is none.
func (s State) Permitting(from event.Side, to event.UUID, category event.Category, t time.Time) (Decision, bool) {
	for _, d := range slices.Backward(s.Decisions) {
		if d.PermitsAt(t) && d.Flow.Direction.From == from && d.Flow.ToOrg == to && reference.CoveredBy(d.Flow.Categories, category) {
			return d, true
		}
	}
	return Decision{}, false
}
