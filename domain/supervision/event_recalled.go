package supervision

import "caseledger/domain/event"

// LicenceRecalled says that the person was recalled to custody: the licence
// no longer runs.
type LicenceRecalled struct {
	Supervision event.UUID             `json:"supervision"` // the licence
	Reason      event.Personal[string] `json:"reason" personal:"offence"`
}

func (LicenceRecalled) isEvent() {}

var licenceRecalled = event.Define[LicenceRecalled]("supervision.recalled", 1)
