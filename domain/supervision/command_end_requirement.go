package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// EndRequirement ends a requirement.
type EndRequirement struct {
	event.Timed
	Requirement event.UUID     `json:"requirement"`
	Reason      RequirementEnd `json:"reason"`
}

// Validate names the fields that cannot be accepted.
func (c EndRequirement) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Requirement.IsZero(), "/requirement", "required", "this must be given")
	fault.OneOf(&f, "/reason", c.Reason, RequirementEnds)
	return f
}

// Check refuses a requirement that does not run, or had not begun.
func (c EndRequirement) Check(s State, ctx event.Context) error {
	r, ok := s.Requirement(c.Requirement)
	switch {
	case !ok || !r.EndedOn.IsZero():
		return fault.Refuse("requirement-not-live", "there is no such requirement, or it has ended")
	case event.DayOf(ctx.When().Latest()) < r.Terms.Value().From:
		return fault.Refuse("before-start", "a requirement cannot end before it begins")
	}
	return nil
}

// Events records the end.
func (c EndRequirement) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RequirementEnded{Requirement: c.Requirement, Reason: event.Own(c.Reason)}}}
}
