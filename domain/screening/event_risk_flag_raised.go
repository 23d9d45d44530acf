package screening

import "caseledger/domain/event"

// RiskFlagRaised says that somebody saw a risk of suicide or self-harm and
// what they did. It starts the clinical safety protocol. It is recorded
// whatever the person consented to; telling another side of it needs its own
// basis.
type RiskFlagRaised struct {
	Flag      event.UUID                `json:"flag"`
	Screening event.UUID                `json:"screening,omitzero"` // that raised it
	Level     event.Personal[RiskLevel] `json:"level" personal:"health"`
	Plan      event.Personal[string]    `json:"plan" personal:"health"`
}

func (RiskFlagRaised) isEvent() {}

var riskFlagRaised = event.Define[RiskFlagRaised]("screening.risk-flag-raised", 1)
