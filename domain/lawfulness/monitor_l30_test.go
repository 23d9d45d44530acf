package lawfulness

import (
	"caseledger/domain/person"
	"caseledger/domain/screening"
)

var (
	registered = person.PersonRegistered{Site: "CAMBRIDGE"}
	notice     = person.PrivacyNoticeGiven{Notice: "v1"}
	screened   = screening.ScreeningCompleted{Screening: id("screening"), Status: screening.Complete}
)

var _ = check("L30",
	monitorCase{"told before the first screening", func(s *story) {
		s.record("person", registered).at("2026-02-02 09:20").record("notice", notice).record("screening", screened).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"told a microsecond after it", func(s *story) {
		s.record("person", registered).at("2026-02-02 09:20").record("screening", screened)
		s.at("2026-02-02 09:20:00.000001").record("notice", notice).judged("2026-06-01 00:00")
	}, []want{both("screening", "notice")}},
	monitorCase{"told before it, recorded after", func(s *story) {
		s.record("person", registered).record("screening", screened)
		s.at("2026-02-02 10:00").was(london("2026-02-02 08:50")).record("notice", notice)
	}, nil},
	monitorCase{"told some time on the same day", func(s *story) {
		s.record("person", registered).record("screening", screened).was(day("2026-02-02")).record("notice", notice).judged("2026-02-04 00:00")
	}, []want{{item: "screening", evidence: []string{"notice"}, known: true, now: true, perhaps: true}}},
	monitorCase{"told on the last day of the month", func(s *story) {
		s.at("2026-02-28 09:00").record("person", registered).at("2026-03-28 23:59").record("notice", notice).judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"not told, just before that day is over", func(s *story) {
		s.at("2026-02-28 09:00").record("person", registered).judged("2026-03-28 23:59:59.999999")
	}, nil},
	monitorCase{"not told by its end, in summer time", func(s *story) {
		s.at("2026-03-30 09:00").record("person", registered).judged("2026-05-01 00:00")
	}, []want{both("person")}},
	monitorCase{"the month is shorter", func(s *story) {
		s.at("2026-03-31 09:00").record("person", registered).judged("2026-04-30 23:59:59.999999")
	}, nil},
	monitorCase{"told too late, once for both", func(s *story) {
		s.record("person", registered).at("2026-03-03 09:00").record("notice", notice)
		s.at("2026-03-04 09:00").record("screening", screened).record("risk", screening.RiskFlagRaised{Flag: id("flag")})
	}, []want{both("person", "notice")}},
	monitorCase{"what probation takes down is no health collection", func(s *story) {
		s.record("person", registered).by("PP", "PROB-N56").record("risk", screening.RiskFlagRaised{Flag: id("flag")})
	}, nil},
)
