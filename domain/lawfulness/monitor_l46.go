package lawfulness

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// l46: a health navigator, or somebody of a voluntary body who does not treat,
// looked at the record without a confidentiality undertaking in force: nobody
// else's duty of secrecy binds them (DPA 2018 section 11(1)).
var l46 = Monitor{ID: "L46", Version: 1, Severity: finding.High,
	Title:  "Navigator/VCSE actor on NHS data without confidentiality undertaking",
	Source: "DPA 2018 s.11(1)",
	OfLook: func(v View, l Look) []Hit {
		by := l.Event.Actor
		if by.Role != "NAVIGATOR" && (by.Side != event.VCSE || by.Role == "TX_PROV") {
			return nil
		}
		signed := v.Shared.Staff(by.ID).Undertook
		if slices.ContainsFunc(signed, func(u governance.Undertaking) bool { return u.HoldsAt(v.At) }) {
			return nil
		}
		var evidence []event.ID
		for _, u := range signed {
			evidence = append(evidence, u.Source)
		}
		return found(evidence...)
	},
}
