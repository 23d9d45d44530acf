package referral

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// WaitThresholdCrossed says that somebody waited longer than a standard allows.
// It says nothing about lawfulness.
type WaitThresholdCrossed struct {
	Referral event.UUID      `json:"referral"`
	Timer    reference.Timer `json:"timer"`
	Day      int             `json:"day"` // since it was sent
}

func (WaitThresholdCrossed) isEvent() {}

var waitThresholdCrossed = event.Define[WaitThresholdCrossed]("referral.wait-threshold-crossed", 1)
