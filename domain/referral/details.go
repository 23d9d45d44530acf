package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Details is what a referral asks of whom.
type Details struct {
	Destination reference.ReferralDestination `json:"destination"`
	Priority    Priority                      `json:"priority"`
	ToOrg       event.UUID                    `json:"toOrg"`
}

func (d Details) validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/destination", d.Destination, reference.ReferralDestinations.Listed)
	fault.OneOf(&f, "/priority", d.Priority, Priorities)
	f.If(d.ToOrg.IsZero(), "/toOrg", "required", "say to which organisation")
	return f
}
