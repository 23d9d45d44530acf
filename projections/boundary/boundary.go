// Package boundary says whose record an event is part of, for read models
// that are kept per side. It never looks at what an event says beyond that.
package boundary

import "caseledger/domain/event"

// Viewer is the side that a set of read models is kept for.
type Viewer struct {
	// Side is the side; "" is the auditors' own set, which holds every side's
	// events as far as the auditors' keys open them.
	Side event.Side
	// Controller returns an organisation's controller; zero if it is not known.
	Controller func(org event.UUID) event.UUID
}

// WholeSide stands in a row's controller column where a row belongs to a side
// without belonging to one of its controllers: another side's staff recorded
// it on its behalf.
var WholeSide event.UUID

// Owner returns the controller whose record e is part of; false if e is no
// part of the viewer's record. An event whose operational box does not open
// is another side's; where the box is erased, it is its actor's side's.
func (v Viewer) Owner(e event.Recorded) (controller event.UUID, own bool) {
	switch {
	case e.Operational == event.Withheld:
		return event.UUID{}, false
	case v.Side == "" || e.Actor.Side == v.Side:
		return v.Controller(e.Actor.Org), true
	case e.Operational == event.Open:
		return WholeSide, true
	}
	return event.UUID{}, false
}

// Told returns the controller to whom e, a disclosure, told something on the
// viewer's side; false if it did not.
func (v Viewer) Told(e event.Recorded) (controller event.UUID, told bool) {
	to, ok := e.Data.(interface {
		RecipientSide() event.Side
		RecipientOrg() event.UUID
	})
	if !ok || v.Side == "" || to.RecipientSide() != v.Side || to.RecipientOrg().IsZero() {
		return event.UUID{}, false
	}
	return v.Controller(to.RecipientOrg()), true
}
