package referral

import "caseledger/domain/event"

// StartReferralTreatment says that the person is being treated or helped.
type StartReferralTreatment struct{ Step }

// Check refuses it at any other stage.
func (b StartReferralTreatment) Check(s State, c event.Context) error { return b.check(s, treat, c) }

// Events records it.
func (b StartReferralTreatment) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, TreatmentStarted{b.Referral})
}
