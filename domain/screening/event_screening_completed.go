package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// ScreeningCompleted says that the person was screened, and how the items
// scored. A screen is not a diagnosis. Question wording is never recorded.
type ScreeningCompleted struct {
	Screening event.UUID `json:"screening"`
	Status    Status     `json:"status"`
	// ItemsWithheld: only the total was recorded.
	ItemsWithheld bool                                     `json:"itemsWithheld"`
	Appointment   event.UUID                               `json:"appointment,omitzero"`
	Instrument    event.Personal[reference.Instrument]     `json:"instrument" personal:"health"`
	Form          event.Personal[reference.InstrumentForm] `json:"form" personal:"health"`
	// Items are the scores in the form's order; null is one that was not answered.
	Items event.Personal[[]*int] `json:"items" personal:"health"`
	// Total, Band and Positive are absent where an item is missing, and of an
	// instrument that yields an outcome.
	Total    event.Personal[int]            `json:"total" personal:"health"`
	Band     event.Personal[reference.Band] `json:"band" personal:"health"`
	Positive event.Personal[bool]           `json:"positive" personal:"health"`
	// BandTable and BandFor say by which table the band was read.
	BandTable event.Personal[reference.BandTable]         `json:"bandTable" personal:"health"`
	BandFor   event.Personal[reference.BandFor]           `json:"bandFor" personal:"health"`
	Outcome   event.Personal[reference.InstrumentOutcome] `json:"outcome" personal:"health"`
}

func (ScreeningCompleted) isEvent() {}

var screeningCompleted = event.Define[ScreeningCompleted]("screening.completed", 1)
