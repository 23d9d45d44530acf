package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// treated has the person agree that the drug service is told, until 1 May.
func treated(categories []event.Category, then func(*story, disclosure.Flow)) func(*story) {
	return func(s *story) {
		f := flow(org("HUB-MID"), org("DRUG1"), "DIRECT_CARE", categories...)
		s.at("2026-02-05 11:30").record("c", consent.ConsentGranted{Consent: id("c"), Version: 1, Kind: consent.Disclosure, ExpiresAt: day("2026-05-01"),
			Scope: consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Org: org("DRUG1")}}, Purposes: []event.Purpose{"DIRECT_CARE"}, Categories: categories}})
		s.permits("k", f, disclosure.Basis{Rule: "R02", RuleVersion: 1, Article6: "A6E", Article9: "A9H", Schedule1: "p2",
			Confidence: disclosure.ExplicitConsent, Consent: id("c"), ConsentVersion: 1, Gateway: "G-251B"})
		then(s, f)
	}
}

var (
	substance = []event.Category{"H.SUBSTANCE", "H.SCREEN_SCORE"}
	another   = []finding.Note{"another-basis-available"}
)

var _ = check("L06",
	monitorCase{"five days after its end, journey B12", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-05-01 00:00").record("x", consent.ConsentExpired{Consent: id("c"), Version: 1})
		s.at("2026-05-06 10:00").discloses("d", "k", f)
	}), []want{{item: "d", evidence: []string{"c", "x"}, notes: another, known: true, now: true}}},
	monitorCase{"a millisecond before its end", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-04-30 23:59:59.999").discloses("d", "k", f)
	}), nil},
	monitorCase{"at its very end, which nobody noted", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-05-01 00:00").discloses("d", "k", f)
	}), []want{{item: "d", evidence: []string{"c"}, notes: another, known: true, now: true}}},
	monitorCase{"no other basis for what the rule does not let cross", treated([]event.Category{"H.NOTE"}, func(s *story, f disclosure.Flow) {
		s.at("2026-05-06 10:00").discloses("d", "k", f)
	}), []want{{item: "d", notes: []finding.Note{}, known: true, now: true}}},
	monitorCase{"no other basis where the person objects", treated(substance, func(s *story, f disclosure.Flow) {
		s.record("", objection).at("2026-05-06 10:00").discloses("d", "k", f)
	}), []want{{item: "d", notes: []finding.Note{}, known: true, now: true}}},
	monitorCase{"reconfirmed in time, recorded late", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-05-06 10:00").discloses("d", "k", f)
		s.at("2026-05-07 10:00").was(london("2026-04-20 10:00")).record("", consent.ConsentReconfirmed{Consent: id("c"), Version: 2, ExpiresAt: day("2026-10-01")})
	}), []want{thenOnly("d", "c")}},
	monitorCase{"withdrawn before: L01", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-04-06 10:00").record("", withdrawn).at("2026-05-06 10:00").discloses("d", "k", f)
	}), nil},
	monitorCase{"the end of a day it ended on is not known to the hour", treated(substance, func(s *story, f disclosure.Flow) {
		s.at("2026-04-01 10:00").record("", consent.ConsentReconfirmed{Consent: id("c"), Version: 2, ExpiresAt: london("2026-05-06 12:00")})
		s.at("2026-05-07 10:00").was(day("2026-05-06")).discloses("d", "k", f)
	}), []want{{item: "d", known: true, now: true, perhaps: true}}},
)
