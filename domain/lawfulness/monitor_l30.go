package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/person"
	"caseledger/domain/screening"
)

// l30: the person had not been told what happens to information about them
// when the NHS first collected health information from them, or by the end of
// the same day of the month after they were registered (UK GDPR Articles 13 and
// 14; Caldicott 8). It is found once for each person, at the first of the two.
var l30 = Monitor{ID: "L30", Version: 1, Severity: finding.Medium,
	Title:  "No privacy information by the first health collection, or > 1 month after registration",
	Source: "UK GDPR Arts 13–14; Caldicott 8",
	OfCase: func(v View) []Hit {
		var hits []Hit
		untold := func(by event.When, due time.Time, item event.Recorded) {
			told, doubt, evidence := noticeBy(v, by)
			if !told {
				hits = append(hits, Hit{Item: item.ID, Due: due, Evidence: evidence, Indeterminate: doubt})
			}
		}
		var first event.Recorded
		for _, e := range v.Events() {
			if collectsHealth(e) && (first.ID.IsZero() || e.Effective.Earliest().Before(first.Effective.Earliest())) {
				first = e
			}
		}
		if !first.ID.IsZero() {
			untold(first.Effective, first.Effective.Earliest(), first)
		}
		for e := range All[person.PersonRegistered](v) {
			day := event.DayOf(e.Effective.Earliest()).AddMonths(1)
			untold(event.On(day), day.End(), e)
			break
		}
		slices.SortStableFunc(hits, func(a, b Hit) int { return a.Due.Compare(b.Due) })
		return hits[:min(1, len(hits))]
	},
}

// collectsHealth reports whether an event is the NHS's taking down of health
// information from the person.
func collectsHealth(e event.Recorded) bool {
	switch e.Data.(type) {
	case screening.ScreeningCompleted, screening.RiskFlagRaised, screening.TestResultRecorded:
		return e.Actor.Side == event.NHS
	}
	return false
}

// noticeBy reports whether a privacy notice had been given by a time; doubt if
// the record says the days only, and the order in a day decides. Evidence is
// the first notice that was given, if it came too late.
func noticeBy(v View, by event.When) (told, doubt bool, evidence []event.ID) {
	for e := range All[person.PrivacyNoticeGiven](v) {
		_, wholeDay := by.Day()
		switch {
		case e.Effective.Proves(by.Earliest()), wholeDay && e.Effective.Proves(by.Latest()):
			return true, false, nil
		case e.Effective.Begun(by.Latest()):
			doubt = true
		}
		evidence = append(evidence, e.ID)
	}
	return false, doubt, evidence[:min(1, len(evidence))]
}
