package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// AgreeCoPresence says that the person agreed to these members of staff
// hearing these topics, for a time, in a shared appointment.
type AgreeCoPresence struct {
	event.Timed
	Appointment    event.UUID   `json:"appointment"`
	Persons        []event.UUID `json:"persons"` // members of staff
	Topics         []Topic      `json:"topics"`
	Slot           Slot         `json:"slot"`
	PrivateOffered bool         `json:"privateOffered"`
}

// Validate names the fields that cannot be accepted.
func (c AgreeCoPresence) Validate() []fault.Field {
	var f fault.Fields
	shared(&f, c.Appointment, c.Persons, c.Topics)
	c.Slot.validate(&f)
	return f
}

func shared(f *fault.Fields, appointment event.UUID, persons []event.UUID, topics []Topic) {
	f.If(appointment.IsZero(), "/appointment", "required", "this must be given")
	f.If(len(persons) == 0 || len(persons) > 20, "/persons", "out-of-range", "name 1 to 20 members of staff")
	f.If(len(topics) == 0, "/topics", "required", "name at least one topic")
	for _, t := range topics {
		fault.OneOf(f, "/topics", t, Topics)
	}
}

// Check refuses an appointment that is not shared, and a time outside it.
func (c AgreeCoPresence) Check(s State, ctx event.Context) error {
	a, err := sharedAppointment(s, c.Appointment, ctx)
	if err != nil {
		return err
	}
	if c.Slot.Start().Before(a.Slot.Start()) || c.Slot.End().After(a.Slot.End()) {
		return fault.Refuse("outside-appointment", "the time agreed is not within the appointment")
	}
	return nil
}

func sharedAppointment(s State, id event.UUID, ctx event.Context) (Appointment, error) {
	a, err := yours(s, id, ctx)
	if err == nil && a.Kind != reference.CoLocated {
		err = fault.Refuse("not-co-located", "only a shared appointment has somebody else in the room")
	}
	return a, err
}

// Events records the agreement.
func (c AgreeCoPresence) Events(_ State, ctx event.Context) []event.Draft {
	return []event.Draft{{Data: CoPresenceAgreed{Presence: ctx.NewID("presence"), Appointment: c.Appointment,
		Persons: c.Persons, Topics: c.Topics, Slot: c.Slot, PrivateOffered: c.PrivateOffered}}}
}
