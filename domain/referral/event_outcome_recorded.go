package referral

import "caseledger/domain/event"

// OutcomeRecorded says what came of the referral, which ends it.
type OutcomeRecorded struct {
	Referral event.UUID              `json:"referral"`
	Outcome  event.Personal[Outcome] `json:"outcome" personal:"health"`
	Note     event.Personal[string]  `json:"note" personal:"health"`
}

func (OutcomeRecorded) isEvent() {}

var outcomeRecorded = event.Define[OutcomeRecorded]("referral.outcome-recorded", 1)
