package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// DeclineCoPresence says that the person did not agree to these members of
// staff hearing these topics.
type DeclineCoPresence struct {
	event.Timed
	Appointment    event.UUID   `json:"appointment"`
	Persons        []event.UUID `json:"persons"` // members of staff
	Topics         []Topic      `json:"topics"`
	PrivateOffered bool         `json:"privateOffered"`
}

// Validate names the fields that cannot be accepted.
func (c DeclineCoPresence) Validate() []fault.Field {
	var f fault.Fields
	shared(&f, c.Appointment, c.Persons, c.Topics)
	return f
}

// Check refuses an appointment that is not shared.
func (c DeclineCoPresence) Check(s State, ctx event.Context) error {
	_, err := sharedAppointment(s, c.Appointment, ctx)
	return err
}

// Events records what the person said, and ends the agreements it takes back.
func (c DeclineCoPresence) Events(s State, ctx event.Context) []event.Draft {
	drafts := []event.Draft{{Data: CoPresenceDeclined{Appointment: c.Appointment, Persons: c.Persons,
		Topics: c.Topics, PrivateOffered: c.PrivateOffered}}}
	for _, p := range s.Presences {
		if p.Appointment == c.Appointment && p.EndedAt.IsZero() && share(p.Persons, c.Persons) && share(p.Topics, c.Topics) {
			drafts = append(drafts, event.Draft{Data: CoPresenceEnded{Presence: p.ID}})
		}
	}
	return drafts
}
