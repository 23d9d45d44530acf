package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l09: offence data was told by a decision that names no condition of Schedule
// 1, by a side that does not process it under official authority (UK GDPR
// Article 10; DPA 2018 sections 10 and 11).
var l09 = Monitor{ID: "L09", Version: 1, Severity: finding.High,
	Title:  "Criminal data without Art 10/Sch 1 or official authority",
	Source: "Art 10, DPA s.10–11",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		b, decided := basisOf(d)
		of := ofKind(d.Flow.Categories, criminal)
		if !decided || len(of) == 0 || b.Schedule1 != "" || underOfficialAuthority(d.Flow.Direction.From) {
			return nil
		}
		return []Hit{{Evidence: []event.ID{decidedBy(d)}, Categories: of}}
	},
}
