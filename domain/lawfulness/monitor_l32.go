package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/person"
)

// l32: something was told about whoever an NHS number names while the number
// was not traced and verified, status 01 (UK GDPR Article 5(1)(d); domain
// reference section 2).
var l32 = Monitor{ID: "L32", Version: 1, Severity: finding.High,
	Title:  "Disclosure keyed on untraced NHS number (status ≠ 01)",
	Source: "UK GDPR Art 5(1)(d), accuracy",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		link, ok := v.Case.Person.Link(d.Identifier)
		if !ok || link.Type != person.NHSNumberType || link.Status == person.Traced {
			return nil
		}
		traced, _, _ := Last(v, func(_ event.Recorded, t person.IdentifierVerified) bool { return t.Link == link.ID })
		return found(link.Source, traced.ID)
	},
}
