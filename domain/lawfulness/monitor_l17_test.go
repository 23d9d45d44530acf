package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
)

func (s *story) assigned(ref, who string, role event.Role, at reference.OrganisationCode, senior bool) *story {
	return s.organisation(at, ref, governance.StaffRoleAssigned{Assignment: id(ref), Staff: staff(who), Role: role, Senior: senior})
}

// decidesAs has somebody decide on direct care by the hub.
func decidesAs(role event.Role, before func(*story)) func(*story) {
	return func(s *story) {
		if before != nil {
			before(s)
		}
		s.at("2026-02-03 10:00").by(role, "HUB-CAM").permits("k", toPractice("H.NOTE"), directCare())
	}
}

func protects(role event.Role, before func(*story)) func(*story) {
	return func(s *story) {
		before(s)
		s.at("2026-02-03 10:00").by(role, "HUB-CAM").permits("k", toProbation("H.RISK_SELF"), protection())
	}
}

func notDecider(n finding.Note, evidence ...string) []want {
	return []want{{item: "k", evidence: evidence, notes: []finding.Note{n}, known: true, now: true}}
}

var _ = check("L17",
	monitorCase{"a navigator", decidesAs("NAVIGATOR", nil), notDecider("not-a-decider")},
	monitorCase{"a nurse", decidesAs("HUB_NURSE", nil), nil},
	monitorCase{"a nurse by the register", decidesAs("HUB_NURSE", func(s *story) { s.assigned("", "HUB_NURSE of HUB-CAM", "HUB_NURSE", "HUB-CAM", false) }), nil},
	monitorCase{"a nurse of whom the register knows nothing", decidesAs("HUB_NURSE", func(s *story) { s.assigned("", "another", "HUB_NURSE", "HUB-CAM", false) }),
		notDecider("role-not-held")},
	monitorCase{"a nurse no longer", decidesAs("HUB_NURSE", func(s *story) {
		s.assigned("a", "HUB_NURSE of HUB-CAM", "HUB_NURSE", "HUB-CAM", false)
		s.at("2026-02-03 10:00").organisation("HUB-CAM", "", governance.StaffRoleEnded{Assignment: id("a")})
	}), notDecider("role-not-held", "a")},
	monitorCase{"a nurse until a minute later", decidesAs("HUB_NURSE", func(s *story) {
		s.assigned("a", "HUB_NURSE of HUB-CAM", "HUB_NURSE", "HUB-CAM", false)
		s.at("2026-02-03 09:00").was(london("2026-02-03 10:01")).organisation("HUB-CAM", "", governance.StaffRoleEnded{Assignment: id("a")})
	}), nil},
	monitorCase{"a role that had ended, recorded late", func(s *story) {
		decidesAs("HUB_NURSE", func(s *story) { s.assigned("a", "HUB_NURSE of HUB-CAM", "HUB_NURSE", "HUB-CAM", false) })(s)
		s.at("2026-02-09 10:00").was(day("2026-02-01")).organisation("HUB-CAM", "", governance.StaffRoleEnded{Assignment: id("a")})
	}, []want{hindsight("k", "a")}},
	monitorCase{"a senior clinician in the public interest", protects("HUB_CLIN", func(s *story) { s.assigned("", "HUB_CLIN of HUB-CAM", "HUB_CLIN", "HUB-CAM", true) }), nil},
	monitorCase{"a clinician who is not senior", protects("HUB_CLIN", func(s *story) { s.assigned("a", "HUB_CLIN of HUB-CAM", "HUB_CLIN", "HUB-CAM", false) }),
		notDecider("not-a-decider", "a")},
	monitorCase{"a clinician whom no register marks", protects("HUB_CLIN", func(*story) {}), notDecider("not-a-decider")},
	monitorCase{"the Caldicott Guardian", protects("CALDICOTT", func(*story) {}), nil},
	monitorCase{"a navigator who passes it on", func(s *story) {
		s.by("NAVIGATOR", "HUB-CAM").record("k", disclosure.DisclosureDecided{Decision: id("k"), Basis: directCare(), Outcome: disclosure.Refer, Reason: "BEYOND_MY_AUTHORITY"})
	}, nil},
	monitorCase{"a navigator who refuses", func(s *story) {
		s.by("NAVIGATOR", "HUB-CAM").record("k", disclosure.DisclosureDecided{Decision: id("k"), Basis: directCare(), Outcome: disclosure.Refuse, Reason: "EXCESS"})
	}, notDecider("not-a-decider")},
	monitorCase{"by no rule", func(s *story) {
		s.by("NAVIGATOR", "HUB-CAM").record("k", disclosure.DisclosureDecided{Decision: id("k"), Outcome: disclosure.Refuse, Reason: "EXCESS"})
	}, nil},
)
