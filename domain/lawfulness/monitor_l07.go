package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l07: the person gave or reconfirmed a consent while they lacked capacity for
// that kind of decision: the latest assessment of it was not HAS, or, where
// capacity fluctuates, not HAS on that day (Mental Capacity Act 2005 sections 2
// and 3; domain reference section 8.8).
var l07 = Monitor{ID: "L07", Version: 1, Severity: finding.Critical,
	Title:  "Consent by person lacking capacity for that decision",
	Source: "MCA 2005",
	OfEvent: func(v View, e event.Recorded) []Hit {
		switch d := e.Data.(type) {
		case consent.ConsentGranted:
			return incapable(v, e, d.Kind, d.GivenBy)
		case consent.ConsentReconfirmed:
			_, grant, ok := Last(v, func(_ event.Recorded, g consent.ConsentGranted) bool { return g.Consent == d.Consent })
			if ok {
				return incapable(v, e, grant.Kind, grant.GivenBy)
			}
		}
		return nil
	},
}

func incapable(v View, given event.Recorded, kind consent.Kind, by consent.Giver) []Hit {
	if by == consent.Attorney || by == consent.Deputy || v.Case.Consent.CapableAt(kind, given.Effective) {
		return nil
	}
	var latest event.Recorded
	for e, a := range All[consent.CapacityAssessed](v) {
		if a.Decision == kind && a.Outcome.State() == event.Open && !e.Effective.Earliest().Before(latest.Effective.Earliest()) {
			latest = e
		}
	}
	return []Hit{{Evidence: []event.ID{latest.ID}, Indeterminate: unordered(latest.Effective, given.Effective)}}
}
