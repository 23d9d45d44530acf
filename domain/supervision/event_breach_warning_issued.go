package supervision

import "caseledger/domain/event"

// BreachWarningIssued says that the person was warned of a breach without
// reasonable excuse. For twelve months a further one must be referred.
type BreachWarningIssued struct {
	Warning       event.UUID             `json:"warning"`
	Appointments  []event.UUID           `json:"appointments"` // whose outcomes it rests on
	Circumstances event.Personal[string] `json:"circumstances" personal:"offence"`
}

func (BreachWarningIssued) isEvent() {}

var breachWarningIssued = event.Define[BreachWarningIssued]("supervision.breach-warning-issued", 1)
