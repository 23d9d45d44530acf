package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/event"
)

func (s *story) assessed(ref string, o consent.CapacityOutcome) *story {
	return s.record(ref, consent.CapacityAssessed{Assessment: id(ref), Decision: consent.Disclosure, Outcome: event.Own(o)})
}

var _ = check("L07",
	monitorCase{"a paper consent of the day it was assessed, journey C4", func(s *story) {
		s.at("2026-02-18 11:00").assessed("lacks", consent.Lacks)
		s.at("2026-02-25 10:00").importing("PAPER").was(london("2026-02-18 11:05")).agrees("c", probation("H.ATTENDANCE"))
	}, []want{both("c", "lacks")}},
	monitorCase{"before anybody assessed it", func(s *story) {
		s.at("2026-02-18 10:55").agrees("c", probation("H.ATTENDANCE")).at("2026-02-18 11:00").assessed("lacks", consent.Lacks)
	}, nil},
	monitorCase{"an assessment recorded late", func(s *story) {
		s.at("2026-02-18 11:05").agrees("c", probation("H.ATTENDANCE"))
		s.at("2026-02-19 11:00").was(london("2026-02-18 11:00")).assessed("lacks", consent.Lacks)
	}, []want{hindsight("c", "lacks")}},
	monitorCase{"regained since", func(s *story) {
		s.assessed("lacks", consent.Lacks).at("2026-03-25 10:00").assessed("has", consent.Has).agrees("c", probation("H.ATTENDANCE"))
	}, nil},
	monitorCase{"for another kind of decision", func(s *story) {
		s.assessed("lacks", consent.Lacks).record("", consent.ConsentGranted{Consent: id("c"), Kind: consent.Screening})
	}, nil},
	monitorCase{"an attorney's", func(s *story) {
		s.assessed("lacks", consent.Lacks).record("", consent.ConsentGranted{Consent: id("c"), Kind: consent.Disclosure, GivenBy: consent.Attorney})
	}, nil},
	monitorCase{"fluctuating, HAS the day before", func(s *story) {
		s.assessed("f", consent.Fluctuating).at("2026-02-17 10:00").assessed("has", consent.Has)
		s.at("2026-02-18 10:00").agrees("c", probation("H.ATTENDANCE"))
	}, []want{both("c", "has")}},
	monitorCase{"fluctuating, HAS that day", func(s *story) {
		s.assessed("f", consent.Fluctuating).at("2026-02-18 09:00").assessed("has", consent.Has)
		s.at("2026-02-18 10:00").agrees("c", probation("H.ATTENDANCE"))
	}, nil},
	monitorCase{"reconfirmed without capacity", func(s *story) {
		s.agrees("c", probation("H.ATTENDANCE")).at("2026-02-18 11:00").assessed("lacks", consent.Lacks)
		s.at("2026-02-18 12:00").record("again", consent.ConsentReconfirmed{Consent: id("c"), Version: 2, ExpiresAt: day("2026-12-01")})
	}, []want{both("again", "lacks")}},
	monitorCase{"assessed on the day, nobody knows when", func(s *story) {
		s.at("2026-02-18 11:05").agrees("c", probation("H.ATTENDANCE"))
		s.at("2026-02-18 18:00").was(day("2026-02-18")).assessed("lacks", consent.Lacks)
	}, []want{{item: "c", now: true, perhaps: true}}},
	monitorCase{"the assessment was of somebody else", func(s *story) {
		s.assessed("lacks", consent.Lacks).at("2026-02-18 12:00").agrees("c", probation("H.ATTENDANCE")).at("2026-02-19 12:00").void("lacks")
	}, []want{thenOnly("c", "lacks")}},
)
