package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// RejectReferral says that the recipient does not take the person on.
type RejectReferral struct{ Halt }

// Validate names what cannot be understood.
func (b RejectReferral) Validate() []fault.Field { return b.validate(reference.ForReject) }

// Check refuses it at any other stage, without a reason, and of a registration, which has a
// command of its own.
func (b RejectReferral) Check(s State, c event.Context) error {
	if r, ok := s.Get(b.Referral); ok && r.Details.Destination == gpRegistration {
		return fault.Refuse("use-refuse-gp-registration", "a practice refuses registration for reasons of its own list")
	}
	return b.check(s, reject, c)
}

// Events records it.
func (b RejectReferral) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, ReferralRejected{b.Referral, b.Reason, ownText(b.Note)})
}
