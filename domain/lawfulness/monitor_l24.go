package lawfulness

import (
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/supervision"
)

// l24: something was told on a consent in force that the person had last stood
// by more than twelve calendar months before, or before custody, release, a
// transfer or a change of who is told (policy; fairness, UK GDPR Article 5(1)(a);
// domain reference section 8.8, NEEDS_RECONFIRM).
var l24 = Monitor{ID: "L24", Version: 1, Severity: finding.Medium,
	Title:  "Relied-on consent stale",
	Source: "policy; fairness",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		c, _ := v.Case.Consent.Get(relied(d))
		version, _ := c.VersionAt(v.At)
		if c.StatusAt(v.At) != consent.Active {
			return nil // findings L01, L02, L06 and L49
		}
		hit := Hit{Evidence: []event.ID{grantOf(v, c.ID)}}
		if d.Event.Effective.Earliest().After(monthsLater(version.From, 12)) {
			hit.Notes = append(hit.Notes, "older-than-twelve-months")
		}
		if v.Case.NeedsReconfirm(c.ID, v.At) {
			hit.Notes = append(hit.Notes, "not-reconfirmed")
			sure := len(hit.Notes) > 1
			for _, e := range v.Events() {
				if changesRecipients(e) && e.Effective.Earliest().After(version.From.Earliest()) {
					hit.Evidence = append(hit.Evidence, e.ID)
					sure = sure || !unordered(e.Effective, version.From) && !unordered(e.Effective, d.Event.Effective)
				}
			}
			hit.Indeterminate = !sure
		}
		if len(hit.Notes) == 0 {
			return nil
		}
		return []Hit{hit}
	},
}

// changesRecipients reports whether an event is one after which the person
// should be asked again.
func changesRecipients(e event.Recorded) bool {
	switch e.Data.(type) {
	case supervision.CustodyEntered, supervision.ReleasedOnLicence, supervision.CaseTransferred, supervision.PractitionerAllocated:
		return true
	}
	return false
}

// monthsLater is the same time of day some calendar months later, of a day
// alone its end.
func monthsLater(w event.When, months int) time.Time {
	t := w.Latest()
	day := event.DayOf(t)
	return day.AddMonths(months).Start().Add(t.Sub(day.Start()))
}
