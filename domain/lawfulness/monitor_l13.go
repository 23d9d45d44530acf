package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l13: a public body told something with consent as its basis of Article 6, and
// its data protection officer had not allowed that: somebody under supervision
// is not free to refuse a public authority (UK GDPR Article 7, recital 43).
var l13 = Monitor{ID: "L13", Version: 1, Severity: finding.High,
	Title:  "UK GDPR consent used as Art 6 basis by public authority without DPO override",
	Source: "Art 7, recital 43",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		b, decided := basisOf(d)
		if !decided || b.Article6 != consentBasis || !public(d.Flow.Direction.From) {
			return nil
		}
		grant, g, ok := Last(v, func(_ event.Recorded, g consent.ConsentGranted) bool {
			return g.Consent == relied(d) && !g.Consent.IsZero()
		})
		if ok && g.DPOOverride != "" {
			return nil
		}
		return found(decidedBy(d), grant.ID)
	},
}

// public reports whether the organisations of a side are public bodies.
func public(s event.Side) bool {
	return slices.Contains([]event.Side{event.NHS, event.Probation, event.Prison, event.LocalAuthority, event.Court, event.Police, event.Regulator}, s)
}
