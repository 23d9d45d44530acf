package person

import (
	"fmt"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// SetAccessRestriction limits who of those otherwise entitled may look at the
// case.
type SetAccessRestriction struct {
	event.Timed
	Mode   RestrictionMode `json:"mode"`
	Users  []event.UUID    `json:"users"`
	Reason string          `json:"reason"`
}

// longestReason is in characters.
const longestReason = 2000

// Validate names the fields that cannot be accepted.
func (c SetAccessRestriction) Validate() []fault.Field {
	var f fault.Fields
	fault.OneOf(&f, "/mode", c.Mode, RestrictionModes)
	f.If(len(c.Users) == 0, "/users", "required", "a restriction names at least one member of staff")
	f.If(len(c.Users) > 500, "/users", "too-long", "a restriction names at most 500 members of staff")
	seen := map[event.UUID]bool{}
	for i, u := range c.Users {
		f.If(u.IsZero() || seen[u], fmt.Sprintf("/users/%d", i), "impossible", "this is no member of staff, or one named before")
		seen[u] = true
	}
	f.Text("/reason", c.Reason, longestReason, false)
	return f
}

// Check accepts every restriction that can be understood.
func (c SetAccessRestriction) Check(State, event.Context) error { return nil }

// Events records the restriction.
func (c SetAccessRestriction) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: AccessRestrictionSet{
		Restriction: ctx.NewID("restriction"), Mode: c.Mode, Users: c.Users, Reason: event.Own(c.Reason),
	}}}
}
