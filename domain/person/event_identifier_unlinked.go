package person

import "caseledger/domain/event"

// IdentifierUnlinked takes a link back. With the reason WRONG_PERSON it was
// never this person's, and what was disclosed through it is in question.
type IdentifierUnlinked struct {
	Link   event.UUID             `json:"link"`
	Type   IdentifierType         `json:"type"`
	Value  event.Personal[string] `json:"value" personal:"identity"`
	Reason UnlinkReason           `json:"reason"`
}

func (IdentifierUnlinked) isEvent() {}

var identifierUnlinked = event.Define[IdentifierUnlinked]("person.identifier-unlinked", 1)
