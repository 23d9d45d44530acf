package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l14: something held under a duty of confidence was told by a decision that
// does not say what lifts the duty (common law duty of confidentiality). Towards
// the person there is no such duty, and a rule may need nothing to lift it.
var l14 = Monitor{ID: "L14", Version: 1, Severity: finding.Critical,
	Title:  "Confidence basis missing for K category",
	Source: "CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		b, decided := basisOf(d)
		of := ofKind(d.Flow.Categories, confidential)
		if !decided || len(of) == 0 || b.Confidence != "" || d.Flow.Direction.To == event.PersonSide {
			return nil
		}
		if rule, ok := ruleOf(v, d); ok && len(rule.Confidence) == 0 {
			return nil
		}
		return []Hit{{Evidence: []event.ID{decidedBy(d)}, Categories: of}}
	},
}
