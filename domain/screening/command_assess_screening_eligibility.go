package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// AssessScreeningEligibility records whether a population screening programme
// would invite the person.
type AssessScreeningEligibility struct {
	event.Timed
	Programme reference.ScreeningProgramme `json:"programme"`
	Eligible  Eligibility                  `json:"eligible"`
	Reason    EligibilityReason            `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b AssessScreeningEligibility) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/programme", b.Programme, reference.ScreeningProgrammes.Listed)
	fault.OneOf(&f, "/eligible", b.Eligible, []Eligibility{Eligible, NotEligible, SelfRefer})
	fault.OneOf(&f, "/reason", b.Reason, EligibilityReasons)
	return f
}

// Check lets every assessment stand.
func (b AssessScreeningEligibility) Check(State, event.Context) error { return nil }

// Events records the assessment.
func (b AssessScreeningEligibility) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: ScreeningEligibilityAssessed{event.Own(b.Programme), event.Own(b.Eligible), event.Own(b.Reason)}}}
}
