package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// permit is a complete record of a decision to tell by a rule: of each basis
// the rule names, the usual one.
func permit(name string, by disclosure.Rule, f disclosure.Flow) disclosure.DisclosureDecided {
	r, ok := Default().Rule(by)
	if !ok {
		panic("no rule " + string(by))
	}
	f.ToRole, f.Detail = "PP", "SUMMARY"
	return disclosure.DisclosureDecided{Decision: id(name), Flow: f, Outcome: disclosure.Permit, Reason: "NECESSARY",
		Basis: disclosure.Basis{Rule: by, RuleVersion: r.Version, Article6: usual(r.Article6), Article9: usual(r.Article9),
			Schedule1: usual(r.Schedule1), Confidence: usual(r.Confidence), Gateway: usual(r.Gateways),
			ValidUntil: day("2027-12-31"), Informed: disclosure.WasInformed},
		Necessity: event.Own("an invented reason")}
}

func usual[C any](of []C) (first C) {
	if len(of) > 0 {
		first = of[0]
	}
	return first
}

// decides records a permit by a rule under a name, and tells records that what
// was decided was told.
func (s *story) decides(name string, by disclosure.Rule, f disclosure.Flow) *story {
	return s.record(name, permit(name, by, f))
}

func (s *story) tells(name, decision string, f disclosure.Flow) *story {
	return s.record(name, told(name, decision, f))
}

func told(name, decision string, f disclosure.Flow) disclosure.DisclosureMade {
	d := disclosure.DisclosureMade{Disclosure: id(name), Flow: f, Method: "SYSTEM"}
	if decision != "" {
		d.Decision = id(decision)
	}
	return d
}
