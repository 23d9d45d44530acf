package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// gpRegistration is the destination that practices answer.
const gpRegistration reference.ReferralDestination = "GP_REGISTRATION"

// RefuseGPRegistration says that a practice did not register the person. No
// practice may ask for documents or an address: such a reason is recorded, and
// escalated at once.
type RefuseGPRegistration struct {
	Step
	Reason reference.GPRefusalReason `json:"reason"`
	// LetterAt is when the reasons came in writing, if they did.
	LetterAt event.When `json:"letterAt,omitzero"`
}

// Validate names what cannot be understood.
func (b RefuseGPRegistration) Validate() []fault.Field {
	var f fault.Fields
	f.Under("", b.Step.Validate())
	if b.Reason != "" {
		fault.Listed(&f, "/reason", b.Reason, reference.GPRefusalReasons.Listed)
	}
	return f
}

// Check refuses it of any other referral, at any other stage, and without a
// reason.
func (b RefuseGPRegistration) Check(s State, c event.Context) error {
	if b.Reason == "" {
		return fault.Refuse("reason-absent", "say why")
	}
	if !b.LetterAt.IsZero() && b.LetterAt.Earliest().After(c.Now) {
		return fault.Refuse("letter-not-yet-written", "a letter is recorded once it is there")
	}
	return b.checkRegistration(s, registerRefused, c)
}

func (b Step) checkRegistration(s State, m move, c event.Context) error {
	r, err := may(s, b.Referral, m, c)
	if err == nil && r.Details.Destination != gpRegistration {
		return fault.Refuse("not-a-gp-registration", "this is not a referral for registration")
	}
	return err
}

// Events records the refusal, and that it is escalated where the reason is one
// that no practice may have.
func (b RefuseGPRegistration) Events(s State, _ event.Context) []event.Draft {
	e, _ := reference.GPRefusalReasons.Latest(b.Reason)
	drafts := record(s, b.Referral, GPRegistrationRefused{b.Referral, b.Reason, e.Compliant, b.LetterAt})
	if !e.Compliant {
		drafts = append(drafts, record(s, b.Referral, EscalationOpened{b.Referral, ICB})...)
	}
	return drafts
}
