package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// WithdrawReferral takes a referral back.
type WithdrawReferral struct {
	Halt
	By By `json:"by"`
}

// Validate names what cannot be understood.
func (b WithdrawReferral) Validate() []fault.Field {
	f := fault.Fields(b.validate(reference.ForWithdraw))
	fault.OneOf(&f, "/by", b.By, Bys)
	return f
}

// Check refuses it of a referral that has ended, and without a reason.
func (b WithdrawReferral) Check(s State, c event.Context) error { return b.check(s, withdraw, c) }

// Events records it.
func (b WithdrawReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralWithdrawn{b.Referral, b.By, b.Reason, ownText(b.Note)})
}
