package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

func (s *story) policy(at reference.OrganisationCode, ref string, c governance.Condition, from, review string) *story {
	return s.organisation(at, ref, governance.PolicyDocumentPublished{Document: id(ref), Version: 1, Condition: c,
		From: event.MustDay(from), ReviewDue: event.MustDay(review)})
}

// relies decides on a basis that needs a policy document, and tells a day later.
func relies(s *story) {
	s.at("2026-02-03 10:00").permits("k", toProbation("H.ATTENDANCE"), rehabilitation("c"))
	s.at("2026-02-04 10:00").discloses("d", "k", toProbation("H.ATTENDANCE"))
}

func lapse(item, key string, known, now bool, evidence ...string) want {
	return want{item: item, key: finding.Note(key), known: known, now: now, evidence: evidence}
}

var _ = check("L15",
	monitorCase{"none, found once at the decision", func(s *story) { relies(s); s.discloses("again", "k", toProbation("H.ATTENDANCE")) },
		[]want{lapse("k", "a9g", true, true)}},
	monitorCase{"one in review", func(s *story) {
		s.policy("HUB-CAM", "", governance.SubstantialPublicInterest, "2026-01-05", "2027-01-05")
		relies(s)
	}, nil},
	monitorCase{"one of the same controller", func(s *story) {
		s.policy("HUB-HAM", "", governance.SubstantialPublicInterest, "2026-01-05", "2027-01-05")
		relies(s)
	}, nil},
	monitorCase{"one for something else", func(s *story) { s.policy("HUB-CAM", "", governance.PartThree, "2026-01-05", "2027-01-05"); relies(s) },
		[]want{lapse("k", "a9g", true, true)}},
	monitorCase{"out of review from the day it was due", func(s *story) {
		s.policy("HUB-CAM", "p", governance.SubstantialPublicInterest, "2026-01-05", "2026-02-04")
		relies(s)
	}, []want{lapse("d", "a9g-2026-02-04", true, true, "p")}},
	monitorCase{"not begun", func(s *story) {
		s.policy("HUB-CAM", "", governance.SubstantialPublicInterest, "2026-02-05", "2027-02-04")
		relies(s)
	},
		[]want{lapse("k", "a9g", true, true)}},
	monitorCase{"published in time, recorded late", func(s *story) {
		relies(s)
		s.at("2026-02-09 10:00").was(day("2026-01-05")).policy("HUB-CAM", "", governance.SubstantialPublicInterest, "2026-01-05", "2027-01-05")
	}, []want{lapse("k", "a9g", true, false)}},
	monitorCase{"direct care needs none", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"offence data in the substantial public interest", decidedOn(toPractice("H.SUBSTANCE"), directCare(), func(b *disclosure.Basis) { b.Schedule1 = "p6" }),
		[]want{lapse("k", "sch1-part2", true, true)}},
	monitorCase{"offence data under official authority", decidedOn(flow(org("PROB-N56"), org("HUB-CAM"), "DIRECT_CARE", "J.SUPERVISION"),
		disclosure.Basis{Rule: "R06", Schedule1: "p6"}, nil), nil},
	monitorCase{"sensitive processing for law enforcement", decidedOn(flow(org("PROB-N56"), org("HUB-CAM"), "REQ_MGMT", "J.REQUIREMENT"),
		disclosure.Basis{Rule: "R07", Article6: "P3", Schedule1: "OFFICIAL"}, nil), []want{lapse("k", "s42", true, true)}},
	monitorCase{"decided not to tell", func(s *story) {
		s.record("k", disclosure.DisclosureDecided{Decision: id("k"), Flow: toProbation("H.ATTENDANCE"), Basis: rehabilitation("c"), Outcome: disclosure.Refuse, Reason: "EXCESS"})
	}, nil},
)
