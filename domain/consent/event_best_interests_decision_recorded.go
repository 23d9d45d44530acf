package consent

import "caseledger/domain/event"

// BestInterestsDecisionRecorded records a decision made for a person who could
// not make it (Mental Capacity Act 2005 section 4).
type BestInterestsDecisionRecorded struct {
	BestInterests event.UUID               `json:"bestInterests"`
	Kind          Kind                     `json:"kind"`
	Decision      event.Personal[string]   `json:"decision" personal:"health"`
	Consulted     event.Personal[[]string] `json:"consulted" personal:"identity"` // who was asked
}

func (BestInterestsDecisionRecorded) isEvent() {}

var bestInterestsDecisionRecorded = event.Define[BestInterestsDecisionRecorded]("consent.best-interests-decision-recorded", 1)
