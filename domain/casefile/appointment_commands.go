package casefile

import (
	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Who may say what about appointments. Which kinds a side may arrange and
// record is reference data.
var (
	arrangers  = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "TX_PROV"}
	attendants = []event.Role{"PP", "SPO", "HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "TX_PROV"}
	inTheRoom  = []event.Role{"HUB_CLIN", "HUB_NURSE", "PP", "SPO"}
	helpers    = []event.Role{"HUB_CLIN", "HUB_NURSE", "NAVIGATOR", "PP", "SPO", "PRISON_HC", "LD", "TX_PROV"}
)

func ofAppointment(s State) appointment.State { return s.Appointment }

var appointmentCommands = []Command{
	in[State, ScheduleAppointment]("schedule-appointment",
		"Say when the person is to meet somebody.", whole, arrangers...),
	in[State, RescheduleAppointment]("reschedule-appointment",
		"Move an appointment to another time.", whole, arrangers...),
	in[appointment.State, appointment.CancelAppointment]("cancel-appointment",
		"Say that an appointment will not take place.", ofAppointment, arrangers...),
	in[appointment.State, appointment.RecordAttendance]("record-attendance",
		"Say what came of an appointment.", ofAppointment, attendants...),
	in[appointment.State, appointment.AgreeCoPresence]("agree-co-presence",
		"Say that the person agreed to somebody's being in the room.", ofAppointment, inTheRoom...),
	in[appointment.State, appointment.DeclineCoPresence]("decline-co-presence",
		"Say that the person did not agree to somebody's being in the room.", ofAppointment, inTheRoom...),
	in[appointment.State, appointment.EndCoPresence]("end-co-presence",
		"Say that somebody who was agreed to has left the room.", ofAppointment, inTheRoom...),
	in[appointment.State, appointment.RecordBarrier]("record-barrier",
		"Say what keeps the person from care.", ofAppointment, helpers...),
}

// ScheduleAppointment is [appointment.ScheduleAppointment] decided against the
// whole case: nobody in custody can come to a hub.
type ScheduleAppointment struct {
	appointment.ScheduleAppointment
}

// Check refuses an appointment in the community for somebody in custody, and
// what the appointment area refuses.
func (c ScheduleAppointment) Check(s State, ctx event.Context) error {
	if err := s.canCome(c.Kind); err != nil {
		return err
	}
	return c.ScheduleAppointment.Check(s.Appointment, ctx)
}

// canCome refuses an appointment that the person cannot come to.
func (s State) canCome(to reference.AppointmentKind) error {
	kind, _ := reference.AppointmentKinds.Latest(to)
	switch {
	case !s.Supervision.Died.IsZero():
		return fault.Refuse("person-deceased", "the person has died")
	case kind.Community && s.Supervision.InCustody:
		return fault.Refuse("in-custody", "the person is in custody and cannot come")
	}
	return nil
}

// Events records the appointment.
func (c ScheduleAppointment) Events(s State, ctx event.Context) []event.Draft {
	return c.ScheduleAppointment.Events(s.Appointment, ctx)
}

// RescheduleAppointment is [appointment.RescheduleAppointment] decided against
// the whole case, as [ScheduleAppointment] is.
type RescheduleAppointment struct {
	appointment.RescheduleAppointment
}

// Check refuses what the appointment area refuses, and another time in the
// community for somebody in custody.
func (c RescheduleAppointment) Check(s State, ctx event.Context) error {
	if err := c.RescheduleAppointment.Check(s.Appointment, ctx); err != nil {
		return err
	}
	a, _ := s.Appointment.Find(c.Appointment)
	return s.canCome(a.Kind)
}

// Events records the new time.
func (c RescheduleAppointment) Events(s State, ctx event.Context) []event.Draft {
	return c.RescheduleAppointment.Events(s.Appointment, ctx)
}
