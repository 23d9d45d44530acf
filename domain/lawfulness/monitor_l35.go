package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/finding"
	"caseledger/domain/rights"
)

// l35: a record was kept past the day on which it was to be disposed of, with
// neither a review nor a legal hold (UK GDPR Article 5(1)(e); Records
// Management Code). Of several schedules the longest counts. While a hold
// stands it is not yet so; a review clears it.
var l35 = Monitor{ID: "L35", Version: 1, Severity: finding.Medium,
	Title:  "Retention expired",
	Source: "UK GDPR Art 5(1)(e); Records Management Code",
	OfCase: func(v View) []Hit {
		var hits []Hit
		for _, p := range v.Case.Rights.Periods {
			if p.DisposeOn == 0 || reviewed(p) || outlasted(v, p) {
				continue
			}
			due, held := freeFrom(v.Case.Rights.Holds, p.DisposeOn.End())
			disposed := slices.ContainsFunc(v.Case.Rights.Disposed, func(d rights.Disposal) bool {
				return (d.Period == p.ID || !d.Request.IsZero() && v.Shared.SameController(d.Org, p.Org)) && d.At.Begun(due)
			})
			if !held && !disposed {
				hits = append(hits, Hit{Item: p.Source, Due: due})
			}
		}
		return hits
	},
}

// reviewed reports whether a review settled what happens at the period's end,
// as it stands: an earlier extension only moved that end.
func reviewed(p rights.Period) bool {
	return !p.Reviewed.IsZero() && (p.LastReview != rights.Extend || !p.Reviewed.Earliest().Before(p.DisposeOn.Start()))
}

// outlasted reports whether another schedule keeps the same record for longer.
func outlasted(v View, p rights.Period) bool {
	return slices.ContainsFunc(v.Case.Rights.Periods, func(o rights.Period) bool {
		return o.ID != p.ID && v.Shared.SameController(o.Org, p.Org) && (o.DisposeOn == 0 || o.DisposeOn > p.DisposeOn)
	})
}

// freeFrom is the first instant from t on at which no hold stands; held if
// there is none in sight. A hold keeps the whole record.
func freeFrom(holds []rights.Hold, t time.Time) (free time.Time, held bool) {
	for {
		i := slices.IndexFunc(holds, func(h rights.Hold) bool { return h.LiveAt(t) })
		switch {
		case i < 0:
			return t, false
		case holds[i].Lifted.IsZero():
			return t, true
		}
		t = holds[i].Lifted.Earliest()
	}
}
