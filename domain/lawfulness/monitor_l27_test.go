package lawfulness

import (
	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// missed is an appointment of a kind that the person did not keep.
func (s *story) missed(kind reference.AppointmentKind) *story {
	slot := appointment.Slot{From: event.At(s.now), Minutes: 30}
	s.record("appointment", appointment.AppointmentScheduled{Appointment: id("appointment"), Kind: kind, Site: "CAMBRIDGE", Slot: slot, Owner: s.actor.Side})
	return s.record("missed", appointment.AttendanceRecorded{Appointment: id("appointment"), Kind: kind})
}

var warning = supervision.BreachWarningIssued{Warning: id("warning"), Appointments: []event.UUID{id("kept"), id("appointment")}}

var _ = check("L27",
	monitorCase{"a warning rests on a hub clinic", func(s *story) {
		s.at("2026-02-13 10:00").missed("HUB_CLINIC")
		s.at("2026-02-17 09:00").by("PP", "PROB-N56").importing("legacy").was(day("2026-02-16")).record("warning", warning)
	}, []want{both("warning", "appointment", "missed")}},
	monitorCase{"so does a referral to enforcement", func(s *story) {
		s.missed("HUB_CLINIC")
		s.at("2026-02-17 09:00").by("PP", "PROB-N56").record("referral", supervision.EnforcementReferred{Appointments: warning.Appointments})
	}, []want{both("referral")}},
	monitorCase{"or on a hospital's", func(s *story) {
		s.missed("EXTERNAL_HEALTH").at("2026-02-17 09:00").by("PP", "PROB-N56").record("warning", warning)
	}, []want{both("warning")}},
	monitorCase{"whose kind became known later", func(s *story) {
		s.by("PP", "PROB-N56").record("warning", warning)
		s.at("2026-02-03 09:00").was(london("2026-02-01 09:00")).missed("HUB_CLINIC")
	}, []want{hindsight("warning")}},
	monitorCase{"a shared appointment can be enforced", func(s *story) {
		s.missed("CO_LOCATED").at("2026-02-17 09:00").by("PP", "PROB-N56").record("warning", warning)
	}, nil},
	monitorCase{"a warning about other appointments", func(s *story) {
		s.missed("HUB_CLINIC").at("2026-02-17 09:00").by("PP", "PROB-N56").
			record("warning", supervision.BreachWarningIssued{Warning: id("warning"), Appointments: []event.UUID{id("kept")}})
	}, nil},
)
