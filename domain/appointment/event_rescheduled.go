package appointment

import "caseledger/domain/event"

// AppointmentRescheduled moves an appointment to another time.
type AppointmentRescheduled struct {
	Appointment event.UUID             `json:"appointment"`
	Slot        Slot                   `json:"slot"`
	By          Party                  `json:"by"`
	Reason      event.Personal[string] `json:"reason" personal:"operational"`
}

func (AppointmentRescheduled) isEvent() {}

var appointmentRescheduled = event.Define[AppointmentRescheduled]("appointment.rescheduled", 1)
