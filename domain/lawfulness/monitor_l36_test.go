package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/rights"
)

var _ = check("L36",
	monitorCase{"on the last day of the minimum", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-01 23:59:59.999999").disposed()
	}, []want{both("disposal", "period")}},
	monitorCase{"on the day after", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 00:00").disposed()
	}, nil},
	monitorCase{"while a hold stands", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").held().at("2026-04-02 00:00").disposed()
	}, []want{both("disposal", "hold")}},
	monitorCase{"whoever placed it", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").by("SPO", "PROB-N56").held().at("2026-04-02 00:00").by("IG_LEAD", "HUB-CAM").disposed()
	}, []want{both("disposal", "hold")}},
	monitorCase{"at the instant it is lifted", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").held().at("2026-04-02 00:00").lifted().disposed()
	}, nil},
	monitorCase{"a hold recorded late", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 09:00").disposed()
		s.at("2026-04-03 09:00").was(day("2026-04-01")).held()
	}, []want{hindsight("disposal", "hold")}},
	monitorCase{"the longest schedule is not over", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").scheduled("mental", "2046-04-01", "").at("2026-04-02 09:00").disposed()
	}, []want{both("disposal", "mental")}},
	monitorCase{"under no schedule", func(s *story) { s.disposed() }, []want{both("disposal")}},
	monitorCase{"erased on a request while a hold stands", func(s *story) {
		s.record("request", rights.RightsRequestReceived{Request: id("request"), Kind: rights.Erasure}).held().at("2026-04-02 00:00").erased()
	}, []want{both("erasure", "hold")}},
	monitorCase{"erased within a minimum", func(s *story) {
		s.record("request", rights.RightsRequestReceived{Request: id("request"), Kind: rights.Erasure}).
			scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-01 09:00").erased()
	}, []want{both("erasure", "period")}},
	monitorCase{"erased on a request", func(s *story) {
		s.record("request", rights.RightsRequestReceived{Request: id("request"), Kind: rights.Erasure}).at("2026-04-02 00:00").erased()
	}, nil},
	monitorCase{"erased on no request", func(s *story) { s.erased() }, []want{both("erasure")}},
	monitorCase{"cannot be opened any more", func(s *story) {
		s.disposed()
		s.events[0].Operational = event.Erased
	}, nil},
)
