package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ReferralWithdrawn says that the referral was taken back.
type ReferralWithdrawn struct {
	Referral event.UUID               `json:"referral"`
	By       By                       `json:"by"`
	Reason   reference.ReferralReason `json:"reason"`
	Note     event.Personal[string]   `json:"note" personal:"health"`
}

func (ReferralWithdrawn) isEvent() {}

var referralWithdrawn = event.Define[ReferralWithdrawn]("referral.withdrawn", 1)
