package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// RescheduleAppointment moves an appointment to another time.
type RescheduleAppointment struct {
	event.Timed
	Appointment event.UUID `json:"appointment"`
	Slot        Slot       `json:"slot"`
	By          Party      `json:"by"`
	Reason      string     `json:"reason,omitempty"`
}

// Validate names the fields that cannot be accepted.
func (c RescheduleAppointment) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Appointment.IsZero(), "/appointment", "required", "this must be given")
	c.Slot.validate(&f)
	fault.OneOf(&f, "/by", c.By, Parties)
	f.Text("/reason", c.Reason, longestReason, true)
	return f
}

// Check refuses an appointment that is cancelled or over, and a slot that
// clashes.
func (c RescheduleAppointment) Check(s State, ctx event.Context) error {
	if _, err := open(s, c.Appointment, ctx); err != nil {
		return err
	}
	if s.Clashes(c.Slot, ctx.Actor.Side, c.Appointment) {
		return fault.Refuse("clashes-with-another", "the person has another appointment at that time")
	}
	return nil
}

// Events records the new time.
func (c RescheduleAppointment) Events(s State, ctx event.Context) []event.Draft {
	a, _ := s.Find(c.Appointment)
	e := AppointmentRescheduled{Appointment: c.Appointment, Slot: c.Slot, By: c.By}
	if c.Reason != "" {
		e.Reason = event.Own(c.Reason)
	}
	return []event.Draft{{Side: side(a.Kind, ctx), Data: e}}
}
