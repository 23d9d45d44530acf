package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// AttendanceRecorded says what came of an appointment, in the codes of its
// kind: those of the probation case system, or those of the NHS, which are
// health information. Recorded again, the later one stands.
type AttendanceRecorded struct {
	Appointment event.UUID                              `json:"appointment"`
	Kind        reference.AppointmentKind               `json:"kind"`   // empty if it was never scheduled here
	Delius      reference.DeliusOutcome                 `json:"delius"` // empty for an NHS code
	NHS         event.Personal[reference.NHSAttendance] `json:"nhs" personal:"health"`
	Late        bool                                    `json:"late"` // of a Delius code; an NHS code says so itself
}

func (AttendanceRecorded) isEvent() {}

var attendanceRecorded = event.Define[AttendanceRecorded]("appointment.attendance-recorded", 1)
