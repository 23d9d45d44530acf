package lawfulness

import "caseledger/domain/rights"

func (s *story) asks(kind rights.RequestKind) *story {
	return s.record("request", rights.RightsRequestReceived{Request: id("request"), Kind: kind, IdentityConfirmed: true})
}

func (s *story) answers() *story {
	return s.record("answer", rights.RightsRequestResponded{Request: id("request"), Outcome: "GRANTED"})
}

var _ = check("L34",
	monitorCase{"answered five days late", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-04-07 09:00").answers()
	}, []want{both("request", "answer")}},
	monitorCase{"answered on the last lawful day", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-04-02 23:59:59.999999").answers().judged("2026-05-01 00:00")
	}, nil},
	monitorCase{"unanswered, a microsecond before that day is over", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).judged("2026-04-02 23:59:59.999999")
	}, nil},
	monitorCase{"unanswered at its end, which is London's", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).judged("2026-04-03 00:00")
	}, []want{both("request")}},
	monitorCase{"the due day is Good Friday, so the Tuesday after Easter counts", func(s *story) {
		s.at("2026-03-03 09:00").asks(rights.Access).at("2026-04-07 17:00").answers()
	}, nil},
	monitorCase{"answered in time, recorded late", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-04-07 09:00").was(day("2026-04-01")).answers()
	}, nil},
	monitorCase{"extended in time", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-03-20 09:00").record("", rights.RightsRequestExtended{Request: id("request"), Reason: "COMPLEX"})
		s.at("2026-06-02 09:00").answers().judged("2026-07-01 00:00")
	}, nil},
	monitorCase{"the clock stands", func(s *story) {
		s.at("2026-03-02 09:00").asks(rights.Access).at("2026-03-20 09:00").record("", rights.RightsRequestPaused{Request: id("request"), Reason: "IDENTITY"})
		s.judged("2026-07-01 00:00")
	}, nil},
	monitorCase{"another right", func(s *story) {
		s.at("2026-03-02 09:00").asks("ERASURE").judged("2026-07-01 00:00")
	}, nil},
)
