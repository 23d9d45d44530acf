package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ScreeningDeclined says that the person would not be screened.
type ScreeningDeclined struct {
	Screening  event.UUID                           `json:"screening"`
	Instrument event.Personal[reference.Instrument] `json:"instrument" personal:"health"`
	Reason     DeclineReason                        `json:"reason"`
}

func (ScreeningDeclined) isEvent() {}

var screeningDeclined = event.Define[ScreeningDeclined]("screening.declined", 1)
