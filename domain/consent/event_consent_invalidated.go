package consent

import "caseledger/domain/event"

// ConsentInvalidated says that a consent never was one: it counts from when
// the consent was given, whatever its own effective time.
type ConsentInvalidated struct {
	Consent event.UUID       `json:"consent"`
	Reason  InvalidityReason `json:"reason"`
}

func (ConsentInvalidated) isEvent() {}

var consentInvalidated = event.Define[ConsentInvalidated]("consent.invalidated", 1)
