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
	CourtOrders    []CourtOrder
	MappaRequests  []MappaRequest
	Reviews        []EmergencyReview
}

// CourtOrder is an order of a court to tell something.
type CourtOrder struct {
	ID         event.UUID
	Org        event.UUID // who recorded it
	Categories []event.Category
	ToOrg      event.UUID // zero where it names none
	From, To   event.Day  // the first and the last day
	At         event.When
	Source     event.ID
}

// Compels reports whether the order, on a day, is to tell an organisation
// something of a category: the order's terms are the whole of it.
func (o CourtOrder) Compels(category event.Category, to event.UUID, day event.Day) bool {
	return day >= o.From && day <= o.To && (o.ToOrg.IsZero() || o.ToOrg == to) && reference.CoveredBy(o.Categories, category)
}

// MappaRequest is a request of the MAPPA responsible authority.
type MappaRequest struct {
	ID         event.UUID
	Org        event.UUID // who recorded it
	Categories []event.Category
	At         event.When
	Source     event.ID
}

// EmergencyReview is what somebody thought of a disclosure to an emergency
// service.
type EmergencyReview struct {
	Disclosure event.UUID
	Justified  bool
	At         event.When
	Source     event.ID
}

// Decision is a decision whether something may be told, proposed or made.
type Decision struct {
	ID      event.UUID
	Side    event.Side // whose record it belongs to
	Flow    Flow
	Basis   Basis
	By      event.UUID // who proposed or, once it is made, made it
	Outcome Outcome    // empty while it is proposed
	At      event.When
	Closed  bool
}

// Made is something that was told.
type Made struct {
	ID       event.UUID
	Decision event.UUID // zero where nobody decided
	Flow     Flow
	By       event.UUID // who told it, or reported that it was told
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
