package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralCancelled says that the referral was a mistake.
type ReferralCancelled struct {
	Referral event.UUID               `json:"referral"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralCancelled) isEvent() {}

var referralCancelled = event.Define[ReferralCancelled]("referral.cancelled", 1)
