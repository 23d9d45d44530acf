package lawfulness

import (
	"slices"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l49: the consent relied on never was one, or never was given by then (common
// law duty of confidentiality). It says nothing where a withdrawal, the end or
// a lack of capacity already does (findings L01, L02, L06 and L07).
var l49 = Monitor{ID: "L49", Version: 1, Severity: finding.Critical,
	Title:  "Relied-on consent was INVALID or never ACTIVE",
	Source: "CLDC",
	OfDisclosure: func(v View, d Disclosure) []Hit {
		id := relied(d)
		if id.IsZero() {
			return nil
		}
		c, _ := v.Case.Consent.Get(id)
		status := c.StatusAt(v.At)
		said := []consent.Status{consent.Active, consent.Expired, consent.Withdrawn}
		if slices.Contains(said, status) || len(withdrawals(v, d, true))+len(withdrawals(v, d, false)) > 0 || status == consent.Invalid && lackedCapacity(v, id) {
			return nil
		}
		hit := Hit{Evidence: []event.ID{grantOf(v, id), decidedBy(d)}}
		for _, e := range v.Events() {
			switch said := e.Data.(type) {
			case consent.ConsentInvalidated:
				if said.Consent == id {
					hit.Evidence = append(hit.Evidence, e.ID)
				}
			case consent.ConsentRefused:
				if said.Consent == id {
					hit.Evidence = append(hit.Evidence, e.ID)
				}
			}
		}
		return []Hit{hit}
	},
}

// lackedCapacity reports whether the consent was given without capacity.
func lackedCapacity(v View, id event.UUID) bool {
	e, ok := v.Find(grantOf(v, id))
	return ok && len(l07.OfEvent(v, e)) > 0
}
