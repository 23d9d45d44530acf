package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/finding"
	"caseledger/domain/supervision"
)

func gateway(g disclosure.Gateway) func(*disclosure.Basis) {
	return func(b *disclosure.Basis) { b.Gateway = g }
}

// by another rule, if any, and gateway.
func by(r disclosure.Rule, g disclosure.Gateway) func(*disclosure.Basis) {
	return func(b *disclosure.Basis) { b.Rule, b.Gateway = r, g }
}

var wrong = []want{{item: "d", evidence: []string{"k"}, notes: []finding.Note{}, known: true, now: true}}

var _ = check("L12",
	monitorCase{"the health duty towards probation, journey B10", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), gateway("G-251B")), wrong},
	monitorCase{"the general functions", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), nil), nil},
	monitorCase{"the health duty between care providers", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
	monitorCase{"the health duty towards a drug service that cares", decidedOn(flow(org("HUB-MID"), org("DRUG1"), "DIRECT_CARE", "H.SUBSTANCE"),
		directCare(), by("R02", "G-251B")), nil},
	monitorCase{"the health duty towards a support charity", decidedOn(flow(org("HUB-MID"), org("VOL1"), "REHAB_SUPPORT", "H.REFERRAL"),
		directCare(), by("", "G-251B")), wrong},
	monitorCase{"the health duty towards housing", decidedOn(flow(org("HUB-MID"), org("HOUSE-MID"), "HOUSING_SUPPORT", "W.HOUSING"),
		directCare(), by("", "G-251B")), wrong},
	monitorCase{"the health duty towards Wales", decidedOn(flow(org("HUB-MID"), org("WALES-LHB"), "DIRECT_CARE", "H.NOTE"), directCare(), by("R01", "G-251B")), wrong},
	monitorCase{"the health duty after the case went to Wales", func(s *story) {
		s.record("", supervision.CaseTransferred{From: "N54", To: "N03"})
		decidedOn(toPractice("H.NOTE"), directCare(), nil)(s)
	}, wrong},
	monitorCase{"OMA 2007 with the NHS", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), by("", "G-OMA14")), wrong},
	monitorCase{"OMA 2007 with a housing authority", decidedOn(forwarded, forwarding, nil), nil},
	monitorCase{"the serious violence duty with patient information", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"), by("", "G-SVD")), wrong},
	monitorCase{"depersonalised sets", decidedOn(toPractice("ID.DEMOG"), directCare(), by("", "G-CDA17A")), wrong},
	monitorCase{"section 251 for supervision", decidedOn(toProbation("H.ATTENDANCE"), rehabilitation("c"),
		func(b *disclosure.Basis) { b.Rule, b.Confidence = "", disclosure.Section251 }), wrong},
	monitorCase{"section 251 for research", decidedOn(flow(org("HUB-MID"), org("RESEARCH1"), "RESEARCH", "H.NOTE"), disclosure.Basis{Rule: "R17",
		Confidence: disclosure.Section251, Gateway: "G-251"}, nil), nil},
	monitorCase{"not one of its rule", decidedOn(toPractice("H.NOTE"), directCare(), gateway("G-CARE")),
		[]want{{item: "d", notes: []finding.Note{"not-of-the-rule"}, known: true, now: true}}},
	monitorCase{"none", decidedOn(toPractice("H.NOTE"), directCare(), gateway("")),
		[]want{{item: "d", notes: []finding.Note{"no-gateway"}, known: true, now: true}}},
	monitorCase{"a rule that needs none", decidedOn(flow(org("HUB-MID"), org("CRISIS"), "EMERGENCY", "H.RISK_SELF"), directCare(), by("R11", "")), nil},
	monitorCase{"nobody decided: L04", func(s *story) { s.discloses("d", "", toProbation("H.ATTENDANCE")) }, nil},
)
