package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l41: confidential patient information was told for evaluation or research
// without asking whether the person opted out, or although they had, and
// nothing exempts it: neither their explicit consent, nor a statute, nor an
// overriding public interest (national data opt-out; domain reference section
// 7.5).
var l41 = Monitor{ID: "L41", Version: 1, Severity: finding.High,
	Title:  "NDO ignored in evaluation/research extract",
	Source: "National data opt-out operational policy",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		beyond := d.Flow.Purpose == "EVALUATION" || d.Flow.Purpose == "RESEARCH"
		if !beyond || len(ofKind(d.Flow.Categories, confidential)) == 0 || d.Decision != nil && exempts(d.Decision.Basis.Confidence) {
			return nil
		}
		checked, answer, ok := Last(v, func(event.Recorded, consent.OptOutStatusChecked) bool { return true })
		switch {
		case !ok:
			return []Hit{{Evidence: []event.ID{decidedBy(d)}, Notes: []finding.Note{"not-checked"}}}
		case answer.Result == consent.OptedOut:
			return []Hit{{Evidence: []event.ID{decidedBy(d), checked.ID}, Notes: []finding.Note{"opted-out"}}}
		}
		return nil
	},
}

// exempts reports whether what lifts the duty of confidence puts something
// outside the national data opt-out. Approval under section 251 does not.
func exempts(by disclosure.Confidence) bool {
	return by == disclosure.ExplicitConsent || by == disclosure.Statute || by == disclosure.PublicInterest
}
