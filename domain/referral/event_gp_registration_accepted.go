package referral

import "caseledger/domain/event"

// GPRegistrationAccepted says that a practice registered the person, which is
// what the referral was for.
type GPRegistrationAccepted struct {
	Referral event.UUID `json:"referral"`
}

func (GPRegistrationAccepted) isEvent() {}

var gpRegistrationAccepted = event.Define[GPRegistrationAccepted]("referral.gp-registration-accepted", 1)
