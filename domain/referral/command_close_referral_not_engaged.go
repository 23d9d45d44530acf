package referral

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// CloseReferralNotEngaged ends the referral of somebody who does not come.
type CloseReferralNotEngaged struct{ Halt }

// Validate names what cannot be understood.
func (b CloseReferralNotEngaged) Validate() []fault.Field { return b.validate(reference.ForClose) }

// Check refuses it at any other stage, without a reason, and to anybody but a clinician.
func (b CloseReferralNotEngaged) Check(s State, c event.Context) error {
	if !slices.Contains(Clinicians, c.Actor.Role) {
		return fault.Refuse("clinician-must-decide", "only a clinician ends a referral because somebody did not come")
	}
	return b.check(s, closeNotEngaged, c)
}

// Events records it.
func (b CloseReferralNotEngaged) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralClosed{b.Referral, b.Reason, ownText(b.Note)})
}
