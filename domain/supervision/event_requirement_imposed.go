package supervision

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// RequirementImposed says that the court imposed a requirement.
type RequirementImposed struct {
	Requirement event.UUID                       `json:"requirement"`
	Supervision event.UUID                       `json:"supervision"` // the order it is part of
	Terms       event.Personal[RequirementTerms] `json:"terms" personal:"offence"`
}

func (RequirementImposed) isEvent() {}

var requirementImposed = event.Define[RequirementImposed]("supervision.requirement-imposed", 1)

// RequirementTerms are what the court specified. They never say what the
// treatment is.
type RequirementTerms struct {
	Kind              reference.RequirementKind `json:"kind"`
	From              event.Day                 `json:"from"`
	To                event.Day                 `json:"to"` // the last day
	Provider          event.UUID                `json:"provider,omitzero"`
	Testing           bool                      `json:"testing"`           // samples are to be given
	ReviewEveryMonths int                       `json:"reviewEveryMonths"` // 0: the court does not review
}
