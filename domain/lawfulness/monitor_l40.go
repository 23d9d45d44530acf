package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
)

// l40: somebody read a record, decided or disclosed while their latest
// training in data security was more than twelve calendar months old, or there
// was none (policy; Caldicott 5). It is found once for each of them and each
// lapse, at the organisation where they acted.
var l40 = Monitor{ID: "L40", Version: 1, Severity: finding.Medium,
	Title:  "Actor's data-security training older than 12 months (policy)",
	Source: "Caldicott 5",
	OfEvent: func(v View, e event.Recorded) []Hit {
		switch e.Data.(type) {
		case disclosure.DisclosureMade, disclosure.DisclosureDecided:
		default:
			if _, ok := look(e); !ok {
				return nil
			}
		}
		if e.Actor.Role == "SYSTEM" || e.Actor.Role == "PERSON" {
			return nil
		}
		var last governance.Training
		for _, t := range v.Shared.Staff(e.Actor.ID).Training {
			switch {
			case t.Course != governance.DataSecurity:
			case t.CountsAt(v.At):
				return nil
			case t.At.Begun(v.At) && (last.Source.IsZero() || t.Lapses() > last.Lapses()):
				last = t
			}
		}
		lapse := "never"
		if !last.Source.IsZero() {
			lapse = last.Lapses().String()
		}
		return []Hit{{Organisation: e.Actor.Org, Key: kebab(e.Actor.ID.String(), lapse), Evidence: []event.ID{last.Source}}}
	},
}
