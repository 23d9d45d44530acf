package lawfulness

import (
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// backDated is how long after it was so a fact may be recorded without a
// reason (policy); elapsed hours.
const backDated = 24 * time.Hour

// l39: the revisions of the person's stream have a gap; or a fact was recorded
// after a disclosure, as having been so before it, more than 24 hours after it
// was so and without a reason (UK GDPR Article 5(1)(f); DPA 2018 section 62).
// An import, a report of an unplanned disclosure and a correction carry their
// own reason, and what a timer records follows from what was there. A day
// counts from its end. The hash chain itself is checked by the ledger.
var l39 = Monitor{ID: "L39", Version: 1, Severity: finding.Critical,
	Title:  "Ledger gap, hash break, or event after disclosure back-dated > 24 h (policy) without CorrectionReason",
	Source: "UK GDPR Art 5(1)(f); DPA 2018 s.62",
	OfCase: func(v View) []Hit {
		var hits []Hit
		revisions := map[event.StreamID]event.Revision{}
		for _, e := range v.recorded {
			if last := revisions[e.Stream]; e.Revision != last+1 {
				hits = append(hits, Hit{Item: e.ID, Key: "gap", Due: e.RecordedAt})
			}
			revisions[e.Stream] = e.Revision
		}
		var told []Disclosure
		for _, e := range v.events {
			if e.RecordedAt.Sub(over(e.Effective)) > backDated && !reasoned(e) {
				for _, d := range told {
					if d.Event.Position < e.Position && e.Effective.Earliest().Before(d.Event.Effective.Earliest()) {
						hits = append(hits, Hit{Item: e.ID, Key: "back-dated", Due: e.RecordedAt, Evidence: []event.ID{d.Event.ID}})
						break
					}
				}
			}
			if d, ok := v.disclosure(e); ok && v.crosses(d) {
				told = append(told, d)
			}
		}
		return hits
	},
}

// over is when what was so at w was so at the latest: of a day, its end.
func over(w event.When) time.Time {
	if day, whole := w.Day(); whole {
		return day.End()
	}
	return w.Latest()
}

// reasoned reports whether an event says itself why it may come late.
func reasoned(e event.Recorded) bool {
	_, report := e.Data.(disclosure.UnplannedDisclosureReported)
	return report || e.Origin == event.Imported || e.IsCorrection() || e.Actor.Role == "SYSTEM"
}
