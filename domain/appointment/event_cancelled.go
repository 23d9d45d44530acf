package appointment

import "caseledger/domain/event"

// AppointmentCancelled says that an appointment will not take place.
type AppointmentCancelled struct {
	Appointment event.UUID             `json:"appointment"`
	By          Party                  `json:"by"`
	Reason      event.Personal[string] `json:"reason" personal:"operational"`
}

func (AppointmentCancelled) isEvent() {}

var appointmentCancelled = event.Define[AppointmentCancelled]("appointment.cancelled", 1)
