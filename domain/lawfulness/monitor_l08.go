package lawfulness

import (
	"slices"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l08: special category data was told by a decision that names no condition of
// Article 9, or 9(2)(g) without the condition of Schedule 1 Part 2 that it needs
// (UK GDPR Article 9; DPA 2018 section 10; domain reference section 8.8).
var l08 = Monitor{ID: "L08", Version: 1, Severity: finding.Critical,
	Title:  "Special category without Art 9 condition",
	Source: "Art 9",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		b, decided := basisOf(d)
		hit := Hit{Evidence: []event.ID{decidedBy(d)}, Categories: ofKind(d.Flow.Categories, special)}
		switch {
		case !decided || len(hit.Categories) == 0:
			return nil
		case b.Article9 == "":
		case b.Article9 == "A9G" && !slices.Contains(partTwo, b.Schedule1):
			hit.Notes = []finding.Note{"schedule-1-condition-absent"}
		default:
			return nil
		}
		return []Hit{hit}
	},
}

// basisOf is the basis of the decision to tell; false where nobody so decided:
// then no record of it can be wrong (domain reference section 8.8).
func basisOf(d Disclosure) (disclosure.Basis, bool) {
	if d.Decision == nil || d.Decision.Outcome != disclosure.Permit {
		return disclosure.Basis{}, false
	}
	return d.Decision.Basis, true
}
