package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// AllocatePractitioner says who supervises the person from now on.
type AllocatePractitioner struct {
	event.Timed
	Practitioner event.UUID `json:"practitioner"`
	Organisation event.UUID `json:"organisation,omitzero"` // left out: that of whoever says so
}

// Validate names the fields that cannot be accepted.
func (c AllocatePractitioner) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Practitioner.IsZero(), "/practitioner", "required", "this must be given")
	return f
}

// Check accepts every allocation.
func (c AllocatePractitioner) Check(State, event.Context) error { return nil }

// Events records the allocation; nothing if it stands already.
func (c AllocatePractitioner) Events(s State, ctx event.Context) []event.Draft {
	org := c.Organisation
	if org.IsZero() {
		org = ctx.Actor.Org
	}
	if n := len(s.Allocations); n > 0 && s.Allocations[n-1].Practitioner == c.Practitioner && s.Allocations[n-1].Organisation == org {
		return nil
	}
	return []event.Draft{{Data: PractitionerAllocated{Practitioner: c.Practitioner, Organisation: org}}}
}
