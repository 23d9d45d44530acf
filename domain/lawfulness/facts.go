package lawfulness

import (
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
)

// under is the rule by which something was told; empty where nobody decided.
func under(d Disclosure) disclosure.Rule {
	if d.Decision == nil {
		return ""
	}
	return d.Decision.Basis.Rule
}

// decidedBy is the event of the decision that a disclosure cites; none if none
// is on the record.
func decidedBy(d Disclosure) event.ID {
	if d.Decision == nil {
		return event.ID{}
	}
	return d.Decision.Event.ID
}
