package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// toldOnMonday is a disclosure at 11:00 on 23 February.
func (s *story) toldOnMonday() *story { return s.at("2026-02-23 11:00").tellsPractice("telling") }

var takenBack = consent.ConsentWithdrawn{Consent: id("consent"), To: "NAVIGATOR"}

var _ = check("L39",
	monitorCase{"a withdrawal from before it, typed in 25 hours after it was said", func(s *story) {
		s.toldOnMonday().at("2026-02-24 10:30").was(london("2026-02-23 09:30")).record("withdrawal", takenBack)
	}, []want{{item: "withdrawal", key: "back-dated", evidence: []string{"telling"}, known: true, now: true}}},
	monitorCase{"after exactly 24", func(s *story) {
		s.toldOnMonday().at("2026-02-24 09:30").was(london("2026-02-23 09:30")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"after six and a half", func(s *story) {
		s.toldOnMonday().at("2026-02-23 16:00").was(london("2026-02-23 09:30")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"a decision dated before what it would have permitted", func(s *story) {
		s.toldOnMonday().at("2026-03-02 09:00").was(london("2026-02-23 10:59")).record("decision", permit("decision", "R01", flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE")))
	}, []want{both("decision")}},
	monitorCase{"a day counts from its end", func(s *story) {
		s.toldOnMonday().at("2026-02-24 00:00").was(day("2026-02-22")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"and a microsecond more is too late", func(s *story) {
		s.toldOnMonday().at("2026-02-24 00:00:00.000001").was(day("2026-02-22")).record("withdrawal", takenBack)
	}, []want{both("withdrawal")}},
	monitorCase{"hours are elapsed ones: the clocks went forward", func(s *story) {
		s.at("2026-03-29 08:00").tellsPractice("telling").at("2026-03-29 23:30").was(london("2026-03-28 23:00")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"about a time after the disclosure", func(s *story) {
		s.toldOnMonday().at("2026-03-02 09:00").was(london("2026-02-23 11:00")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"recorded before the disclosure", func(s *story) {
		s.was(london("2026-01-26 09:00")).record("withdrawal", takenBack).toldOnMonday()
	}, nil},
	monitorCase{"no disclosure: within one controller", func(s *story) {
		s.at("2026-02-23 11:00").tells("telling", "", flow(org("HUB-CAM"), org("HUB-MID"), "DIRECT_CARE", "ID.DEMOG"))
		s.at("2026-03-02 09:00").was(london("2026-02-23 09:30")).record("withdrawal", takenBack)
	}, nil},
	monitorCase{"an import says why", func(s *story) {
		s.toldOnMonday().at("2026-03-02 09:00").was(london("2026-02-23 09:30")).importing("legacy").record("withdrawal", takenBack)
	}, nil},
	monitorCase{"a report says how", func(s *story) {
		s.toldOnMonday().at("2026-03-02 09:00").was(london("2026-02-23 09:30")).record("report", disclosure.UnplannedDisclosureReported{Disclosure: id("d")})
	}, nil},
	monitorCase{"a correction says why", func(s *story) {
		s.at("2026-02-20 09:00").record("withdrawal", takenBack).toldOnMonday()
		s.at("2026-03-02 09:00").was(london("2026-02-19 09:00")).correct("corrected", "withdrawal", takenBack)
	}, nil},
	monitorCase{"a timer that ran late", func(s *story) {
		s.toldOnMonday().at("2026-03-02 09:00").by("SYSTEM", "HUB-CAM").was(london("2026-02-23 09:30")).record("expiry", consent.ConsentExpired{Consent: id("consent")})
	}, nil},
	monitorCase{"an entry is missing", func(s *story) {
		s.record("first", notice).record("lost", notice).record("third", notice)
		s.events = append(s.events[:1:1], s.events[2:]...)
	}, []want{{item: "third", key: "gap", known: true, now: true}}},
	monitorCase{"the first one is", func(s *story) {
		s.record("lost", notice).record("second", notice)
		s.events = s.events[1:]
	}, []want{{item: "second", key: "gap", known: true, now: true}}},
	monitorCase{"a voided entry is not missing", func(s *story) {
		s.record("first", notice).record("wrong", notice).void("wrong").record("fourth", notice)
		s.events[0].Operational = event.Erased
	}, nil},
)
