package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralReturned says that the recipient needs to know more first.
type ReferralReturned struct {
	Referral event.UUID               `json:"referral"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralReturned) isEvent() {}

var referralReturned = event.Define[ReferralReturned]("referral.returned", 1)
