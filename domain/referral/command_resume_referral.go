package referral

import "caseledger/domain/event"

// ResumeReferral says that a referral on hold goes on where it stood.
type ResumeReferral struct{ Step }

// Check refuses it at any other stage.
func (b ResumeReferral) Check(s State, c event.Context) error { return b.check(s, resume, c) }

// Events records it.
func (b ResumeReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralResumed{b.Referral})
}
