package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralPutOnHold says that nothing happens for now.
type ReferralPutOnHold struct {
	Referral event.UUID               `json:"referral"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralPutOnHold) isEvent() {}

var referralPutOnHold = event.Define[ReferralPutOnHold]("referral.put-on-hold", 1)
