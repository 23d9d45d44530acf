package screening

import "caseledger/domain/event"

// RiskFlagClosed says that a reviewed risk flag no longer calls for anything.
type RiskFlagClosed struct {
	Flag   event.UUID             `json:"flag"`
	Reason event.Personal[string] `json:"reason" personal:"health"`
}

func (RiskFlagClosed) isEvent() {}

var riskFlagClosed = event.Define[RiskFlagClosed]("screening.risk-flag-closed", 1)
