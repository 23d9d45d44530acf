package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l04: something was told that nobody had decided to tell by then: there is no
// decision, or it came later, or was not a permit, or no longer held (UK GDPR
// Article 5(2)). What went beyond a decision that it names was decided.
var l04 = Monitor{ID: "L04", Version: 1, Severity: finding.Critical,
	Title:  "Disclosure before decision",
	Source: "accountability Art 5(2)",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if d.Decision == nil {
			return found()
		}
		k, told := *d.Decision, d.Event.Effective
		hit := Hit{Evidence: []event.ID{k.Event.ID}}
		switch until := k.Basis.ValidUntil; {
		case k.Outcome != disclosure.Permit:
			hit.Notes = []finding.Note{"no-permit"}
		case unordered(k.Event.Effective, told):
			hit.Indeterminate = true
		case told.Latest().Before(k.Event.Effective.Earliest()):
		case d.Unplanned:
			return nil
		case !until.IsZero() && told.Earliest().After(until.Latest()):
			hit.Notes = []finding.Note{"decision-lapsed"}
		default:
			closed, _, ok := Last(v, func(e event.Recorded, c disclosure.DisclosureDecisionClosed) bool {
				return c.Decision == k.Decision && e.Effective.Latest().Before(told.Earliest())
			})
			if !ok {
				return nil
			}
			hit.Evidence, hit.Notes = append(hit.Evidence, closed.ID), []finding.Note{"decision-closed"}
		}
		return []Hit{hit}
	},
}
