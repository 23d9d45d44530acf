package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ScreeningEligibilityAssessed says whether a population screening programme
// would invite the person.
type ScreeningEligibilityAssessed struct {
	Programme event.Personal[reference.ScreeningProgramme] `json:"programme" personal:"health"`
	Eligible  event.Personal[Eligibility]                  `json:"eligible" personal:"health"`
	Reason    event.Personal[EligibilityReason]            `json:"reason" personal:"health"`
}

func (ScreeningEligibilityAssessed) isEvent() {}

var screeningEligibilityAssessed = event.Define[ScreeningEligibilityAssessed]("screening.eligibility-assessed", 1)
