package supervision

import "caseledger/domain/event"

// RequirementEnded ends a requirement.
type RequirementEnded struct {
	Requirement event.UUID                     `json:"requirement"`
	Reason      event.Personal[RequirementEnd] `json:"reason" personal:"offence"`
}

func (RequirementEnded) isEvent() {}

var requirementEnded = event.Define[RequirementEnded]("supervision.requirement-ended", 1)
