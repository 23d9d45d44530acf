// Package referral is the referral area of a person's case: where they were
// referred, how far each referral has come and how long it took. A referral is
// never closed because somebody did not come, unless a clinician says so.
package referral

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Event is an event of this area.
type Event interface{ isEvent() }

// State is what decisions and disclosures need to know of this area.
type State struct {
	Referrals []Referral // in the order they were first mentioned
}

// Referral is one referral.
type Referral struct {
	ID      event.UUID
	Side    event.Side // whose record it belongs to: who wrote it
	Org     event.UUID // that wrote it
	Details Details
	Stage   Stage
	// Held is where it stood before it was put on hold.
	Held   Stage
	At     event.When // when it came to its stage
	SentAt event.When // for the first time; zero before
	// Steps are how it came there, in the order they were recorded.
	Steps     []StepTaken
	RefusedAt event.When // when a practice did not register the person; zero: it did not refuse
	Letter    bool       // a practice's reasons came in writing
	LetterAt  event.When // when they came
	Crossed   []reference.Timer

	source event.ID // the event that brought it to its stage
}

// StepTaken is a stage that a referral came to.
type StepTaken struct {
	Stage Stage
	At    event.When
}

// Get returns a referral; false if there is none of that id.
func (s State) Get(id event.UUID) (Referral, bool) {
	i := slices.IndexFunc(s.Referrals, func(r Referral) bool { return r.ID == id })
	if i < 0 {
		return Referral{}, false
	}
	return s.Referrals[i], true
}

// Of is the state with only the referrals of one side's record.
func (s State) Of(side event.Side) State {
	return State{slices.DeleteFunc(slices.Clone(s.Referrals), func(r Referral) bool { return r.Side != side })}
}
