package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

func excess(item string, of []event.Category, notes ...finding.Note) want {
	return want{item: item, known: true, now: true, of: of, notes: notes}
}

var scores = []event.Category{"H.SCREEN_SCORE"}

var _ = check("L05",
	monitorCase{"more than was decided, journey A9", refused(func(s *story) {
		s.at("2026-02-06 14:05").record("d", disclosure.UnplannedDisclosureReported{Disclosure: id("d"), Decision: id("k"),
			Flow: toProbation("H.ATTENDANCE", "H.SCREEN_SCORE"), Mishap: "TOO_MUCH"})
	}), []want{excess("d", scores, "beyond-decision", "beyond-consent", "beyond-ceiling")}},
	monitorCase{"as decided", refused(func(s *story) { s.at("2026-02-06 14:05").discloses("d", "k", toProbation("H.ATTENDANCE")) }), nil},
	monitorCase{"decided beyond the consent, within the ceiling", func(s *story) {
		s.agrees("c", probation("H.ATTENDANCE")).permits("k", toProbation("H.REFERRAL"), rehabilitation("c")).discloses("d", "k", toProbation("H.REFERRAL"))
	}, []want{excess("d", []event.Category{"H.REFERRAL"}, "beyond-consent")}},
	monitorCase{"beyond the ceiling, which the consent extends", func(s *story) {
		s.agrees("c", probation("H.NEURO")).permits("k", toProbation("H.NEURO"), rehabilitation("c")).discloses("d", "k", toProbation("H.NEURO"))
	}, nil},
	monitorCase{"beyond the ceiling, and no consent extends it", func(s *story) {
		s.permits("k", toProbation("H.NEURO"), rehabilitation("")).discloses("d", "k", toProbation("H.NEURO"))
	}, []want{excess("d", []event.Category{"H.NEURO"}, "beyond-ceiling")}},
	monitorCase{"a result told to housing, journey B5", func(s *story) {
		f := flow(org("PROB-N54"), org("HOUSE-MID"), "HOUSING_SUPPORT", "H.DRUGTEST")
		s.permits("k", f, disclosure.Basis{Rule: "R09", RuleVersion: 1, Article6: "A6E", Schedule1: "p6", Gateway: "G-OMA14"}).discloses("d", "k", f)
	}, []want{excess("d", []event.Category{"H.DRUGTEST"}, "beyond-ceiling")}},
	monitorCase{"undecided, within the ceiling of the rule that fits", func(s *story) { s.discloses("d", "", toPractice("H.NOTE", "ID.DEMOG")) }, nil},
	monitorCase{"undecided, beyond it", func(s *story) { s.discloses("d", "", toPractice("H.NOTE", "J.OFFENCE")) },
		[]want{excess("d", []event.Category{"J.OFFENCE"}, "beyond-ceiling")}},
	monitorCase{"undecided, and no rule fits", func(s *story) {
		s.discloses("d", "", flow(org("HUB-CAM"), org("HOUSE-MID"), "RESEARCH", "ID.DEMOG", "H.NOTE"))
	}, []want{excess("d", []event.Category{"H.NOTE", "ID.DEMOG"}, "beyond-ceiling")}},
	monitorCase{"decided too late, but what was decided, journey B9", func(s *story) {
		s.at("2026-03-18 14:00").discloses("d", "k", toPractice("H.NOTE"))
		s.at("2026-03-18 14:40").permits("k", toPractice("H.NOTE"), directCare())
	}, nil},
	monitorCase{"within one controller", func(s *story) {
		s.discloses("d", "", flow(org("HUB-CAM"), org("HUB-MID"), "RESEARCH", "H.NOTE"))
	}, nil},
	monitorCase{"a decision that was corrected since", func(s *story) {
		s.permits("k", toPractice("H.NOTE"), directCare()).at("2026-02-03 10:00").discloses("d", "k", toPractice("H.NOTE", "H.LTC"))
		s.at("2026-02-04 10:00").was(london("2026-02-02 09:00")).correct("k2", "k",
			disclosure.DisclosureDecided{Decision: id("k"), Flow: toPractice("H.NOTE", "H.LTC"), Basis: directCare(), Outcome: disclosure.Permit})
	}, []want{{item: "d", known: true, of: []event.Category{"H.LTC"}}}},
)
