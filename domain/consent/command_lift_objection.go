package consent

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// LiftObjection records that the person no longer objects.
type LiftObjection struct {
	event.Timed
	Objection event.UUID `json:"objection"`
}

// Validate reports fields that cannot be understood.
func (b LiftObjection) Validate() []fault.Field {
	var c fault.Fields
	c.If(b.Objection.IsZero(), "/objection", "required", "say which objection")
	return c
}

func (s State) objection(id event.UUID) (Objection, bool) {
	i := slices.IndexFunc(s.Objections, func(o Objection) bool { return o.ID == id })
	if i < 0 {
		return Objection{}, false
	}
	return s.Objections[i], true
}

// Check refuses an objection that does not stand.
func (b LiftObjection) Check(s State, c event.Context) error {
	o, ok := s.objection(b.Objection)
	switch {
	case !ok:
		return fault.Refuse("no-such-objection", "this case holds no such objection")
	case !o.live(c.Asked()):
		return fault.Refuse("objection-not-live", "the objection does not stand then")
	}
	return nil
}

// Events records that it is lifted.
func (b LiftObjection) Events(s State, _ event.Context) []event.Draft {
	o, _ := s.objection(b.Objection)
	return draft(o.Side, ObjectionLifted{b.Objection})
}
