package consent

import "caseledger/domain/event"

// CapacityAssessed records whether the person could make one kind of decision
// at the time. Capacity is presumed until an assessment says otherwise.
type CapacityAssessed struct {
	Assessment event.UUID                      `json:"assessment"`
	Decision   Kind                            `json:"decision"`
	Outcome    event.Personal[CapacityOutcome] `json:"outcome" personal:"health"`
	Support    event.Personal[[]Support]       `json:"supportTried" personal:"health"`
	ReviewOn   event.Day                       `json:"reviewOn,omitzero"`
}

func (CapacityAssessed) isEvent() {}

var capacityAssessed = event.Define[CapacityAssessed]("consent.capacity-assessed", 1)
