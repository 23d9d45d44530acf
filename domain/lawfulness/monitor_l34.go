package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/rights"
)

// l34: a request for a copy was not answered by the end of the day on which it
// was due, lawful extensions and the days on which the clock stood considered
// (UK GDPR Articles 12(3) and 15; domain reference sections 8.8 and 9.2).
var l34 = Monitor{ID: "L34", Version: 1, Severity: finding.Medium,
	Title:  "SAR late",
	Source: "UK GDPR Art 12(3), 15",
	OfCase: func(v View) []Hit {
		var hits []Hit
		for _, r := range v.Case.Rights.Requests {
			due, running := r.Due()
			if r.Kind != rights.Access || !running || !r.Responded.IsZero() && event.DayOf(r.Responded.Earliest()) <= due {
				continue
			}
			hits = append(hits, Hit{Item: r.Source, Due: due.End(), Evidence: []event.ID{r.Answer}})
		}
		return hits
	},
}
