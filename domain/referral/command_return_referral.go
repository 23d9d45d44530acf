package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// ReturnReferral says that the recipient needs to know more first.
type ReturnReferral struct{ Halt }

// Validate names what cannot be understood.
func (b ReturnReferral) Validate() []fault.Field { return b.validate(reference.ForReturn) }

// Check refuses it at any other stage, and without a reason.
func (b ReturnReferral) Check(s State, c event.Context) error {
	return b.check(s, giveBack, c)
}

// Events records it.
func (b ReturnReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralReturned{b.Referral, b.Reason, ownText(b.Note)})
}
