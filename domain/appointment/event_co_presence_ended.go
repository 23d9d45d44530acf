package appointment

import "caseledger/domain/event"

// CoPresenceEnded says that those who were agreed to have left, or must leave.
type CoPresenceEnded struct {
	Presence event.UUID `json:"presence"`
}

func (CoPresenceEnded) isEvent() {}

var coPresenceEnded = event.Define[CoPresenceEnded]("appointment.co-presence-ended", 1)
