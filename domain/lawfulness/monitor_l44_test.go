package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/referral"
)

var practice = flow(org("HUB-CAM"), org("GP1"), "DIRECT_CARE", "ID.DEMOG")

// until records a permit that may be carried out until w.
func (s *story) until(w event.When) *story {
	k := permit("decision", "R01", practice)
	k.Basis.ValidUntil = w
	return s.record("decision", k)
}

var _ = check("L44",
	monitorCase{"lapsed with its last day", func(s *story) {
		s.until(day("2026-03-31")).judged("2026-04-01 00:00")
	}, []want{both("decision")}},
	monitorCase{"not before", func(s *story) {
		s.until(day("2026-03-31")).judged("2026-03-31 23:59:59.999999")
	}, nil},
	monitorCase{"an instant is the last moment", func(s *story) {
		s.until(london("2026-03-31 12:00")).judged("2026-03-31 12:00")
	}, nil},
	monitorCase{"and is over a microsecond later", func(s *story) {
		s.until(london("2026-03-31 12:00")).judged("2026-03-31 12:00:00.000001")
	}, []want{both("decision")}},
	monitorCase{"told at the last moment", func(s *story) {
		s.until(london("2026-03-31 12:00")).at("2026-03-31 12:00").tells("telling", "decision", practice).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"told too late", func(s *story) {
		s.until(london("2026-03-31 12:00")).at("2026-03-31 12:00:00.000001").tells("telling", "decision", practice)
	}, []want{both("decision")}},
	monitorCase{"more was told than decided", func(s *story) {
		s.until(day("2026-03-31")).record("report", disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Decision: id("decision")}).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"the referral went out", func(s *story) {
		s.until(day("2026-03-31")).record("sent", referral.ReferralSent{Referral: id("referral"), Decision: id("decision")}).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"closed", func(s *story) {
		s.until(day("2026-03-31")).record("closed", disclosure.DisclosureDecisionClosed{Decision: id("decision"), Reason: "NOT_NEEDED"}).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"another one was closed", func(s *story) {
		s.until(day("2026-03-31")).record("closed", disclosure.DisclosureDecisionClosed{Decision: id("other"), Reason: "NOT_NEEDED"}).judged("2026-06-01 00:00")
	}, []want{both("decision")}},
	monitorCase{"a refusal", func(s *story) {
		k := permit("decision", "R01", practice)
		k.Outcome, k.Reason, k.Basis.ValidUntil = disclosure.Refuse, "EXCESS", day("2026-03-31")
		s.record("decision", k).judged("2026-06-01 00:00")
	}, nil},
)
