package person

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// IdentifierLinked says that an identifier of another system is this person's.
// The value is canonical.
type IdentifierLinked struct {
	Link       event.UUID             `json:"link"`
	Type       IdentifierType         `json:"type"`
	Value      event.Personal[string] `json:"value" personal:"identity"`
	Source     IdentifierSource       `json:"source"`
	Confidence Confidence             `json:"confidence"`
	// Status is the trace status of an NHS number; empty for other types.
	Status reference.NHSNumberStatus `json:"status"`
}

func (IdentifierLinked) isEvent() {}

var identifierLinked = event.Define[IdentifierLinked]("person.identifier-linked", 1)
