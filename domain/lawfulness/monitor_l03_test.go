package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// refused has the person refuse the probation region their scores, but agree
// to attendance, on 4 February.
func refused(then func(*story)) func(*story) {
	return func(s *story) {
		s.at("2026-02-04 10:14").agrees("c", probation("H.ATTENDANCE"))
		s.at("2026-02-04 10:15").record("no", consent.ConsentRefused{Consent: id("no"), Kind: consent.Disclosure, Scope: probation("H.SCREEN_SCORE"), Reason: "PRIVACY"})
		s.at("2026-02-06 14:00").permits("k", toProbation("H.ATTENDANCE"), rehabilitation("c"))
		then(s)
	}
}

// protection is the basis of a disclosure in the public interest.
func protection() disclosure.Basis {
	return disclosure.Basis{Rule: "R04", RuleVersion: 1, Article6: "A6E", Article9: "A9G", Schedule1: "p10",
		Confidence: disclosure.PublicInterest, Gateway: "G-CDA115"}
}

var objection = consent.ObjectionRecorded{Objection: id("o"), Scope: consent.Scope{Categories: []event.Category{"H.*"}}}

var _ = check("L03",
	monitorCase{"more than was decided, journey A9", refused(func(s *story) {
		s.at("2026-02-06 14:05").record("d", disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Decision: id("k"),
			Flow: toProbation("H.ATTENDANCE", "H.SCREEN_SCORE"), Mishap: "TOO_MUCH"})
	}), []want{{item: "d", evidence: []string{"no", "k"}, of: []event.Category{"H.SCREEN_SCORE"}, known: true, now: true}}},
	monitorCase{"what was agreed to", refused(func(s *story) {
		s.at("2026-02-06 14:05").discloses("d", "k", toProbation("H.ATTENDANCE"))
	}), nil},
	monitorCase{"in the public interest despite the refusal", refused(func(s *story) {
		s.permits("pi", toProbation("H.SCREEN_SCORE"), protection()).discloses("d", "pi", toProbation("H.SCREEN_SCORE"))
	}), nil},
	monitorCase{"a report on the requirement, beyond what its rule goes ahead with", refused(func(s *story) {
		b := protection()
		b.Rule, b.Confidence = "R05", disclosure.Statute
		s.permits("r", toProbation("H.SCREEN_SCORE", "H.ATTENDANCE"), b).discloses("d", "r", toProbation("H.SCREEN_SCORE", "H.ATTENDANCE"))
	}), []want{both("d", "no")}},
	monitorCase{"to MAPPA by consent, which does not go ahead of a refusal", refused(func(s *story) {
		b := protection()
		b.Rule, b.Confidence = "R12", disclosure.ExplicitConsent
		s.permits("r", toProbation("H.SCREEN_SCORE"), b).discloses("d", "r", toProbation("H.SCREEN_SCORE"))
	}), []want{both("d", "no")}},
	monitorCase{"to MAPPA in the public interest", refused(func(s *story) {
		b := protection()
		b.Rule = "R12"
		s.permits("r", toProbation("H.SCREEN_SCORE"), b).discloses("d", "r", toProbation("H.SCREEN_SCORE"))
	}), nil},
	monitorCase{"a later agreement lifts the refusal", refused(func(s *story) {
		s.at("2026-02-10 10:00").agrees("yes", probation("H.SCREEN_SCORE")).discloses("d", "", toProbation("H.SCREEN_SCORE"))
	}), nil},
	monitorCase{"refused later that day, told before", func(s *story) {
		s.discloses("d", "", toPractice("H.NOTE"))
		s.at("2026-02-02 12:00").record("o", objection)
	}, nil},
	monitorCase{"an objection to direct care, recorded late", func(s *story) {
		s.at("2026-02-02 12:00").discloses("d", "", toPractice("H.NOTE", "ID.DEMOG"))
		s.at("2026-02-03 12:00").was(london("2026-02-02 11:00")).record("o", objection)
	}, []want{{item: "d", evidence: []string{"o"}, of: []event.Category{"H.NOTE"}, now: true}}},
	monitorCase{"an objection that was lifted", func(s *story) {
		s.record("o", objection).record("", consent.ObjectionLifted{Objection: id("o")})
		s.at("2026-02-02 12:00").discloses("d", "", toPractice("H.NOTE"))
	}, nil},
	monitorCase{"an objection on the day, nobody knows when", func(s *story) {
		s.was(day("2026-02-02")).record("o", objection).at("2026-02-02 12:00").discloses("d", "", toPractice("H.NOTE"))
	}, []want{{item: "d", known: true, now: true, perhaps: true}}},
)
