package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// CancelReferral says that the referral was a mistake.
type CancelReferral struct{ Halt }

// Validate names what cannot be understood.
func (b CancelReferral) Validate() []fault.Field { return b.validate(reference.ForCancel) }

// Check refuses it at any other stage, and without a reason.
func (b CancelReferral) Check(s State, c event.Context) error {
	return b.check(s, cancel, c)
}

// Events records it.
func (b CancelReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralCancelled{b.Referral, b.Reason, ownText(b.Note)})
}
