package consent

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RecordObjection records that the person objects to information being told.
// It is always accepted.
type RecordObjection struct {
	event.Timed
	// Scope is what is objected to; a part left out means all of it.
	Scope  Scope  `json:"scope,omitzero"`
	Reason string `json:"reason,omitempty"` // nobody has to say why
}

// Validate reports fields that cannot be understood.
func (b RecordObjection) Validate() []fault.Field {
	var c fault.Fields
	c.Under("/scope", b.Scope.validate())
	c.Text("/reason", b.Reason, 2000, true)
	return c
}

// Check lets every objection stand.
func (b RecordObjection) Check(State, event.Context) error { return nil }

// Events records the objection.
func (b RecordObjection) Events(_ State, c event.Context) []event.Draft {
	d := ObjectionRecorded{Objection: c.NewID("objection"), Scope: b.Scope}
	if b.Reason != "" {
		d.Reason = event.Own(b.Reason)
	}
	return draft(recordOf(Disclosure, b.Scope, c.Actor.Side), d)
}
