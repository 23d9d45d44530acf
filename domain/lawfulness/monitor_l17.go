package lawfulness

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/finding"
)

// l17: somebody decided who may not decide under that rule: their role is not
// one of its deciders, or by the staff register they did not hold it then
// (policy; Caldicott principle 4; domain reference section 8.8). Passing the
// question on decides nothing.
var l17 = Monitor{ID: "L17", Version: 1, Severity: finding.High,
	Title:  "Decider lacks role for rule",
	Source: "policy; Caldicott 4",
	OfDecision: func(v View, k Decision) []Hit {
		rule, ok := ruleOf(v, Disclosure{Decision: &k})
		if !ok || len(rule.Deciders) == 0 || k.Outcome == disclosure.Refer {
			return nil
		}
		actor := k.Event.Actor
		decider, senior := slices.Contains(rule.Deciders, actor.Role), slices.Contains(rule.Seniors, actor.Role)
		hit := Hit{}
		register := v.Shared.Governance(actor.Org).Staff
		held, marked := len(register) == 0, false
		for _, a := range register {
			if a.Staff != actor.ID {
				continue
			}
			hit.Evidence = append(hit.Evidence, a.Source)
			if a.Role == actor.Role && a.HoldsAt(v.At) {
				held, marked = true, marked || a.Senior
			}
		}
		switch {
		case !decider && !(senior && marked):
			hit.Notes = []finding.Note{"not-a-decider"}
		case !held:
			hit.Notes = []finding.Note{"role-not-held"}
		default:
			return nil
		}
		return []Hit{hit}
	},
}
