package consent

import "caseledger/domain/event"

// ConsentReconfirmed says that the person stood by a consent. It gives it a
// later end and leaves its scope as it is.
type ConsentReconfirmed struct {
	Consent   event.UUID `json:"consent"`
	Version   int        `json:"version"`
	ExpiresAt event.When `json:"expiresAt"`
}

func (ConsentReconfirmed) isEvent() {}

var consentReconfirmed = event.Define[ConsentReconfirmed]("consent.reconfirmed", 1)
