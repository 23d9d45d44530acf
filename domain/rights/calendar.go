package rights

import (
	"cmp"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

const (
	answerMonths   = 1 // UK GDPR Article 12(3)
	extendedMonths = 3 // the same, with "two further months"
)

// Due is the last Europe/London day on which the request may be answered;
// false while the clock stands. UK GDPR Article 12(3), domain reference
// sections 8.8 and 9.2.
//
// It is the same day of the next month, or that month's last day where it
// lacks the day; with a lawful extension, of the third month. The days between
// asking for clarification or identity and receiving it move it by as many
// days. It is then a working day: the next one, if it is none. A pause or an
// extension that came after the request was already due moves nothing.
func (r Request) Due() (event.Day, bool) {
	due, running, _ := r.reckon()
	return due, running
}

// ExtendedInTime reports whether the extension, if there is one, came by the
// day on which the request was due without it.
func (r Request) ExtendedInTime() bool {
	_, _, extended := r.reckon()
	return extended
}

func (r Request) reckon() (due event.Day, running, extended bool) {
	received := event.DayOf(r.Received.Earliest())
	due, running = reference.OnOrAfter(received.AddMonths(answerMonths)), true
	type step struct {
		at    event.Day
		pause bool
		until event.When
	}
	var steps []step
	for _, p := range r.Pauses {
		steps = append(steps, step{event.DayOf(p.From.Earliest()), true, p.Until})
	}
	if !r.Extended.IsZero() {
		steps = append(steps, step{at: event.DayOf(r.Extended.Earliest())})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })

	months, moved, counted := answerMonths, event.Day(0), received // days before counted are reckoned with
	for _, s := range steps {
		if s.at > due {
			break
		}
		if !s.pause {
			months, extended = extendedMonths, true
		} else {
			if s.until.IsZero() {
				s.until = r.Responded // an answer needs no clarification any more
			}
			if s.until.IsZero() {
				running = false
				continue
			}
			until := event.DayOf(s.until.Earliest())
			moved += max(0, until-max(s.at, counted))
			counted = max(counted, until)
		}
		due = reference.OnOrAfter(received.AddMonths(months) + moved)
	}
	return due, running, extended
}

// StandsAt reports whether the clock stands at t.
func (r Request) StandsAt(t time.Time) bool {
	return slices.ContainsFunc(r.Pauses, func(p Pause) bool {
		return p.From.Begun(t) && (p.Until.IsZero() || !p.Until.Begun(t))
	})
}

// OpenAt reports whether the request had been received and not answered at t.
func (r Request) OpenAt(t time.Time) bool {
	return r.Received.Begun(t) && (r.Responded.IsZero() || !r.Responded.Begun(t))
}

// LateAt reports whether the request was answered after the day it was due,
// or is unanswered at t with that day past.
func (r Request) LateAt(t time.Time) bool {
	due, running := r.Due()
	switch {
	case !running:
		return false
	case !r.Responded.IsZero() && r.Responded.Begun(t):
		return event.DayOf(r.Responded.Earliest()) > due
	}
	return event.DayOf(t) > due
}

// OpenAt reports whether any request is open at t.
func (s State) OpenAt(t time.Time) bool {
	return slices.ContainsFunc(s.Requests, func(r Request) bool { return r.OpenAt(t) })
}
