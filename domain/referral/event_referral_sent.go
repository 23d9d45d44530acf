package referral

import "caseledger/domain/event"

// ReferralSent says that a referral went to its recipient, for the first time
// or again with what was asked for.
type ReferralSent struct {
	Referral event.UUID `json:"referral"`
	Details  Details    `json:"details"`
	// Decision is the one that permits to tell the recipient.
	Decision event.UUID             `json:"decision,omitzero"`
	Reason   event.Personal[string] `json:"reason" personal:"health"`
}

func (ReferralSent) isEvent() {}

var referralSent = event.Define[ReferralSent]("referral.sent", 1)
