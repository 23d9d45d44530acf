package lawfulness

import (
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/reference"
	"caseledger/domain/screening"
)

// l42: a screening showed thoughts of self-harm, and by the end of the same
// Europe/London day no risk was flagged and none was assessed (clinical safety;
// domain reference section 5).
var l42 = Monitor{ID: "L42", Version: 1, Severity: finding.Medium,
	Title:  "Self-harm trigger without RiskFlagRaised/assessment in same day",
	Source: "clinical safety; domain reference section 5 rule 7",
	OfCase: func(v View) []Hit {
		seen := map[event.Day]bool{} // a risk was flagged or assessed
		for _, e := range v.Events() {
			switch e.Data.(type) {
			case screening.RiskFlagRaised, screening.RiskFlagReviewed:
				seen[event.DayOf(e.Effective.Earliest())] = true
			}
		}
		var hits []Hit
		for e, d := range All[screening.ScreeningCompleted](v) {
			if day := event.DayOf(e.Effective.Earliest()); !seen[day] && triggers(d, day) {
				hits = append(hits, Hit{Item: e.ID, Due: day.End()})
			}
		}
		return hits
	},
}

// triggers reports whether a screening shows thoughts of self-harm, as far as
// it can be read.
func triggers(d screening.ScreeningCompleted, day event.Day) bool {
	i, ok := reference.Instruments.Find(d.Instrument.Value(), day)
	if !ok {
		i, _ = reference.Instruments.Latest(d.Instrument.Value())
	}
	total, state := d.Total.Get()
	return i.Triggers(d.Items.Value(), total, state == event.Open)
}
