package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// HoldReferral says that nothing happens for now.
type HoldReferral struct{ Halt }

// Validate names what cannot be understood.
func (b HoldReferral) Validate() []fault.Field { return b.validate(reference.ForHold) }

// Check refuses it at any other stage, and without a reason.
func (b HoldReferral) Check(s State, c event.Context) error {
	return b.check(s, hold, c)
}

// Events records it.
func (b HoldReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralPutOnHold{b.Referral, b.Reason, ownText(b.Note)})
}
