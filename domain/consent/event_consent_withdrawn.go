package consent

import "caseledger/domain/event"

// ConsentWithdrawn says that the person took a consent back. Its effective
// time is when they said so, not when it was typed in.
type ConsentWithdrawn struct {
	Consent event.UUID `json:"consent"`
	// To is the role of whoever was told.
	To event.Role `json:"communicatedTo"`
}

func (ConsentWithdrawn) isEvent() {}

var consentWithdrawn = event.Define[ConsentWithdrawn]("consent.withdrawn", 1)
