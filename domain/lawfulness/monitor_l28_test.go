package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
	"caseledger/domain/supervision"
)

// ordered is a suspended sentence order of 2026 with one requirement from
// 19 January to 30 June, under which DRUG1 treats.
func (s *story) ordered(kind reference.RequirementKind, testing bool) *story {
	terms := supervision.Terms{Type: "SUSPENDED_SENTENCE_ORDER", From: event.MustDay("2026-01-19"), To: event.MustDay("2026-12-31")}
	s.by("PP", "PROB-N54").record("order", supervision.SupervisionStarted{Supervision: id("order"), Terms: event.Own(terms)})
	return s.record("requirement", supervision.RequirementImposed{Requirement: id("requirement"), Supervision: id("order"),
		Terms: event.Own(supervision.RequirementTerms{Kind: kind, From: event.MustDay("2026-01-19"), To: event.MustDay("2026-06-30"),
			Provider: org("DRUG1"), Testing: testing})}).by("TX_PROV", "DRUG1")
}

func (s *story) tested() *story {
	return s.record("test", screening.TestResultRecorded{Test: id("test"), Requirement: id("requirement"), Kind: event.Own(screening.DrugTest)})
}

func (s *story) reported(categories ...event.Category) *story {
	f := flow(org("DRUG1"), org("PROB-N54"), "REQ_MGMT", categories...)
	return s.decides("decision", "R05", f).tells("report", "decision", f)
}

var _ = check("L28",
	monitorCase{"tested and reported on the last day", func(s *story) {
		s.ordered("DRR", true).at("2026-06-30 23:59").tested().reported("H.DRUGTEST")
	}, nil},
	monitorCase{"and on the day after", func(s *story) {
		s.ordered("DRR", true).at("2026-07-01 00:00").tested().reported("H.DRUGTEST")
	}, []want{both("test", "order", "requirement"), both("report")}},
	monitorCase{"reported after the requirement ended early", func(s *story) {
		s.ordered("DRR", true).at("2026-03-01 09:00").record("ended", supervision.RequirementEnded{Requirement: id("requirement")})
		s.at("2026-03-02 09:00").reported("H.ATTENDANCE")
	}, []want{both("report", "ended")}},
	monitorCase{"the end of the order was recorded late", func(s *story) {
		s.ordered("DRR", true).at("2026-03-02 09:00").reported("H.ATTENDANCE")
		s.at("2026-03-05 09:00").was(day("2026-03-01")).record("ended", supervision.SupervisionEnded{Supervision: id("order")})
	}, []want{hindsight("report", "ended")}},
	monitorCase{"no requirement at all, and nobody decided", func(s *story) {
		s.by("TX_PROV", "DRUG1").record("report", disclosure.UnplannedDisclosureReported{Disclosure: id("d"),
			Flow: flow(org("DRUG1"), org("PROB-N54"), "REQ_MGMT", "H.ATTENDANCE"), Mishap: "WITHOUT_DECISION"})
	}, []want{both("report")}},
	monitorCase{"a drug test where no samples are to be given", func(s *story) {
		s.ordered("MHTR", false).reported("H.DRUGTEST")
	}, []want{both("report")}},
	monitorCase{"attendance there", func(s *story) { s.ordered("MHTR", false).reported("H.ATTENDANCE") }, nil},
	monitorCase{"a test that no requirement asked for", func(s *story) {
		s.record("test", screening.TestResultRecorded{Test: id("test"), Kind: event.Own(screening.DrugTest)})
	}, nil},
	monitorCase{"something else told to probation", func(s *story) {
		s.tells("telling", "", flow(org("HUB-CAM"), org("PROB-N56"), "REHAB_SUPPORT", "H.ATTENDANCE"))
	}, nil},
	monitorCase{"the terms cannot be opened any more", func(s *story) {
		s.ordered("DRR", true).at("2026-07-01 00:00").reported("H.DRUGTEST")
		s.events[1].Data = supervision.RequirementImposed{Requirement: id("requirement"), Supervision: id("order")}
	}, nil},
)
