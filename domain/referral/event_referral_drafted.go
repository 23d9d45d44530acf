package referral

import "caseledger/domain/event"

// ReferralDrafted says that a referral was written and not yet sent.
type ReferralDrafted struct {
	Referral event.UUID             `json:"referral"`
	Details  Details                `json:"details"`
	Reason   event.Personal[string] `json:"reason" personal:"health"`
}

func (ReferralDrafted) isEvent() {}

var referralDrafted = event.Define[ReferralDrafted]("referral.drafted", 1)
