package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ScreeningOffered says that the person was asked to be screened.
type ScreeningOffered struct {
	Screening  event.UUID                           `json:"screening"`
	Instrument event.Personal[reference.Instrument] `json:"instrument" personal:"health"`
}

func (ScreeningOffered) isEvent() {}

var screeningOffered = event.Define[ScreeningOffered]("screening.offered", 1)
