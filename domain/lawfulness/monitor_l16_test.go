package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// inPublicInterest decides so on 10 March, with a reasoning that is changed; nil: none.
func inPublicInterest(change func(*disclosure.PublicInterestDecisionRecorded)) func(*story) {
	return func(s *story) {
		s.at("2026-03-10 09:00")
		if change != nil {
			why := event.Own("an invented reason")
			p := disclosure.PublicInterestDecisionRecorded{PublicInterest: id("p"), Decision: id("k"), Seriousness: "SERIOUS", Likelihood: "LIKELY",
				Informed: disclosure.WasNotInformed, ReviewOn: event.MustDay("2026-04-10"), Harm: why, Consent: why, Proportionality: why, Alternatives: why, WhyNot: why}
			change(&p)
			s.record("p", p)
		}
		s.permits("k", flow(org("HUB-MID"), org("PROB-N54"), "PUBLIC_PROTECTION", "H.RISK_SELF"), protection())
	}
}

func asIs(*disclosure.PublicInterestDecisionRecorded) {}

var blank = event.Own(" ")

func lacks(n finding.Note) []want {
	return []want{{item: "k", evidence: []string{"p"}, notes: []finding.Note{n}, known: true, now: true}}
}

var _ = check("L16",
	monitorCase{"with a full record, journey B7", inPublicInterest(asIs), nil},
	monitorCase{"without one", inPublicInterest(nil), []want{{item: "k", notes: []finding.Note{"no-reasoning"}, known: true, now: true}}},
	monitorCase{"no harm", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Harm = blank }), lacks("harm-blank")},
	monitorCase{"no seriousness", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Seriousness = "" }), lacks("seriousness-blank")},
	monitorCase{"no likelihood", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Likelihood = "" }), lacks("likelihood-blank")},
	monitorCase{"why consent was not sought", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Consent = event.Personal[string]{} }), lacks("why-no-consent-blank")},
	monitorCase{"no proportionality", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Proportionality = blank }), lacks("proportionality-blank")},
	monitorCase{"no alternatives", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Alternatives = blank }), lacks("alternatives-blank")},
	monitorCase{"whether the person was informed", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Informed = "" }), lacks("person-informed-blank")},
	monitorCase{"why the person was not informed", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.WhyNot = blank }), lacks("person-informed-blank")},
	monitorCase{"the person was informed", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) {
		p.Informed, p.WhyNot = disclosure.WasInformed, event.Personal[string]{}
	}), nil},
	monitorCase{"no review", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.ReviewOn = 0 }), lacks("review-blank")},
	monitorCase{"erased since", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Harm.Restore("", event.Erased) }), nil},
	monitorCase{"of another decision", inPublicInterest(func(p *disclosure.PublicInterestDecisionRecorded) { p.Decision = id("other") }), []want{both("k")}},
	monitorCase{"reasoned afterwards", func(s *story) {
		inPublicInterest(nil)(s)
		s.at("2026-03-10 10:00").record("p", disclosure.PublicInterestDecisionRecorded{Decision: id("k")})
	}, []want{both("k")}},
	monitorCase{"both imported", func(s *story) {
		s.at("2026-03-12 09:00").importing("PAPER").was(london("2026-03-10 09:00")).
			permits("k", flow(org("HUB-MID"), org("PROB-N54"), "PUBLIC_PROTECTION", "H.RISK_SELF"), protection())
		why := event.Own("an invented reason")
		s.importing("PAPER").was(london("2026-03-10 08:00")).record("p", disclosure.PublicInterestDecisionRecorded{Decision: id("k"), Seriousness: "SERIOUS",
			Likelihood: "LIKELY", Informed: disclosure.WasInformed, ReviewOn: event.MustDay("2026-04-10"), Harm: why, Consent: why, Proportionality: why, Alternatives: why})
	}, nil},
	monitorCase{"by another rule", decidedOn(toPractice("H.NOTE"), directCare(), nil), nil},
)
