package screening

import "caseledger/domain/event"

// RiskFlagReviewed says what a clinician made of a risk flag.
type RiskFlagReviewed struct {
	Flag  event.UUID                `json:"flag"`
	Level event.Personal[RiskLevel] `json:"level" personal:"health"`
	Plan  event.Personal[string]    `json:"plan" personal:"health"`
}

func (RiskFlagReviewed) isEvent() {}

var riskFlagReviewed = event.Define[RiskFlagReviewed]("screening.risk-flag-reviewed", 1)
