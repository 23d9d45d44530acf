package lawfulness

import (
	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l11: systematic sharing took place while its agreement was not in force: not
// signed by all or not begun, expired, suspended or terminated (UK GDPR Article
// 5(2); domain reference section 9.1).
var l11 = Monitor{ID: "L11", Version: 1, Severity: finding.High,
	Title:  "Agreement expired/not yet in force/suspended at d.at",
	Source: "Art 5(2)",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if !needsAgreement(v, d) {
			return nil
		}
		a, ok := agreementOf(v, d)
		status, version := a.StatusAt(v.At)
		if !ok || status == agreement.InForce {
			return nil
		}
		hit := Hit{Evidence: []event.ID{decidedBy(d), version.Source}, Notes: statusNotes[status]}
		switch status {
		case agreement.Terminated:
			hit.Evidence = append(hit.Evidence, a.TerminatedBy)
			hit.Indeterminate = unordered(a.Terminated, d.Event.Effective)
		case agreement.Suspended:
			for _, s := range a.Suspended {
				if s.From.Begun(v.At) && (s.Until.IsZero() || !s.Until.Begun(v.At)) {
					hit.Evidence = append(hit.Evidence, s.Source)
					hit.Indeterminate = unordered(s.From, d.Event.Effective)
				}
			}
		default:
		}
		return []Hit{hit}
	},
}

var statusNotes = map[agreement.Status][]finding.Note{
	agreement.None:       {"not-in-force-yet"},
	agreement.Draft:      {"not-in-force-yet"},
	agreement.Expired:    {"expired"},
	agreement.Suspended:  {"suspended"},
	agreement.Terminated: {"terminated"},
}
