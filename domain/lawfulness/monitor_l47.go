package lawfulness

import (
	"slices"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l47: the ledger, or the log of who looked, was read for a purpose for which
// it may not be used (DPA 2018 section 62(4)).
var l47 = Monitor{ID: "L47", Version: 1, Severity: finding.Medium,
	Title:  "LE log used for a purpose other than s.62(4)",
	Source: "DPA 2018 s.62(4)",
	OfLook: func(_ View, l Look) []Hit {
		if !l.IsLedger || l.Event.Operational != event.Open || slices.Contains(access.Purposes, l.Purpose) {
			return nil
		}
		return found()
	},
}
