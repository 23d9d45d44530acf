package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l01: something was told on a consent whose withdrawal was on the record by
// then (common law duty of confidentiality; Caldicott principles 6 and 8).
var l01 = Monitor{ID: "L01", Version: 1, Severity: finding.Critical,
	Title:  "Disclosure after withdrawal",
	Source: "CLDC, Caldicott 6/8",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		return afterWithdrawal(v, d, withdrawals(v, d, true))
	},
}

// withdrawals are those, by the time of a disclosure, of the consent it relied
// on: on the record by then, or recorded later.
func withdrawals(v View, d Disclosure, recorded bool) []event.Recorded {
	var of []event.Recorded
	for e, w := range All[consent.ConsentWithdrawn](v) {
		if !w.Consent.IsZero() && w.Consent == relied(d) && !e.RecordedAt.After(v.At) == recorded {
			of = append(of, e)
		}
	}
	return of
}

// afterWithdrawal finds a disclosure after any of the given withdrawals.
func afterWithdrawal(v View, d Disclosure, withdrawn []event.Recorded) []Hit {
	if len(withdrawn) == 0 {
		return nil
	}
	hit := Hit{Evidence: []event.ID{withdrawn[0].ID, grantOf(v, relied(d)), decidedBy(d)}}
	hit.Indeterminate = !slices.ContainsFunc(withdrawn, func(w event.Recorded) bool { return !unordered(w.Effective, d.Event.Effective) })
	return []Hit{hit}
}
