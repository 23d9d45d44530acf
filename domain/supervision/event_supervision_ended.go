package supervision

import "caseledger/domain/event"

// SupervisionEnded ends an order or licence.
type SupervisionEnded struct {
	Supervision event.UUID                     `json:"supervision"`
	Reason      event.Personal[SupervisionEnd] `json:"reason" personal:"offence"`
}

func (SupervisionEnded) isEvent() {}

var supervisionEnded = event.Define[SupervisionEnded]("supervision.ended", 1)
