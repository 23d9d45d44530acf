package referral

import "caseledger/domain/event"

// ReferralAcknowledged says that the recipient has it.
type ReferralAcknowledged struct {
	Referral event.UUID `json:"referral"`
}

func (ReferralAcknowledged) isEvent() {}

var referralAcknowledged = event.Define[ReferralAcknowledged]("referral.acknowledged", 1)
