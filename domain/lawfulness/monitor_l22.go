package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/person"
)

// l22: somebody whom limited access keeps out of the case looked at it, decided
// about it or told of it, and no live break-glass of theirs lifted that (HMPPS
// policy on limited access; UK GDPR Article 32). Reporting a mishap is free to
// everybody.
var l22 = Monitor{ID: "L22", Version: 1, Severity: finding.Critical,
	Title:  "Access to LAO case by excluded/not-listed user without break-glass",
	Source: "HMPPS policy; Art 32",
	OfEvent: func(v View, e event.Recorded) []Hit {
		_, looks := look(e)
		switch e.Data.(type) {
		case disclosure.DisclosureDecided, disclosure.DisclosureMade:
		default:
			if !looks {
				return nil
			}
		}
		if who := e.Actor; who.Role == "SYSTEM" || !v.Case.Person.Bars(who.ID) || v.Case.BreakGlass.Lifts(who.ID, v.At) {
			return nil
		}
		hit := Hit{Indeterminate: true}
		for x, r := range All[person.AccessRestrictionSet](v) {
			if alone := restrictedBy(v, r.Restriction, x); alone.Bars(e.Actor.ID) {
				hit.Evidence = append(hit.Evidence, x.ID)
				hit.Indeterminate = hit.Indeterminate && unordered(x.Effective, e.Effective)
			}
		}
		return []Hit{hit}
	},
}

// restrictedBy is who the person would be with one restriction alone, as it
// stands in the view.
func restrictedBy(v View, restriction event.UUID, set event.Recorded) person.State {
	var s person.State
	s = person.Evolve(s, set)
	for i := range s.Restrictions {
		for _, r := range v.Case.Person.Restrictions {
			if r.ID == restriction {
				s.Restrictions[i].Lifted = r.Lifted
			}
		}
	}
	return s
}
