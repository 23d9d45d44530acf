package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// SupervisionStarted says that a court placed the person under supervision.
type SupervisionStarted struct {
	Supervision  event.UUID            `json:"supervision"`
	Terms        event.Personal[Terms] `json:"terms" personal:"offence"`
	Practitioner event.UUID            `json:"practitioner"` // zero until one is allocated
}

func (SupervisionStarted) isEvent() {}

var supervisionStarted = event.Define[SupervisionStarted]("supervision.started", 1)

// licence is the type of supervision that follows release.
const licence reference.SupervisionType = "LICENCE"

// Terms are what an order or licence says.
type Terms struct {
	Type  reference.SupervisionType `json:"type"`
	Court string                    `json:"court,omitempty"`
	From  event.Day                 `json:"from"`
	To    event.Day                 `json:"to"` // the last day
}
