package supervision

import "caseledger/domain/event"

// EnforcementReferred says that the responsible officer, of opinion that the
// person breached a requirement without reasonable excuse, referred it to an
// enforcement officer (Sentencing Act 2020 Schedule 10 paragraph 6).
type EnforcementReferred struct {
	Referral     event.UUID             `json:"enforcement"`
	Appointments []event.UUID           `json:"appointments"` // whose outcomes it rests on
	Reason       event.Personal[string] `json:"reason" personal:"offence"`
}

func (EnforcementReferred) isEvent() {}

var enforcementReferred = event.Define[EnforcementReferred]("supervision.enforcement-referred", 1)
