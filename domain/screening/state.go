// Package screening is the screening area of a person's case: what they were
// screened with and how it came out, the risks that were seen, test results,
// and which programmes would invite them. It never holds question wording and
// never calls a result a diagnosis.
package screening

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Event is an event of this area.
type Event interface{ isEvent() }

// State is what decisions and disclosures need to know of this area. Values
// that could not be opened are zero.
type State struct {
	Offers  []Offer
	Results []Result // in the order they were recorded
	Flags   []Flag
	Tests   []Test
}

// Offer is a screening that was offered.
type Offer struct {
	ID         event.UUID
	Instrument reference.Instrument
	Answered   bool // it was made or declined
}

// Result is one screening.
type Result struct {
	ID         event.UUID
	Source     event.ID
	At         event.When
	Instrument reference.Instrument
	Complete   bool
	Total      event.Personal[int]
	Band       reference.Band
	BandTable  reference.BandTable
	Positive   bool
	Outcome    reference.InstrumentOutcome
}

// Flag is a risk flag.
type Flag struct {
	ID       event.UUID
	Source   event.ID // the event that says how things stand
	At       event.When
	Level    RiskLevel
	Reviewed bool
	Closed   bool
}

// Test is one test of a sample.
type Test struct {
	ID     event.UUID
	Source event.ID
	At     event.When
	Kind   TestKind
	Result TestResult
	Found  []Substance
}

// Flag returns a risk flag; false if there is none of that id.
func (s State) Flag(id event.UUID) (Flag, bool) {
	i := slices.IndexFunc(s.Flags, func(f Flag) bool { return f.ID == id })
	if i < 0 {
		return Flag{}, false
	}
	return s.Flags[i], true
}

// AtRisk reports whether a risk flag is open.
func (s State) AtRisk() bool {
	return slices.ContainsFunc(s.Flags, func(f Flag) bool { return !f.Closed })
}

func (s State) offer(id event.UUID) (Offer, bool) {
	i := slices.IndexFunc(s.Offers, func(o Offer) bool { return o.ID == id })
	if i < 0 {
		return Offer{}, false
	}
	return s.Offers[i], true
}
