package consent

import "caseledger/domain/event"

// ConsentExpired notes that a consent's end has come; its effective time is
// that end. The consent stopped holding then whether or not this is recorded.
type ConsentExpired struct {
	Consent event.UUID `json:"consent"`
	Version int        `json:"version"`
}

func (ConsentExpired) isEvent() {}

var consentExpired = event.Define[ConsentExpired]("consent.expired", 1)
