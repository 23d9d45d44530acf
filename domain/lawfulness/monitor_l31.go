package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/person"
)

// l31: something was told about whoever an identifier names, and the
// identifier is another person's: it was taken back as wrong, before or since
// (UK GDPR Article 5(1)(d) and (f); domain reference section 8.8: in hindsight
// it was wrong from when it was linked).
var l31 = Monitor{ID: "L31", Version: 1, Severity: finding.Critical,
	Title:  "Wrong-person disclosure (identifier later unlinked as wrong)",
	Source: "UK GDPR Art 5(1)(d),(f)",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		link, ok := v.Case.Person.Link(d.Identifier)
		if !ok || link.Ended != person.WrongPerson {
			return nil
		}
		unlinked, _, _ := Last(v, func(_ event.Recorded, u person.IdentifierUnlinked) bool { return u.Link == link.ID })
		return found(link.Source, unlinked.ID)
	},
}
