package person

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// LiftAccessRestriction ends a restriction.
type LiftAccessRestriction struct {
	event.Timed
	Restriction event.UUID `json:"restriction"`
	Reason      string     `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c LiftAccessRestriction) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Restriction.IsZero(), "/restriction", "required", "this must be given")
	f.Text("/reason", c.Reason, longestReason, false)
	return f
}

// Check refuses a restriction that was never set.
func (c LiftAccessRestriction) Check(s State, _ event.Context) error {
	for _, r := range s.Restrictions {
		if r.ID == c.Restriction {
			return nil
		}
	}
	return fault.Refuse("no-such-restriction", "there is no such restriction")
}

// Events records that the restriction ends; nothing if it has ended.
func (c LiftAccessRestriction) Events(s State, _ event.Context) []event.Draft {
	for _, r := range s.Restrictions {
		if r.ID == c.Restriction && r.Lifted {
			return nil
		}
	}
	return []event.Draft{{Data: AccessRestrictionLifted{Restriction: c.Restriction, Reason: event.Own(c.Reason)}}}
}
