package referral

import "caseledger/domain/event"

// AcceptGPRegistration says that a practice registered the person.
type AcceptGPRegistration struct{ Step }

// Check refuses it of any other referral, and at any other stage.
func (b AcceptGPRegistration) Check(s State, c event.Context) error {
	return b.checkRegistration(s, register, c)
}

// Events records it.
func (b AcceptGPRegistration) Events(s State, _ event.Context) []event.Draft {
	return record(s, b.Referral, GPRegistrationAccepted{b.Referral})
}
