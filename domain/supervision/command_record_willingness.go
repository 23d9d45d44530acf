package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RecordWillingness says that the person expressed willingness to comply with
// a requirement, before it was imposed.
type RecordWillingness struct {
	event.Timed
	Kind    reference.RequirementKind `json:"kind"`
	ToCourt bool                      `json:"toCourt"` // said in court, not to somebody who told the court
}

// Validate names the fields that cannot be accepted.
func (c RecordWillingness) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/kind", c.Kind, reference.RequirementKinds.Listed)
	return f
}

// Check refuses what was said after the requirement was imposed, and a kind
// that needs no willingness.
func (c RecordWillingness) Check(s State, ctx event.Context) error {
	if k, _ := reference.RequirementKinds.Latest(c.Kind); !k.NeedsWillingness {
		return fault.Refuse("willingness-not-needed", "this kind of requirement needs no willingness")
	}
	if _, imposed := s.LiveRequirement(c.Kind, event.DayOf(ctx.When().Earliest())); imposed {
		return fault.Refuse("requirement-already-imposed", "willingness comes before the requirement is imposed")
	}
	return nil
}

// Events records what was said, on the day it was said.
func (c RecordWillingness) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: RequirementWillingnessRecorded{
		Willingness: event.Own(Willingness{c.Kind, event.DayOf(ctx.When().Earliest()), c.ToCourt})}}}
}
