package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/rights"
)

// scheduled is a retention period of HUB-CAM's record.
func (s *story) scheduled(ref, keepUntil, disposeOn string) *story {
	p := rights.RetentionPeriodSet{Period: id(ref), Class: "ADULT_HEALTH", From: event.MustDay("2018-03-01")}
	if keepUntil != "" {
		p.KeepUntil = event.MustDay(keepUntil)
	}
	if disposeOn != "" {
		p.DisposeOn = event.MustDay(disposeOn)
	}
	return s.record(ref, p)
}

func (s *story) reviewed(outcome rights.RetentionReview, next string) *story {
	r := rights.RetentionReviewed{Period: id("period"), Outcome: outcome}
	if next != "" {
		r.DisposeOn = event.MustDay(next)
	}
	return s.record("review", r)
}

func (s *story) held() *story {
	return s.record("hold", rights.LegalHoldPlaced{Hold: id("hold")})
}

func (s *story) lifted() *story {
	return s.record("lifted", rights.LegalHoldLifted{Hold: id("hold")})
}

func (s *story) disposed() *story {
	return s.record("disposal", rights.RecordDisposed{Disposal: id("disposal"), Period: id("period"), Data: []event.Class{event.Health}})
}

func (s *story) erased() *story {
	return s.record("erasure", rights.ErasureDecided{Erasure: id("erasure"), Request: id("request"), Data: []event.Class{event.Health}})
}

var _ = check("L35",
	monitorCase{"erased on a request", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 17:00").erased().judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"kept to the end of the day of its disposal", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").judged("2026-04-02 23:59:59.999999")
	}, nil},
	monitorCase{"and past it", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").judged("2026-04-03 00:00")
	}, []want{both("period")}},
	monitorCase{"disposed of on the day", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 17:00").disposed().judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"reviewed, and kept in an archive", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 17:00").reviewed(rights.Archive, "").judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"extended: not yet", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 17:00").reviewed(rights.Extend, "2026-06-02").judged("2026-06-02 00:00")
	}, nil},
	monitorCase{"extended, and kept past that", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").at("2026-04-02 17:00").reviewed(rights.Extend, "2026-06-02").judged("2026-06-03 00:00")
	}, []want{both("period")}},
	monitorCase{"a hold stands", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").held().judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"from when it is lifted", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").held().at("2026-05-01 12:00").lifted()
	}, []want{both("period")}},
	monitorCase{"another schedule keeps it longer", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").scheduled("mental", "2046-04-01", "2046-04-02").judged("2026-06-01 00:00")
	}, nil},
	monitorCase{"another controller's does not", func(s *story) {
		s.scheduled("period", "2026-04-01", "2026-04-02").by("GP", "GP1").scheduled("gp", "2046-04-01", "2046-04-02").judged("2026-06-01 00:00")
	}, []want{both("period")}},
	monitorCase{"a schedule that never disposes", func(s *story) {
		s.scheduled("period", "", "").judged("2126-06-01 00:00")
	}, nil},
)
