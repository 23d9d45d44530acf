package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// RiskRegistrationNoted says that the probation case system holds a
// registration about the risk of harm. It never says anything of a victim.
type RiskRegistrationNoted struct {
	Registration event.UUID                       `json:"registration"`
	Terms        event.Personal[RiskRegistration] `json:"terms" personal:"offence"`
}

// RiskRegistration is what is registered, in the codes of the probation case
// system.
type RiskRegistration struct {
	Type  reference.RegistrationType `json:"type"`
	Level reference.RiskLevel        `json:"level"`
}

func (RiskRegistrationNoted) isEvent() {}

var riskRegistrationNoted = event.Define[RiskRegistrationNoted]("supervision.risk-registration-noted", 1)
