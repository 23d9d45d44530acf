package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/finding"
	"caseledger/domain/supervision"
)

// lasting is a consent of 4 February 2026, 10:00, to the probation region, or
// another recipient, that runs for years.
func lasting(to consent.Recipient, then func(*story)) func(*story) {
	return func(s *story) {
		scope := probation("H.ATTENDANCE")
		scope.Recipients = []consent.Recipient{to}
		s.at("2026-02-04 10:00").record("c", consent.ConsentGranted{Consent: id("c"), Version: 1, Kind: consent.Disclosure, Scope: scope, ExpiresAt: day("2029-01-01")})
		s.permits("k", toProbation("H.ATTENDANCE"), rehabilitation("c"))
		then(s)
	}
}

var (
	region     = consent.Recipient{Org: org("PROB-N56")}
	tellsLater = func(s *story, clock string) { s.at(clock).discloses("d", "k", toProbation("H.ATTENDANCE")) }
	stale      = func(n finding.Note, evidence ...string) []want {
		return []want{{item: "d", evidence: evidence, notes: []finding.Note{n}, known: true, now: true}}
	}
	reconfirmed = consent.ConsentReconfirmed{Consent: id("c"), Version: 2, ExpiresAt: day("2029-01-01")}
)

var _ = check("L24",
	monitorCase{"exactly twelve months old", lasting(region, func(s *story) { tellsLater(s, "2027-02-04 10:00") }), nil},
	monitorCase{"a minute more", lasting(region, func(s *story) { tellsLater(s, "2027-02-04 10:01") }), stale("older-than-twelve-months", "c")},
	monitorCase{"reconfirmed since", lasting(region, func(s *story) {
		s.at("2026-12-04 10:00").record("", reconfirmed)
		tellsLater(s, "2027-02-04 10:01")
	}), nil},
	monitorCase{"after custody", lasting(region, func(s *story) {
		s.at("2026-03-04 10:00").record("custody", supervision.CustodyEntered{})
		tellsLater(s, "2026-03-05 10:00")
	}), stale("not-reconfirmed", "c", "custody")},
	monitorCase{"after release", lasting(region, func(s *story) {
		s.at("2026-03-04 10:00").record("release", supervision.ReleasedOnLicence{})
		tellsLater(s, "2026-03-05 10:00")
	}), stale("not-reconfirmed", "release")},
	monitorCase{"after a transfer", lasting(region, func(s *story) {
		s.at("2026-03-04 10:00").record("moved", supervision.CaseTransferred{From: "N56", To: "N07"})
		tellsLater(s, "2026-03-05 10:00")
	}), stale("not-reconfirmed", "moved")},
	monitorCase{"after a transfer, and reconfirmed", lasting(region, func(s *story) {
		s.at("2026-03-04 10:00").record("moved", supervision.CaseTransferred{From: "N56", To: "N07"})
		s.at("2026-03-04 12:00").record("", reconfirmed)
		tellsLater(s, "2026-03-05 10:00")
	}), nil},
	monitorCase{"before the transfer", lasting(region, func(s *story) {
		tellsLater(s, "2026-03-03 10:00")
		s.at("2026-03-04 10:00").record("moved", supervision.CaseTransferred{From: "N56", To: "N07"})
	}), nil},
	monitorCase{"a transfer recorded late", lasting(region, func(s *story) {
		tellsLater(s, "2026-03-05 10:00")
		s.at("2026-03-06 10:00").was(london("2026-03-04 10:00")).record("moved", supervision.CaseTransferred{From: "N56", To: "N07"})
	}), []want{hindsight("d", "moved")}},
	monitorCase{"a transfer on the day, nobody knows when", lasting(region, func(s *story) {
		s.at("2026-03-05 09:00").was(day("2026-03-05")).record("moved", supervision.CaseTransferred{From: "N56", To: "N07"})
		tellsLater(s, "2026-03-05 10:00")
	}), []want{{item: "d", known: true, now: true, perhaps: true}}},
	monitorCase{"another practitioner than the one it names", lasting(consent.Recipient{Person: staff("PP1")}, func(s *story) {
		s.record("", supervision.PractitionerAllocated{Practitioner: staff("PP1"), Organisation: org("PROB-N56")})
		s.at("2026-03-04 10:00").record("next", supervision.PractitionerAllocated{Practitioner: staff("PP2"), Organisation: org("PROB-N56")})
		tellsLater(s, "2026-03-05 10:00")
	}), stale("not-reconfirmed", "next")},
	monitorCase{"withdrawn: L01", lasting(region, func(s *story) {
		s.at("2027-02-04 12:00").record("", withdrawn)
		tellsLater(s, "2027-02-05 10:00")
	}), nil},
)
