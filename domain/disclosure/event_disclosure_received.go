package disclosure

import "caseledger/domain/event"

// DisclosureReceived says that the recipient has what it was told.
type DisclosureReceived struct {
	Disclosure event.UUID `json:"disclosure"`
}

func (DisclosureReceived) isEvent() {}

var disclosureReceived = event.Define[DisclosureReceived]("disclosure.received", 1)
