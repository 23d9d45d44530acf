package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/governance"
)

// breached is a breach about the person of which HUB-ILF became aware at
// 10:00 on 2 March; summer time began on 29 March.
func (s *story) breached(clock string, notifiable bool) *story {
	return s.at(clock).organisation("HUB-ILF", "breach", governance.BreachDetected{Breach: id("breach"), Kind: "CONFIDENTIALITY",
		AwareAt: event.At(s.now), Subjects: []event.UUID{s.person}, Notifiable: notifiable})
}

func (s *story) notified(clock string, delay governance.Delay) *story {
	return s.at(clock).organisation("HUB-ILF", "notified", governance.RegulatorNotified{Breach: id("breach"), Delay: delay})
}

var _ = check("L33",
	monitorCase{"notified after 95 hours", func(s *story) {
		s.breached("2026-03-02 10:00", true).notified("2026-03-06 09:00", "")
	}, []want{both("breach", "notified")}},
	monitorCase{"after exactly 72", func(s *story) {
		s.breached("2026-03-02 10:00", true).notified("2026-03-05 10:00", "").judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"a microsecond later", func(s *story) {
		s.breached("2026-03-02 10:00", true).notified("2026-03-05 10:00:00.000001", "")
	}, []want{both("breach")}},
	monitorCase{"late, with a reason", func(s *story) {
		s.breached("2026-03-02 10:00", true).notified("2026-03-06 09:00", "INVESTIGATION")
	}, nil},
	monitorCase{"not yet, a microsecond before", func(s *story) {
		s.breached("2026-03-02 10:00", true).judged("2026-03-05 09:59:59.999999")
	}, nil},
	monitorCase{"not by then", func(s *story) {
		s.breached("2026-03-02 10:00", true).judged("2026-03-05 10:00")
	}, []want{both("breach")}},
	monitorCase{"hours are elapsed ones: the clocks went forward", func(s *story) {
		s.breached("2026-03-28 10:00", true).judged("2026-03-31 10:59:59.999999")
	}, nil},
	monitorCase{"need not be notified", func(s *story) {
		s.breached("2026-03-02 10:00", false).judged("2026-04-01 00:00")
	}, nil},
	monitorCase{"assessed since as unlikely to harm", func(s *story) {
		s.breached("2026-03-02 10:00", true)
		s.at("2026-03-09 09:00").organisation("HUB-ILF", "", governance.BreachAssessed{Breach: id("breach"), Likelihood: "UNLIKELY"})
	}, nil},
	monitorCase{"the notification was recorded late", func(s *story) {
		s.breached("2026-03-02 10:00", true).at("2026-03-09 09:00").was(london("2026-03-04 09:00")).
			organisation("HUB-ILF", "", governance.RegulatorNotified{Breach: id("breach")})
	}, nil},
)
