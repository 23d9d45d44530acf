package consent

import "caseledger/domain/event"

// ConsentNarrowed puts a version with a smaller scope in the place of the one
// before it. When it ends does not change.
type ConsentNarrowed struct {
	Consent event.UUID `json:"consent"`
	Version int        `json:"version"`
	Scope   Scope      `json:"scope"`
}

func (ConsentNarrowed) isEvent() {}

var consentNarrowed = event.Define[ConsentNarrowed]("consent.narrowed", 1)
