package referral

import "caseledger/domain/event"

// ReferralWaitStarted says that the person waits for a first appointment.
type ReferralWaitStarted struct {
	Referral event.UUID `json:"referral"`
}

func (ReferralWaitStarted) isEvent() {}

var referralWaitStarted = event.Define[ReferralWaitStarted]("referral.wait-started", 1)
