package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l38: an organisation told another controller something for a purpose, and
// its controller's record of processing has no entry for telling that side for
// that purpose (UK GDPR Article 30). It is found once for each organisation,
// purpose and recipient side. What nobody meant to tell is no processing to
// keep a record of.
var l38 = Monitor{ID: "L38", Version: 1, Severity: finding.Low,
	Title:  "Flow absent from record of processing",
	Source: "UK GDPR Art 30",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		from, to := d.Flow.FromOrg, d.Flow.Direction.To
		if d.Unplanned || from.IsZero() || to == "" || to == event.PersonSide {
			return nil
		}
		for _, g := range ofController(v.Shared, from) {
			if _, covered := g.RopaCovers(d.Flow.Purpose, to, v.At); covered {
				return nil
			}
		}
		return []Hit{{Organisation: from, Key: kebab(string(d.Flow.Purpose), string(to))}}
	},
}
