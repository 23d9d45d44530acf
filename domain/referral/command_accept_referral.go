package referral

import "caseledger/domain/event"

// AcceptReferral says that the recipient takes the person on.
type AcceptReferral struct{ Step }

// Check refuses it at any other stage.
func (b AcceptReferral) Check(s State, c event.Context) error { return b.check(s, accept, c) }

// Events records it.
func (b AcceptReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralAccepted{b.Referral})
}
