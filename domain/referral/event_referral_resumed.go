package referral

import "caseledger/domain/event"

// ReferralResumed says that it goes on where it stood.
type ReferralResumed struct {
	Referral event.UUID `json:"referral"`
}

func (ReferralResumed) isEvent() {}

var referralResumed = event.Define[ReferralResumed]("referral.resumed", 1)
