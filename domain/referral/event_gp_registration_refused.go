package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// GPRegistrationRefused says that a practice did not register the person. It
// must give its reasons in writing.
type GPRegistrationRefused struct {
	Referral event.UUID                `json:"referral"`
	Reason   reference.GPRefusalReason `json:"reason"`
	// Compliant: the reason is one that a practice may have.
	Compliant bool       `json:"compliant"`
	LetterAt  event.When `json:"letterAt,omitzero"` // when the reasons came in writing
}

func (GPRegistrationRefused) isEvent() {}

var gpRegistrationRefused = event.Define[GPRegistrationRefused]("referral.gp-registration-refused", 1)
