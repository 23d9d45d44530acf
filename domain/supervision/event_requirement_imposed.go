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
	Specified   event.Personal[Specification]    `json:"specified" personal:"offence"`
}

func (RequirementImposed) isEvent() {}

var requirementImposed = event.Define[RequirementImposed]("supervision.requirement-imposed", 2,
	event.From(1, func(old requirementImposedV1) RequirementImposed {
		return RequirementImposed{Requirement: old.Requirement, Supervision: old.Supervision, Terms: old.Terms}
	}),
)

// requirementImposedV1 did not say what a kind of requirement specifies beside
// its period and provider.
type requirementImposedV1 struct {
	Requirement event.UUID                       `json:"requirement"`
	Supervision event.UUID                       `json:"supervision"`
	Terms       event.Personal[RequirementTerms] `json:"terms" personal:"offence"`
}

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

// Specification is what the court specified of some kinds of requirement only
// (domain reference section 3.2).
type Specification struct {
	// Setting is where or by whom treatment is given; empty where it was not said.
	Setting    reference.RequirementSetting `json:"setting,omitempty"`
	Alcohol    AlcoholLevel                 `json:"alcohol,omitempty"`    // of an alcohol abstinence and monitoring requirement
	Monitoring Monitoring                   `json:"monitoring,omitempty"` // of such a requirement
}
