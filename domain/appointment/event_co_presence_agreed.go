package appointment

import "caseledger/domain/event"

// CoPresenceAgreed says that the person agreed to these members of staff
// hearing these topics, for a time, in a shared appointment.
type CoPresenceAgreed struct {
	Presence       event.UUID   `json:"presence"`
	Appointment    event.UUID   `json:"appointment"`
	Persons        []event.UUID `json:"persons"` // members of staff
	Topics         []Topic      `json:"topics"`
	Slot           Slot         `json:"slot"`
	PrivateOffered bool         `json:"privateOffered"` // time alone with the clinician was offered
}

func (CoPresenceAgreed) isEvent() {}

var coPresenceAgreed = event.Define[CoPresenceAgreed]("appointment.co-presence-agreed", 1)
