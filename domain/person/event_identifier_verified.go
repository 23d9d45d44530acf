package person

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// IdentifierVerified says how a trace of a linked NHS number came out.
type IdentifierVerified struct {
	Link   event.UUID                `json:"link"`
	Type   IdentifierType            `json:"type"`
	Status reference.NHSNumberStatus `json:"status"`
}

func (IdentifierVerified) isEvent() {}

var identifierVerified = event.Define[IdentifierVerified]("person.identifier-verified", 1)
