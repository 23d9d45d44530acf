package consent

import "caseledger/domain/event"

// ConsentOffered says that a question was put to the person.
type ConsentOffered struct {
	Consent event.UUID `json:"consent"`
	Kind    Kind       `json:"kind"`
	Scope   Scope      `json:"scope"`
}

func (ConsentOffered) isEvent() {}

var consentOffered = event.Define[ConsentOffered]("consent.offered", 1)
