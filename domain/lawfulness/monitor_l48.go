package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l48: the consent relied on is not about telling this recipient, or not for
// this purpose (common law duty of confidentiality). A consent to something
// other than disclosure is about telling nobody.
var l48 = Monitor{ID: "L48", Version: 1, Severity: finding.High,
	Title:  "Relied-on consent does not cover recipient or purpose",
	Source: "CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		c, ok := v.Case.Consent.Get(relied(d))
		if !ok || len(c.Versions) == 0 {
			return nil // finding L49
		}
		hit := Hit{Evidence: []event.ID{grantOf(v, c.ID), decidedBy(d)}}
		scope, ok := scopeOf(c, v)
		if !ok || !scope.CoversRecipient(cell(d.Flow, "").To) || scope.From != "" && scope.From != d.Flow.Direction.From {
			hit.Notes = append(hit.Notes, "recipient-not-covered")
		}
		if ok && !scope.CoversPurpose(d.Flow.Purpose) {
			hit.Notes = append(hit.Notes, "purpose-not-covered")
		}
		if len(hit.Notes) == 0 {
			return nil
		}
		return []Hit{hit}
	},
}
