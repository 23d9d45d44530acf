package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
)

// l26: something was told to another controller that is about a victim or
// another third party (UK GDPR Articles 6 and 10; domain reference section 0.3:
// it never crosses).
var l26 = Monitor{ID: "L26", Version: 1, Severity: finding.Critical,
	Title:  "Victim/third-party data crossed the boundary",
	Source: "UK GDPR Art 6, 10",
	OfDisclosure: func(_ View, d Disclosure) []Hit {
		never := slices.DeleteFunc(slices.Clone(d.Flow.Categories), func(c event.Category) bool {
			e, listed := reference.Categories.Latest(c)
			return !listed || !e.NeverCrosses
		})
		if len(never) == 0 {
			return nil
		}
		return []Hit{{Evidence: []event.ID{decidedBy(d)}, Categories: never}}
	},
}
