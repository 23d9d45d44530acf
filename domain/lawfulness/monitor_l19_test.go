package lawfulness

import (
	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

func slot(from string, minutes int) appointment.Slot {
	return appointment.Slot{From: london(from), Minutes: minutes}
}

var practitioner = staff("PP4")

// screened has the person screened at a time on 10 March, in an appointment of
// a kind with their practitioner from 10:00 to 11:00.
func screenedAt(kind reference.AppointmentKind, clock string, before func(*story)) func(*story) {
	return func(s *story) {
		s.at("2026-03-01 10:00").record("", supervision.PractitionerAllocated{Practitioner: practitioner, Organisation: org("PROB-N58")})
		s.record("a", appointment.AppointmentScheduled{Appointment: id("a"), Kind: kind, Site: "ILFRACOMBE", Owner: event.NHS,
			Slot: slot("2026-03-10 10:00", 60), With: []event.UUID{staff("NUR3"), practitioner}})
		before(s)
		s.at("2026-03-10 "+clock).record("screening", screening.ScreeningCompleted{Screening: id("s")})
	}
}

func (s *story) copresent(who event.UUID, topics ...appointment.Topic) *story {
	return s.at("2026-03-10 10:00").record("p", appointment.CoPresenceAgreed{Presence: id("p"), Appointment: id("a"), Persons: []event.UUID{who},
		Topics: topics, Slot: slot("2026-03-10 10:00", 30)})
}

func nothing(*story) {}

var _ = check("L19",
	monitorCase{"nobody agreed, journey C8", screenedAt(reference.CoLocated, "10:15", nothing), []want{both("screening", "a")}},
	monitorCase{"agreed", screenedAt(reference.CoLocated, "10:15", func(s *story) { s.copresent(practitioner, appointment.Screening) }), nil},
	monitorCase{"agreed to something else", screenedAt(reference.CoLocated, "10:15", func(s *story) { s.copresent(practitioner, appointment.Intro) }), []want{both("screening", "a", "p")}},
	monitorCase{"agreed for a shorter time", screenedAt(reference.CoLocated, "10:30", func(s *story) { s.copresent(practitioner, appointment.Screening) }), []want{both("screening", "p")}},
	monitorCase{"agreed to somebody else", screenedAt(reference.CoLocated, "10:15", func(s *story) { s.copresent(staff("a student"), appointment.Screening) }), []want{both("screening", "p")}},
	monitorCase{"the practitioner had left, journey A7", screenedAt(reference.CoLocated, "10:20", func(s *story) {
		s.copresent(practitioner, appointment.Intro).at("2026-03-10 10:10").record("", appointment.CoPresenceEnded{Presence: id("p")})
	}), nil},
	monitorCase{"declined, and the practitioner stayed", screenedAt(reference.CoLocated, "10:15", func(s *story) {
		s.record("no", appointment.CoPresenceDeclined{Appointment: id("a"), Persons: []event.UUID{practitioner}, Topics: []appointment.Topic{appointment.Screening}})
	}), []want{both("screening", "no")}},
	monitorCase{"agreed, but recorded the day after", func(s *story) {
		screenedAt(reference.CoLocated, "10:15", nothing)(s)
		s.at("2026-03-11 10:00").was(london("2026-03-10 10:00")).record("p", appointment.CoPresenceAgreed{Presence: id("p"), Appointment: id("a"),
			Persons: []event.UUID{practitioner}, Topics: []appointment.Topic{appointment.Screening}, Slot: slot("2026-03-10 10:00", 30)})
	}, []want{thenOnly("screening")}},
	monitorCase{"at a clinic", screenedAt(reference.HubClinic, "10:15", nothing), nil},
	monitorCase{"after the appointment", screenedAt(reference.CoLocated, "11:00", nothing), nil},
	monitorCase{"of the day alone, with a presence that may have ended by then", func(s *story) {
		screenedAt(reference.CoLocated, "10:15", func(s *story) { s.copresent(practitioner, appointment.Screening) })(s)
		s.at("2026-03-10 17:00").was(day("2026-03-10")).record("another", screening.ScreeningCompleted{Screening: id("s2"), Appointment: id("a")})
	}, []want{{item: "another", known: true, now: true, perhaps: true}}},
)
