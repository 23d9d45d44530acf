package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// CancelAppointment says that an appointment will not take place.
type CancelAppointment struct {
	event.Timed
	Appointment event.UUID `json:"appointment"`
	By          Party      `json:"by"`
	Reason      string     `json:"reason,omitempty"`
}

// Validate names the fields that cannot be accepted.
func (c CancelAppointment) Validate() []fault.Field {
	var f fault.Fields
	f.If(c.Appointment.IsZero(), "/appointment", "required", "this must be given")
	fault.OneOf(&f, "/by", c.By, Parties)
	f.Text("/reason", c.Reason, longestReason, true)
	return f
}

// Check refuses an appointment that is cancelled or over.
func (c CancelAppointment) Check(s State, ctx event.Context) error {
	_, err := open(s, c.Appointment, ctx)
	return err
}

// Events records the cancellation.
func (c CancelAppointment) Events(s State, ctx event.Context) []event.Draft {
	a, _ := s.Find(c.Appointment)
	e := AppointmentCancelled{Appointment: c.Appointment, By: c.By}
	if c.Reason != "" {
		e.Reason = event.Own(c.Reason)
	}
	return []event.Draft{{Side: side(a.Kind, ctx), Data: e}}
}
