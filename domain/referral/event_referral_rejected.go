package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralRejected says that the recipient does not take the person on.
type ReferralRejected struct {
	Referral event.UUID               `json:"referral"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralRejected) isEvent() {}

var referralRejected = event.Define[ReferralRejected]("referral.rejected", 1)
