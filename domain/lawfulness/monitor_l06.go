package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l06: something was told on a consent at or after its end (common law duty of
// confidentiality; half-open, domain reference section 7.3). It says whether
// implied consent would have been another basis.
var l06 = Monitor{ID: "L06", Version: 1, Severity: finding.High,
	Title:  "Reliance on expired consent",
	Source: "CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		c, _ := v.Case.Consent.Get(relied(d))
		if c.StatusAt(v.At) != consent.Expired {
			return nil
		}
		version, _ := c.VersionAt(v.At)
		hit := Hit{Evidence: []event.ID{grantOf(v, c.ID)},
			// A day means from its start.
			Indeterminate: unordered(event.At(version.Expires.Earliest()), d.Event.Effective)}
		for e, x := range All[consent.ConsentExpired](v) {
			if x.Consent == c.ID {
				hit.Evidence = append(hit.Evidence, e.ID)
			}
		}
		if impliedInstead(v, d) {
			hit.Notes = []finding.Note{"another-basis-available"}
		}
		return []Hit{hit}
	},
}

// impliedInstead reports whether a rule fits by which all of it might have been
// told on implied consent, and the person had not said no.
func impliedInstead(v View, d Disclosure) bool {
	return slices.ContainsFunc(fitting(v, d.Flow), func(r Rule) bool {
		return slices.Contains(r.Confidence, disclosure.ImpliedConsent) && !slices.ContainsFunc(d.Flow.Categories, func(c event.Category) bool {
			return !r.Within(c) || v.Case.Consent.Denied(cell(d.Flow, c), v.At)
		})
	})
}
