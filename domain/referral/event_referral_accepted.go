package referral

import "caseledger/domain/event"

// ReferralAccepted says that the recipient takes the person on.
type ReferralAccepted struct {
	Referral event.UUID `json:"referral"`
}

func (ReferralAccepted) isEvent() {}

var referralAccepted = event.Define[ReferralAccepted]("referral.accepted", 1)
