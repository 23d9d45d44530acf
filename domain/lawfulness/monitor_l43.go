package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/referral"
)

// l43: a practice refused to register the person and had not given its reasons
// in writing by the end of the fourteenth Europe/London day after; or gave a
// reason that no practice may have, and nobody took it further by the end of
// that day (NHS England, registering with a GP; domain reference section 6.3).
var l43 = Monitor{ID: "L43", Version: 1, Severity: finding.Medium,
	Title:  "GP refusal: no written reasons in 14 days, or non-compliant reason not escalated",
	Source: "NHS England, registering with a GP",
	OfCase: func(v View) []Hit {
		var hits []Hit
		for e, refused := range All[referral.GPRegistrationRefused](v) {
			if e.Operational != event.Open {
				continue
			}
			day := event.DayOf(e.Effective.Earliest())
			last := day + referral.LetterDays
			written, late := !refused.LetterAt.IsZero() && event.DayOf(refused.LetterAt.Earliest()) <= last, event.ID{}
			for e, l := range All[referral.GPRefusalLetterRecorded](v) {
				if l.Referral == refused.Referral {
					written, late = written || event.DayOf(e.Effective.Earliest()) <= last, e.ID
				}
			}
			if !written {
				hits = append(hits, Hit{Item: e.ID, Key: "no-letter", Due: last.End(), Evidence: []event.ID{late}})
			}
			escalated, _, ok := Last(v, func(_ event.Recorded, o referral.EscalationOpened) bool { return o.Referral == refused.Referral })
			if !refused.Compliant && (!ok || event.DayOf(escalated.Effective.Earliest()) > day) {
				hits = append(hits, Hit{Item: e.ID, Key: "not-escalated", Due: day.End(), Evidence: []event.ID{escalated.ID}})
			}
		}
		return hits
	},
}
