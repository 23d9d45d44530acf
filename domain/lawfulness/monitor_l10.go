package lawfulness

import (
	"slices"

	"caseledger/domain/agreement"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l10: systematic sharing went to somebody who is no party to the agreement, or
// for a purpose or of a category that is not in it (UK GDPR Article 5(1)(b);
// domain reference sections 8.1 and 9.1). The agreement is the one that the
// decision names, or else the one that comes nearest.
var l10 = Monitor{ID: "L10", Version: 1, Severity: finding.High,
	Title:  "Recipient outside agreement",
	Source: "DSA; Art 5(1)(b)",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		if !needsAgreement(v, d) {
			return nil
		}
		hit := Hit{Evidence: []event.ID{decidedBy(d)}}
		a, ok := agreementOf(v, d)
		if !ok {
			hit.Notes = []finding.Note{"no-agreement"}
			return []Hit{hit}
		}
		_, version := a.StatusAt(v.At)
		hit.Evidence = append(hit.Evidence, version.Source)
		hit.Notes, hit.Categories = outside(v, version.Terms, d.Flow)
		if len(hit.Notes) == 0 {
			return nil
		}
		return []Hit{hit}
	},
}

// needsAgreement reports whether the rule that was decided by is one of
// systematic sharing.
func needsAgreement(v View, d Disclosure) bool {
	_, decided := basisOf(d)
	rule, ok := ruleOf(v, d)
	return decided && ok && rule.Agreement
}

// outside says what of a flow an agreement does not extend to.
func outside(v View, t agreement.Terms, f disclosure.Flow) (notes []finding.Note, categories []event.Category) {
	if !v.Shared.Party(t, f.FromOrg) || !v.Shared.Party(t, f.ToOrg) {
		notes = append(notes, "not-a-party")
	}
	if !t.CoversPurpose(f.Purpose) {
		notes = append(notes, "purpose-not-covered")
	}
	for _, c := range f.Categories {
		if !t.CoversCategory(f.Direction.From, f.Direction.To, c) {
			categories = append(categories, c)
		}
	}
	if len(categories) > 0 {
		notes = append(notes, "category-not-covered")
	}
	return notes, categories
}

// agreementOf is the agreement that a decision names; or, where it names none,
// of those between the two the one that covers most and is in force, if any.
func agreementOf(v View, d Disclosure) (agreement.State, bool) {
	if named := d.Decision.Basis.Agreement; !named.IsZero() {
		return v.Shared.Agreement(named)
	}
	var nearest agreement.State
	best := -1
	for _, a := range v.Shared.Agreements() {
		status, version := a.StatusAt(v.At)
		notes, _ := outside(v, version.Terms, d.Flow)
		if slices.Contains(notes, "not-a-party") {
			continue
		}
		fit := 2 * (2 - len(notes))
		if status == agreement.InForce {
			fit++
		}
		if fit > best {
			nearest, best = a, fit
		}
	}
	return nearest, best >= 0
}
