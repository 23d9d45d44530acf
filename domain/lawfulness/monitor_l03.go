package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l03: something was told against a live refusal or objection of the person,
// and the rule it was told by does not go ahead of that (HSCA 2012 section
// 251B(4); common law duty of confidentiality; domain reference section 8.4).
var l03 = Monitor{ID: "L03", Version: 1, Severity: finding.Critical,
	Title:  "Contrary to live refusal/objection and no overriding rule",
	Source: "s.251B(4); CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		var hit Hit
		sure := false
		rule, decided := ruleOf(v, d)
		for _, c := range d.Flow.Categories {
			question := cell(d.Flow, c)
			if !v.Case.Consent.Denied(question, v.At) || decided && rule.Override(c, d.Decision.Basis.Confidence) {
				continue
			}
			hit.Categories = append(hit.Categories, c)
			for _, no := range denials(v, question) {
				hit.Evidence = append(hit.Evidence, no.ID)
				sure = sure || !unordered(no.Effective, d.Event.Effective)
			}
		}
		if len(hit.Categories) == 0 {
			return nil
		}
		hit.Indeterminate = !sure
		hit.Evidence = append(hit.Evidence, decidedBy(d))
		return []Hit{hit}
	},
}

// denials are the refusals and objections that stand against a cell.
func denials(v View, question consent.Cell) []event.Recorded {
	var standing []event.Recorded
	for _, e := range v.Events() {
		switch d := e.Data.(type) {
		case consent.ConsentRefused:
			if d.Kind == consent.Disclosure && d.Scope.Covers(question) {
				standing = append(standing, e)
			}
		case consent.ConsentGranted:
			if d.Kind == consent.Disclosure && d.Scope.Covers(question) {
				standing = slices.DeleteFunc(standing, func(e event.Recorded) bool {
					_, refusal := e.Data.(consent.ConsentRefused)
					return refusal
				})
			}
		case consent.ObjectionRecorded:
			if d.Scope.Covers(question) {
				standing = append(standing, e)
			}
		case consent.ObjectionLifted:
			standing = slices.DeleteFunc(standing, func(e event.Recorded) bool {
				o, objection := e.Data.(consent.ObjectionRecorded)
				return objection && o.Objection == d.Objection
			})
		}
	}
	return standing
}
