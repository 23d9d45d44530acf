package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// AppointmentScheduled says when the person is to meet somebody.
type AppointmentScheduled struct {
	Appointment event.UUID                `json:"appointment"`
	Kind        reference.AppointmentKind `json:"kind"`
	Site        reference.Site            `json:"site"` // empty if it is not at a hub's
	Slot        Slot                      `json:"slot"`
	Owner       event.Side                `json:"owner"` // whose appointment it is
	With        []event.UUID              `json:"with"`  // members of staff
}

func (AppointmentScheduled) isEvent() {}

var appointmentScheduled = event.Define[AppointmentScheduled]("appointment.scheduled", 1)

// Slot is a stretch of time.
type Slot struct {
	From    event.When `json:"from"` // an instant
	Minutes int        `json:"minutes"`
}
