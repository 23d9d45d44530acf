package lawfulness

import (
	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

func ends(on string) func(*agreement.Terms) {
	return func(t *agreement.Terms) { t.To = event.MustDay(on) }
}

var _ = check("L11",
	monitorCase{"the day it ended, journey B5", sharing("dsa", func(s *story) { s.dsa("dsa", ends("2026-02-06")) }, "H.ATTENDANCE"),
		outsideDSA([]string{"k", "dsa"}, "expired")},
	monitorCase{"on its last day", sharing("dsa", func(s *story) { s.dsa("dsa", ends("2026-02-07")) }, "H.ATTENDANCE"), nil},
	monitorCase{"before its first", sharing("dsa", func(s *story) {
		s.dsa("dsa", func(t *agreement.Terms) { t.From = event.MustDay("2026-02-07") })
	}, "H.ATTENDANCE"), outsideDSA([]string{"dsa"}, "not-in-force-yet")},
	monitorCase{"not signed by all", sharing("new", func(s *story) {
		s.agreement("new", "new", agreement.AgreementDrafted{Agreement: id("new"), Terms: agreement.Terms{From: event.MustDay("2026-01-05"),
			To: event.MustDay("2027-01-05"), Parties: []agreement.Party{{Org: org("HUB-CAM")}}}})
	}, "H.ATTENDANCE"), outsideDSA([]string{"new"}, "not-in-force-yet")},
	monitorCase{"suspended", sharing("dsa", func(s *story) {
		s.dsa("dsa", nil).at("2026-02-05 10:00").agreement("dsa", "stop", agreement.AgreementSuspended{})
	}, "H.ATTENDANCE"), outsideDSA([]string{"dsa", "stop"}, "suspended")},
	monitorCase{"resumed", sharing("dsa", func(s *story) {
		s.dsa("dsa", nil).agreement("dsa", "stop", agreement.AgreementSuspended{}).at("2026-02-05 10:00").agreement("dsa", "", agreement.AgreementResumed{})
	}, "H.ATTENDANCE"), nil},
	monitorCase{"suspended that day, nobody knows when", sharing("dsa", func(s *story) {
		s.dsa("dsa", nil).at("2026-02-06 08:00").was(day("2026-02-06")).agreement("dsa", "stop", agreement.AgreementSuspended{})
	}, "H.ATTENDANCE"), []want{{item: "d", known: true, now: true, perhaps: true}}},
	monitorCase{"terminated, recorded late", func(s *story) {
		sharing("dsa", func(s *story) { s.dsa("dsa", nil) }, "H.ATTENDANCE")(s)
		s.at("2026-02-09 10:00").was(london("2026-02-05 10:00")).agreement("dsa", "end", agreement.AgreementTerminated{})
	}, []want{{item: "d", evidence: []string{"dsa", "end"}, notes: []finding.Note{"terminated"}, now: true}}},
	monitorCase{"none at all: L10", sharing("dsa", func(*story) {}, "H.ATTENDANCE"), nil},
	monitorCase{"nobody decided: L04", func(s *story) {
		s.dsa("dsa", ends("2026-01-10")).discloses("d", "", toProbation("H.ATTENDANCE"))
	}, nil},
)
