package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/rights"
)

// l36: a record was disposed of or erased while a legal hold stood on it, or before the
// last day of the minimum of every schedule it falls under; one without an end
// is never over (Records Management Code 2021; domain reference section 9.3).
var l36 = Monitor{ID: "L36", Version: 1, Severity: finding.Critical,
	Title:  "Disposal during legal hold/inquiry or before minimum",
	Source: "Records Management Code 2021; Inquiries Act 2005 s.35",
	OfEvent: func(v View, e event.Recorded) []Hit {
		if e.Operational != event.Open {
			return nil
		}
		var hit Hit
		var missing finding.Note
		switch d := e.Data.(type) {
		case rights.RecordDisposed:
			if _, known := v.Case.Rights.Period(d.Period); !known {
				missing = "no-schedule"
			}
		case rights.ErasureDecided:
			if !slices.ContainsFunc(v.Case.Rights.Requests, func(r rights.Request) bool { return r.ID == d.Request }) {
				missing = "no-request"
			}
		default:
			return nil
		}
		for _, h := range v.Case.Rights.Holds {
			if h.LiveAt(e.Effective.Earliest()) {
				hit.Evidence, hit.Notes = append(hit.Evidence, h.Source), append(hit.Notes, "legal-hold")
			}
		}
		for _, p := range v.Case.Rights.Periods {
			if v.Shared.SameController(p.Org, e.Actor.Org) && (p.KeepUntil == 0 || event.DayOf(e.Effective.Earliest()) <= p.KeepUntil) {
				hit.Evidence, hit.Notes = append(hit.Evidence, p.Source), append(hit.Notes, "before-minimum")
			}
		}
		if missing != "" {
			hit.Notes = append(hit.Notes, missing)
		}
		if len(hit.Notes) == 0 {
			return nil
		}
		hit.Notes = slices.Compact(hit.Notes)
		return []Hit{hit}
	},
}
