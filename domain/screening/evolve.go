package screening

import (
	"slices"

	"caseledger/domain/event"
)

// Evolve folds one standing event; events of other areas, and events whose
// plain content cannot be read, change nothing. What of a readable event
// cannot be opened is left zero.
func Evolve(s State, e event.Recorded) State {
	own, ok := e.Data.(Event)
	if !ok {
		return s
	}
	if e.Operational != event.Open {
		return s
	}
	switch d := own.(type) {
	case ScreeningOffered:
		s.Offers = append(slices.Clip(s.Offers), Offer{ID: d.Screening, Instrument: d.Instrument.Value()})
	case ScreeningDeclined:
		s.Offers = answered(s.Offers, d.Screening)
	case ScreeningCompleted:
		s.Offers = answered(s.Offers, d.Screening)
		s.Results = append(slices.Clip(s.Results), Result{ID: d.Screening, Source: e.ID, At: e.Effective,
			Instrument: d.Instrument.Value(), Complete: d.Status == Complete, Total: d.Total, Band: d.Band.Value(),
			BandTable: d.BandTable.Value(), Positive: d.Positive.Value(), Outcome: d.Outcome.Value()})
	case RiskFlagRaised:
		s.Flags = append(slices.Clip(s.Flags), Flag{ID: d.Flag, Source: e.ID, At: e.Effective, Level: d.Level.Value()})
	case RiskFlagReviewed:
		s.Flags = changed(s.Flags, d.Flag, func(f *Flag) {
			f.Source, f.At, f.Level, f.Reviewed = e.ID, e.Effective, d.Level.Value(), true
		})
	case RiskFlagClosed:
		s.Flags = changed(s.Flags, d.Flag, func(f *Flag) { f.Closed = true })
	case TestResultRecorded:
		s.Tests = append(slices.Clip(s.Tests), Test{ID: d.Test, Source: e.ID, At: e.Effective,
			Kind: d.Kind.Value(), Result: d.Result.Value(), Found: d.Found.Value()})
	case ScreeningEligibilityAssessed:
	}
	return s
}

func answered(offers []Offer, id event.UUID) []Offer {
	offers = slices.Clone(offers)
	for i := range offers {
		offers[i].Answered = offers[i].Answered || offers[i].ID == id
	}
	return offers
}

func changed(flags []Flag, id event.UUID, change func(*Flag)) []Flag {
	flags = slices.Clone(flags)
	for i := range flags {
		if flags[i].ID == id {
			change(&flags[i])
		}
	}
	return flags
}
