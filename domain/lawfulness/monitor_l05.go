package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l05: more categories were told than were decided, than the consent relied on
// covers, or than the rule's ceiling holds (UK GDPR Article 5(1)(c); Caldicott
// principle 3). Where nobody decided, the ceiling is that of a rule that fits
// the sides and the purpose; if none fits, all of it is excess.
var l05 = Monitor{ID: "L05", Version: 1, Severity: finding.High,
	Title:  "Excess categories",
	Source: "Art 5(1)(c); Caldicott 3",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		hit := Hit{Evidence: []event.ID{decidedBy(d)}}
		note := func(n finding.Note, beyond []event.Category) {
			if len(beyond) == 0 {
				return
			}
			hit.Notes = append(hit.Notes, n)
			for _, c := range beyond {
				if !slices.Contains(hit.Categories, c) {
					hit.Categories = append(hit.Categories, c)
				}
			}
		}
		if d.Decision != nil {
			note("beyond-decision", without(d.Flow.Categories, d.Decision.Flow.Categories...))
		}
		c, _ := v.Case.Consent.Get(relied(d))
		scope, agreed := scopeOf(c, v)
		if agreed {
			beyond := slices.DeleteFunc(slices.Clone(d.Flow.Categories), scope.CoversCategory)
			if note("beyond-consent", beyond); len(beyond) > 0 {
				hit.Evidence = append(hit.Evidence, grantOf(v, c.ID))
			}
		}
		var consented []event.Category
		if agreed {
			consented = scope.Categories
		}
		note("beyond-ceiling", beyondCeiling(v, d, consented))
		if len(hit.Categories) == 0 {
			return nil
		}
		slices.Sort(hit.Categories)
		return []Hit{hit}
	},
}

func without(all []event.Category, these ...event.Category) []event.Category {
	return slices.DeleteFunc(slices.Clone(all), func(c event.Category) bool { return slices.Contains(these, c) })
}

// beyondCeiling are the categories told that are beyond the ceiling of the rule
// decided by, or else of the rule that fits and leaves the fewest. Therapy
// content of a mental health requirement is finding L29.
func beyondCeiling(v View, d Disclosure, consented []event.Category) []event.Category {
	told := d.Flow.Categories
	if len(l29.OfDisclosure(v, d)) > 0 {
		told = without(told, "H.NOTE")
	}
	beyond := func(r Rule) []event.Category {
		return slices.DeleteFunc(slices.Clone(told), func(c event.Category) bool { return r.Within(c, consented...) })
	}
	if rule, ok := ruleOf(v, d); ok {
		return beyond(rule)
	}
	least := told
	for _, r := range fitting(v, d.Flow) {
		if b := beyond(r); len(b) < len(least) {
			least = b
		}
	}
	return least
}
