package lawfulness

import (
	"time"

	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/referral"
)

// l44: what was permitted was neither told nor closed by the last moment at
// which it might be told (data quality). Sending the referral that a decision
// is for tells it.
var l44 = Monitor{ID: "L44", Version: 1, Severity: finding.Low,
	Title:  "Decision permitted but never executed/closed by valid_until",
	Source: "data quality",
	OfCase: func(v View) []Hit {
		done := map[event.UUID]time.Time{} // when a decision was first carried out or closed
		for _, e := range v.Events() {
			var decision event.UUID
			switch d := e.Data.(type) {
			case disclosure.DisclosureMade:
				decision = d.Decision
			case disclosure.UnplannedDisclosureReported:
				decision = d.Decision
			case disclosure.OnwardDisclosed:
				decision = d.Decision
			case disclosure.DisclosureDecisionClosed:
				decision = d.Decision
			case referral.ReferralSent:
				decision = d.Decision
			default:
				continue
			}
			if at, ok := done[decision]; !ok || e.Effective.Earliest().Before(at) {
				done[decision] = e.Effective.Earliest()
			}
		}
		var hits []Hit
		for d := range v.Decisions() {
			if last, ok := v.Decision(d.Decision); !ok || last.Event.ID != d.Event.ID || d.Outcome != disclosure.Permit || d.Basis.ValidUntil.IsZero() {
				continue
			}
			until := d.Basis.ValidUntil.Latest()
			if at, ok := done[d.Decision]; !ok || at.After(until) {
				hits = append(hits, Hit{Item: d.Event.ID, Due: until.Add(time.Microsecond)})
			}
		}
		return hits
	},
}
