package screening

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// OfferScreening asks the person to be screened.
type OfferScreening struct {
	event.Timed
	Instrument reference.Instrument `json:"instrument"`
}

// Validate reports fields that cannot be understood.
func (b OfferScreening) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/instrument", b.Instrument, reference.Instruments.Listed)
	return f
}

// Check lets every offer stand.
func (b OfferScreening) Check(State, event.Context) error { return nil }

// Events records the offer.
func (b OfferScreening) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: ScreeningOffered{c.NewID("screening"), event.Own(b.Instrument)}}}
}
