package lawfulness

import (
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// l18: it was decided not to tell, or the person's refusal was recorded, and no
// reason is given (HSCA 2012 section 251B; domain reference section 8.6). That
// the person gave none is a reason too.
var l18 = Monitor{ID: "L18", Version: 1, Severity: finding.Medium,
	Title:  "Refusal without reason",
	Source: "duty to share; s.251B",
	OfEvent: func(_ View, e event.Recorded) []Hit {
		blank := false
		switch d := e.Data.(type) {
		case disclosure.DisclosureDecided:
			blank = d.Outcome == disclosure.Refuse && d.Reason == ""
		case consent.ConsentRefused:
			blank = d.Reason == ""
		}
		if !blank || e.Operational != event.Open {
			return nil
		}
		return found()
	},
}
