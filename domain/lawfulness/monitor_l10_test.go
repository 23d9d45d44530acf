package lawfulness

import (
	"caseledger/domain/agreement"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// dsa records an agreement of the hubs with a probation region, in force in
// 2026, and that both signed it.
func (s *story) dsa(name string, change func(*agreement.Terms)) *story {
	party := func(code reference.OrganisationCode) agreement.Party {
		o, _ := register.ByCode(code)
		return agreement.Party{Org: o.ID, Side: o.Side, Role: "SOLE"}
	}
	t := agreement.Terms{Label: agreement.Reference(name), Parties: []agreement.Party{party("HUB-CAM"), party("PROB-N56")},
		Purposes: []event.Purpose{"REHAB_SUPPORT"}, From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05"),
		Flows: []agreement.Flow{{From: event.NHS, To: event.Probation, Categories: []event.Category{"H.ATTENDANCE", "H.REFERRAL"}}}}
	if change != nil {
		change(&t)
	}
	s.agreement(name, name, agreement.AgreementDrafted{Agreement: id(name), Terms: t})
	for _, p := range t.Parties {
		s.agreement(name, "", agreement.AgreementSigned{Version: 1, Org: p.Org, Role: "SIRO"})
	}
	return s
}

// sharing tells the probation region under an agreement, if one is named.
func sharing(name string, before func(*story), categories ...event.Category) func(*story) {
	return func(s *story) {
		before(s)
		b := rehabilitation("c")
		if name != "" {
			b.Agreement, b.AgreementVersion = id(name), 1
		}
		s.at("2026-02-06 14:00").permits("k", toProbation(categories...), b).at("2026-02-06 14:05").discloses("d", "k", toProbation(categories...))
	}
}

func outsideDSA(evidence []string, notes ...finding.Note) []want {
	return []want{{item: "d", evidence: evidence, notes: notes, known: true, now: true}}
}

var _ = check("L10",
	monitorCase{"told more than the agreement names, journey A9", func(s *story) {
		b := rehabilitation("c")
		b.Agreement, b.AgreementVersion = id("dsa"), 1
		s.dsa("dsa", nil).permits("k", toProbation("H.ATTENDANCE"), b).at("2026-02-06 14:00")
		s.record("d", disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Decision: id("k"), Mishap: "TOO_MUCH",
			Flow: toProbation("H.ATTENDANCE", "H.SCREEN_SCORE")})
	}, []want{{item: "d", evidence: []string{"k", "dsa"}, notes: []finding.Note{"category-not-covered"}, of: scores, known: true, now: true}}},
	monitorCase{"what it names", sharing("dsa", func(s *story) { s.dsa("dsa", nil) }, "H.ATTENDANCE"), nil},
	monitorCase{"a region of the same controller as a party", sharing("dsa", func(s *story) {
		s.dsa("dsa", func(t *agreement.Terms) { t.Parties[1].Org = org("PROB-N07") })
	}, "H.ATTENDANCE"), nil},
	monitorCase{"with somebody else", sharing("dsa", func(s *story) {
		s.dsa("dsa", func(t *agreement.Terms) { t.Parties[1].Org = org("HOUSE-MID") })
	}, "H.ATTENDANCE"), outsideDSA([]string{"dsa"}, "not-a-party")},
	monitorCase{"for something else", sharing("dsa", func(s *story) {
		s.dsa("dsa", func(t *agreement.Terms) { t.Purposes = []event.Purpose{"REQ_MGMT"} })
	}, "H.ATTENDANCE"), outsideDSA([]string{"dsa"}, "purpose-not-covered")},
	monitorCase{"there is none, and none is named", sharing("", func(*story) {}, "H.ATTENDANCE"), outsideDSA(nil, "no-agreement")},
	monitorCase{"none is named, and one covers it", sharing("", func(s *story) {
		s.dsa("other", func(t *agreement.Terms) { t.Purposes = []event.Purpose{"REQ_MGMT"} }).dsa("dsa", nil)
	}, "H.ATTENDANCE"), nil},
	monitorCase{"an agreement recorded late", sharing("dsa", func(*story) {}, "H.ATTENDANCE"), outsideDSA(nil, "no-agreement")},
	monitorCase{"signed by then, but recorded later", func(s *story) {
		sharing("dsa", func(*story) {}, "H.ATTENDANCE")(s)
		s.at("2026-02-07 14:00").dsa("dsa", nil)
	}, []want{thenOnly("d")}},
	monitorCase{"direct care needs none", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toProbation("H.ATTENDANCE")) }, nil},
)
