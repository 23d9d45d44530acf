package appointment

import "caseledger/domain/event"

// Events lists the area's event definitions.
var Events = []*event.Definition{
	appointmentScheduled,
	appointmentRescheduled,
	appointmentCancelled,
	attendanceRecorded,
	coPresenceAgreed,
	coPresenceDeclined,
	coPresenceEnded,
	barrierRecorded,
}
