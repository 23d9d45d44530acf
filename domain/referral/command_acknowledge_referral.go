package referral

import "caseledger/domain/event"

// AcknowledgeReferral says that the recipient has the referral.
type AcknowledgeReferral struct{ Step }

// Check refuses it at any other stage.
func (b AcknowledgeReferral) Check(s State, c event.Context) error { return b.check(s, acknowledge, c) }

// Events records it.
func (b AcknowledgeReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralAcknowledged{b.Referral})
}
