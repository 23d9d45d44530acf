// Package breakglass is the part of a person's case that says who opened the
// record past the usual rules because it could not wait, why, until when, and
// what somebody else thought of it afterwards. It never opens anything itself.
package breakglass

import (
	"slices"
	"time"

	"caseledger/domain/event"
)

// Event is an event of this area.
//
//sumtype:decl
type Event interface{ isEvent() }

// Codes of this area (policy: no outside authority publishes them).
type (
	ReasonCode string // why it could not wait
	Verdict    string // what the reviewer thought
)

// ReasonCodes lists the reasons.
var ReasonCodes = []ReasonCode{"RISK_TO_LIFE", "RISK_TO_OTHERS", "URGENT_CARE", "RESTRICTED_ON_DUTY", "SAFEGUARDING"}

// Verdicts lists the verdicts of a review.
var Verdicts = []Verdict{"APPROPRIATE", "MORE_INFORMATION", "NOT_APPROPRIATE"}

// State is what decisions and monitors need to know of this area.
type State struct {
	Uses []Use // in the order they were invoked
}

// Use is one use of break-glass.
type Use struct {
	ID       event.UUID
	Invoker  event.Actor
	At       event.When
	Expires  event.When
	Ended    event.When // zero while nobody ended it
	Reviewed event.When // by a review that settled it; zero until then
	Source   event.ID
}

// ReviewWithin is how long after it is invoked a use is reviewed (policy; domain
// reference rule R20), in elapsed hours.
const ReviewWithin = 72 * time.Hour

// ReviewBy is the last instant at which a review is in time. Of a day alone,
// time runs from its end.
func (u Use) ReviewBy() time.Time { return u.At.Latest().Add(ReviewWithin) }

// LiveAt reports whether the use lets its invoker in at t: from its start
// until it is ended or expires, half-open.
func (u Use) LiveAt(t time.Time) bool {
	return u.At.Begun(t) && (u.Ended.IsZero() || !u.Ended.Begun(t)) && !u.Expires.IsZero() && !u.Expires.Begun(t)
}

// Use returns a use; false if there is none of that id.
func (s State) Use(id event.UUID) (Use, bool) {
	i := slices.IndexFunc(s.Uses, func(u Use) bool { return u.ID == id })
	if i < 0 {
		return Use{}, false
	}
	return s.Uses[i], true
}

// Lifts reports whether a live use lets a member of staff past limited access
// at t. It lifts it for its invoker alone.
func (s State) Lifts(staff event.UUID, t time.Time) bool {
	return slices.ContainsFunc(s.Uses, func(u Use) bool { return u.Invoker.ID == staff && u.LiveAt(t) })
}

// Evolve folds one standing event; events of other areas change nothing.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := d.(type) {
	case BreakGlassInvoked:
		s.Uses = append(slices.Clip(s.Uses), Use{ID: d.BreakGlass, Invoker: e.Actor, At: e.Effective, Expires: d.ExpiresAt, Source: e.ID})
	case BreakGlassEnded:
		s.Uses = changed(s.Uses, d.BreakGlass, func(u *Use) {
			if u.Ended.IsZero() {
				u.Ended = e.Effective
			}
		})
	case BreakGlassReviewed:
		s.Uses = changed(s.Uses, d.BreakGlass, func(u *Use) {
			if d.Verdict != "MORE_INFORMATION" && u.Reviewed.IsZero() {
				u.Reviewed = e.Effective
			}
		})
	}
	return s
}

func changed(uses []Use, id event.UUID, change func(*Use)) []Use {
	uses = slices.Clone(uses)
	for i := range uses {
		if uses[i].ID == id {
			change(&uses[i])
		}
	}
	return uses
}
