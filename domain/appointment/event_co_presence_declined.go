package appointment

import "caseledger/domain/event"

// CoPresenceDeclined says that the person did not agree to these members of
// staff hearing these topics.
type CoPresenceDeclined struct {
	Appointment    event.UUID   `json:"appointment"`
	Persons        []event.UUID `json:"persons"` // members of staff
	Topics         []Topic      `json:"topics"`
	PrivateOffered bool         `json:"privateOffered"`
}

func (CoPresenceDeclined) isEvent() {}

var coPresenceDeclined = event.Define[CoPresenceDeclined]("appointment.co-presence-declined", 1)
