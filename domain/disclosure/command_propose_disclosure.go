package disclosure

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// ProposeDisclosure asks for something to be told. It gives the decision its
// id, so that the reasoning for it can be recorded before it is made.
type ProposeDisclosure struct {
	event.Timed
	Flow
}

// Validate names what cannot be understood.
func (b ProposeDisclosure) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Flow.validate())
	f.If(b.ToOrg.IsZero(), "/toOrg", "required", "say which organisation is to be told")
	f.If(len(b.Categories) == 0, "/categories", "required", "say what is to be told")
	f.If(b.Purpose == "", "/purpose", "required", "say what for")
	return f
}

// Check lets every proposal stand.
func (b ProposeDisclosure) Check(State, event.Context) error { return nil }

// Events records the proposal.
func (b ProposeDisclosure) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: DisclosureProposed{c.NewID("decision"), b.Flow}}}
}
