package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// decidedOn has it decided to tell on a basis that is changed, and told.
func decidedOn(f disclosure.Flow, b disclosure.Basis, change func(*disclosure.Basis)) func(*story) {
	if change != nil {
		change(&b)
	}
	return func(s *story) { s.permits("k", f, b).at("2026-02-03 10:00").discloses("d", "k", f) }
}

var forwarded = flow(org("PROB-N54"), org("HOUSE-MID"), "HOUSING_SUPPORT", "H.DRUGTEST")

// forwarding is the basis of journey B5.
var forwarding = disclosure.Basis{Rule: "R09", RuleVersion: 1, Article6: "A6E", Schedule1: "p6", Gateway: "G-OMA14"}

var _ = check("L08",
	monitorCase{"a result forwarded to housing, journey B5", decidedOn(forwarded, forwarding, nil),
		[]want{{item: "d", evidence: []string{"k"}, of: []event.Category{"H.DRUGTEST"}, known: true, now: true}}},
	monitorCase{"with a condition", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"substantial public interest without its condition", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), func(b *disclosure.Basis) { b.Schedule1 = "p2" }),
		[]want{{item: "d", notes: []finding.Note{"schedule-1-condition-absent"}, known: true, now: true}}},
	monitorCase{"substantial public interest with it", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), nil), nil},
	monitorCase{"nothing of a special category", decidedOn(toPractice("ID.DEMOG"), directCare(), func(b *disclosure.Basis) { b.Article9 = "" }), nil},
	monitorCase{"told more than decided, and that is special", func(s *story) {
		b := directCare()
		b.Article9 = ""
		s.permits("k", toPractice("ID.DEMOG"), b).discloses("d", "k", toPractice("ID.DEMOG"), "H.NOTE")
	}, []want{both("d")}},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toPractice("H.NOTE")) }, nil},
	monitorCase{"the record was completed later", func(s *story) {
		b := directCare()
		b.Article9 = ""
		s.permits("k", toPractice("H.NOTE"), b).at("2026-02-03 10:00").discloses("d", "k", toPractice("H.NOTE"))
		s.at("2026-02-04 10:00").was(london("2026-02-02 09:00")).correct("k2", "k",
			disclosure.DisclosureDecided{Decision: id("k"), Flow: toPractice("H.NOTE"), Basis: directCare(), Outcome: disclosure.Permit})
	}, []want{thenOnly("d", "k")}},
	monitorCase{"an imported decision is taken as given", func(s *story) {
		s.at("2026-03-10 10:00").importing("PAPER").was(london("2026-02-03 10:00")).discloses("d", "k", toPractice("H.NOTE"))
		s.importing("PAPER").was(london("2026-02-03 09:00")).permits("k", toPractice("H.NOTE"), directCare())
	}, nil},
)
