package consent

import "caseledger/domain/event"

// ConsentRefused says that the person said no. It denies its scope until a
// later grant covers it.
type ConsentRefused struct {
	Consent event.UUID    `json:"consent"`
	Kind    Kind          `json:"kind"`
	Scope   Scope         `json:"scope"`
	Reason  RefusalReason `json:"reason"`
}

func (ConsentRefused) isEvent() {}

var consentRefused = event.Define[ConsentRefused]("consent.refused", 1)
