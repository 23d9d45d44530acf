package referral

import "caseledger/domain/event"

// StartReferralWait says that the person waits for a first appointment.
type StartReferralWait struct{ Step }

// Check refuses it at any other stage.
func (b StartReferralWait) Check(s State, c event.Context) error { return b.check(s, wait, c) }

// Events records it.
func (b StartReferralWait) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralWaitStarted{b.Referral})
}
