package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
)

// answered is a PHQ-9 whose last item has a score.
func (s *story) answered(ninth int) *story {
	zero := 0
	items := []*int{&zero, &zero, &zero, &zero, &zero, &zero, &zero, &zero, &ninth}
	return s.record("screening", screening.ScreeningCompleted{Screening: id("screening"), Status: screening.Complete,
		Instrument: event.Own(reference.Instrument("PHQ-9")), Items: event.Own(items), Total: event.Own(ninth)})
}

var flag = screening.RiskFlagRaised{Flag: id("flag"), Level: event.Own(screening.Ideation)}

var _ = check("L42",
	monitorCase{"nothing came of it that day", func(s *story) {
		s.at("2026-03-31 10:00").answered(1).judged("2026-04-01 00:00")
	}, []want{both("screening")}},
	monitorCase{"the day is not over: it is London's", func(s *story) {
		s.at("2026-03-31 10:00").answered(1).judged("2026-03-31 23:59:59.999999")
	}, nil},
	monitorCase{"flagged at the end of the day", func(s *story) {
		s.at("2026-03-31 10:00").answered(1).at("2026-03-31 23:59").record("flag", flag).judged("2026-04-02 00:00")
	}, nil},
	monitorCase{"flagged on the next", func(s *story) {
		s.at("2026-03-31 23:59").answered(1).at("2026-04-01 00:00").record("flag", flag)
	}, []want{both("screening")}},
	monitorCase{"an earlier flag was assessed again", func(s *story) {
		s.record("flag", flag).at("2026-03-31 10:00").answered(1).record("review", screening.RiskFlagReviewed{Flag: id("flag")}).judged("2026-04-02 00:00")
	}, nil},
	monitorCase{"an earlier flag alone", func(s *story) {
		s.record("flag", flag).at("2026-03-31 10:00").answered(1).judged("2026-04-02 00:00")
	}, []want{both("screening")}},
	monitorCase{"flagged that day, recorded later", func(s *story) {
		s.answered(1).at("2026-02-04 09:00").was(day("2026-02-02")).record("flag", flag)
	}, nil},
	monitorCase{"no such thoughts", func(s *story) { s.answered(0).judged("2026-04-02 00:00") }, nil},
	monitorCase{"the total alone shows it", func(s *story) {
		s.record("screening", screening.ScreeningCompleted{Screening: id("screening"), Status: screening.Complete, ItemsWithheld: true,
			Instrument: event.Own(reference.Instrument("PHQ-9")), Total: event.Own(25)}).judged("2026-04-02 00:00")
	}, []want{both("screening")}},
	monitorCase{"cannot be opened any more", func(s *story) {
		s.record("screening", screening.ScreeningCompleted{Screening: id("screening")}).judged("2026-04-02 00:00")
	}, nil},
)
