package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// l33: 72 hours after a controller became aware of a notifiable breach the
// regulator had not been told, and what was said later gives no reason for the
// delay (UK GDPR Article 33(1)).
var l33 = Monitor{ID: "L33", Version: 1, Severity: finding.High,
	Title:  "Notifiable breach not sent to regulator ≤72 h of awareness, no delay reason",
	Source: "UK GDPR Art 33(1)",
	OfOrganisation: func(_ Known, g governance.State) []Hit {
		var hits []Hit
		for _, b := range g.Breaches {
			due := b.NotifyBy()
			told := !b.Notified.IsZero() && (b.Delay != "" || !b.Notified.Earliest().After(due))
			if b.Notifiable && !b.AwareAt.IsZero() && !told {
				hits = append(hits, Hit{Item: b.Source, Due: due, Evidence: []event.ID{b.NotifiedBy}, People: b.Subjects})
			}
		}
		return hits
	},
}
