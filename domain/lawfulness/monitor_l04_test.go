package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/finding"
)

var tooMuch = disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Decision: id("k"), Flow: toPractice("H.NOTE"), Mishap: "TOO_MUCH"}

var _ = check("L04",
	monitorCase{"decided forty minutes later, journey B9", func(s *story) {
		s.at("2026-03-18 14:00").discloses("d", "k", toPractice("H.NOTE"))
		s.at("2026-03-18 14:40").permits("k", toPractice("H.NOTE"), directCare())
	}, []want{both("d", "k")}},
	monitorCase{"nobody decided", func(s *story) { s.discloses("d", "", toPractice("H.NOTE")) }, []want{both("d")}},
	monitorCase{"the decision it cites is not on the record", func(s *story) { s.discloses("d", "k", toPractice("H.NOTE")) }, []want{both("d")}},
	monitorCase{"decided in the same instant", func(s *story) {
		s.discloses("d", "k", toPractice("H.NOTE")).permits("k", toPractice("H.NOTE"), directCare())
	}, nil},
	monitorCase{"both imported: the times they happened count", func(s *story) {
		s.at("2026-03-20 09:00").importing("PAPER").was(london("2026-03-18 14:00")).discloses("d", "k", toPractice("H.NOTE"))
		s.importing("PAPER").was(london("2026-03-18 13:59")).permits("k", toPractice("H.NOTE"), directCare())
	}, nil},
	monitorCase{"both known to the day only", func(s *story) {
		s.at("2026-03-20 09:00").was(day("2026-03-18")).discloses("d", "k", toPractice("H.NOTE"))
		s.was(day("2026-03-18")).permits("k", toPractice("H.NOTE"), directCare())
	}, []want{{item: "d", evidence: []string{"k"}, known: true, now: true, perhaps: true}}},
	monitorCase{"a report that names the decision it went beyond, journey A9", func(s *story) {
		s.permits("k", toPractice("ID.DEMOG"), directCare()).at("2026-02-06 14:00").record("d", tooMuch)
	}, nil},
	monitorCase{"a report that names none", func(s *story) {
		r := tooMuch
		r.Decision = id("none")
		s.record("d", r)
	}, []want{both("d")}},
	monitorCase{"told although it was decided not to", func(s *story) {
		s.record("k", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Refuse, Reason: "EXCESS"})
		s.at("2026-02-06 14:00").discloses("d", "k", toPractice("H.NOTE"))
	}, []want{{item: "d", notes: []finding.Note{"no-permit"}, known: true, now: true}}},
	monitorCase{"a day after the decision's last", func(s *story) {
		b := directCare()
		b.ValidUntil = day("2026-02-28")
		s.permits("k", toPractice("H.NOTE"), b).at("2026-02-28 23:59").discloses("in time", "k", toPractice("H.NOTE"))
		s.at("2026-03-01 00:00").discloses("d", "k", toPractice("H.NOTE"))
	}, []want{{item: "d", notes: []finding.Note{"decision-lapsed"}, known: true, now: true}}},
	monitorCase{"after the decision was closed", func(s *story) {
		s.permits("k", toPractice("H.NOTE"), directCare()).at("2026-02-03 10:00").record("x", disclosure.DisclosureDecisionClosed{Decision: id("k"), Reason: "DONE"})
		s.at("2026-02-03 11:00").discloses("d", "k", toPractice("H.NOTE"))
	}, []want{{item: "d", evidence: []string{"k", "x"}, notes: []finding.Note{"decision-closed"}, known: true, now: true}}},
	monitorCase{"closed by telling it", func(s *story) {
		s.permits("k", toPractice("H.NOTE"), directCare()).at("2026-02-03 10:00").discloses("d", "k", toPractice("H.NOTE"))
		s.record("", disclosure.DisclosureDecisionClosed{Decision: id("k"), Reason: "DONE"})
	}, nil},
	monitorCase{"within one controller nobody decides", func(s *story) { s.discloses("d", "", flow(org("HUB-CAM"), org("HUB-HAM"), "DIRECT_CARE", "H.NOTE")) }, nil},
)
