package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// RequirementWillingnessRecorded says that the person expressed willingness to
// comply with a requirement. It is neither consent to a treatment nor consent
// to a disclosure.
type RequirementWillingnessRecorded struct {
	Willingness event.Personal[Willingness] `json:"willingness" personal:"offence"`
}

func (RequirementWillingnessRecorded) isEvent() {}

var requirementWillingnessRecorded = event.Define[RequirementWillingnessRecorded]("supervision.requirement-willingness-recorded", 1)

// Willingness is what was said, and to whom.
type Willingness struct {
	Kind    reference.RequirementKind `json:"kind"`
	On      event.Day                 `json:"on"`
	ToCourt bool                      `json:"toCourt"`
}
