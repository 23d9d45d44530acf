package governance

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

const (
	longestText  = 4000 // characters
	mostSubjects = 200  // a breach that touches more people than fit one event says so in its description
)

// ours refuses an organisation that is not of the actor's controller.
func ours(c event.Context) error {
	if c.Person != c.Actor.Org && !slices.Contains(c.Peers, c.Person) {
		return fault.Refuse("not-your-organisation", "an organisation's governance is recorded by its own controller")
	}
	return nil
}

// day is the Europe/London day on which what a command says was so.
func day(c event.Context) event.Day { return event.DayOf(c.Asked()) }

// DPIACovers returns the assessment that covers a processing at t: the latest
// one approved by then, if its review is not past and the processing has not
// changed since. Where a change and an approval may have been on one day in
// either order, it is taken to have changed since. False if none covers it.
func (s State) DPIACovers(p Processing, t time.Time) (DPIA, bool) {
	var latest DPIA
	found := false
	for _, d := range s.DPIAs {
		if d.Processing == p && d.At.Begun(t) && (!found || !d.At.Earliest().Before(latest.At.Earliest())) {
			latest, found = d, true
		}
	}
	if !found || event.DayOf(t) >= latest.ReviewDue {
		return DPIA{}, false
	}
	for _, c := range s.Changes {
		if c.Processing == p && c.At.Begun(t) && c.At.Latest().After(latest.At.Earliest()) {
			return DPIA{}, false
		}
	}
	return latest, true
}

// PolicyDocument returns a policy document for a condition that is in force at
// t, with its review not past; false if there is none. A version replaces the
// one before from its first day.
func (s State) PolicyDocument(condition Condition, t time.Time) (Document, bool) {
	return inForce(s.Documents, t, func(d Document) (event.UUID, event.When, event.Day) { return d.Document, d.At, d.From },
		func(d Document) bool { return d.Condition == condition && event.DayOf(t) < d.ReviewDue })
}

// RopaCovers returns an entry of the record of processing for telling a side
// something for a purpose at t; false if there is none. An entry recorded
// again replaces the one before from its first day.
func (s State) RopaCovers(purpose event.Purpose, recipient event.Side, t time.Time) (Entry, bool) {
	return inForce(s.Ropa, t, func(e Entry) (event.UUID, event.When, event.Day) { return e.Entry, e.At, e.From },
		func(e Entry) bool { return e.Purpose == purpose && e.RecipientSide == recipient })
}

// inForce returns the first thing that fits, of those whose current version at
// t it is. of gives a thing's name, when it was recorded to be so and its
// first day; versions of one thing are in the order in which they came.
func inForce[T any](all []T, t time.Time, of func(T) (event.UUID, event.When, event.Day), fits func(T) bool) (none T, found bool) {
	for i, v := range all {
		id, at, from := of(v)
		if !at.Begun(t) || event.DayOf(t) < from || !fits(v) {
			continue
		}
		if !slices.ContainsFunc(all[i+1:], func(next T) bool {
			other, at, from := of(next)
			return other == id && at.Begun(t) && event.DayOf(t) >= from
		}) {
			return v, true
		}
	}
	return none, false
}

// RolesAt returns the roles that somebody holds at the organisation at t.
func (s State) RolesAt(staff event.UUID, t time.Time) []Assignment {
	var held []Assignment
	for _, a := range s.Staff {
		if a.Staff == staff && a.HoldsAt(t) {
			held = append(held, a)
		}
	}
	return held
}

// SeniorAt reports whether somebody holds a role marked senior at t.
func (s State) SeniorAt(staff event.UUID, t time.Time) bool {
	return slices.ContainsFunc(s.RolesAt(staff, t), func(a Assignment) bool { return a.Senior })
}

// Lapses is the first day on which the training no longer counts: it counts
// on the same day of the month, twelve calendar months later, and not after.
func (t Training) Lapses() event.Day { return event.DayOf(t.At.Earliest()).AddMonths(12) + 1 }

// CountsAt reports whether the training counts at an instant.
func (t Training) CountsAt(at time.Time) bool {
	return t.At.Begun(at) && event.DayOf(at) < t.Lapses()
}

// TrainedAt reports whether somebody's training in a course counts at t.
func (s State) TrainedAt(staff event.UUID, course Course, t time.Time) bool {
	return slices.ContainsFunc(s.Training, func(x Training) bool { return x.Staff == staff && x.Course == course && x.CountsAt(t) })
}

// HoldsAt reports whether the undertaking binds at t.
func (u Undertaking) HoldsAt(t time.Time) bool {
	return u.At.Begun(t) && (u.Until == 0 || event.DayOf(t) <= u.Until)
}

// UndertakenAt reports whether somebody is bound by an undertaking at t.
func (s State) UndertakenAt(staff event.UUID, t time.Time) bool {
	return slices.ContainsFunc(s.Undertook, func(u Undertaking) bool { return u.Staff == staff && u.HoldsAt(t) })
}

// NotifyWithin is how long after becoming aware of a breach the regulator is
// told (UK GDPR Article 33(1)), in elapsed hours.
const NotifyWithin = 72 * time.Hour

// NotifyBy is the last instant at which the regulator is told in time. Where
// no more than the day of becoming aware is known, it counts from its end.
func (b Breach) NotifyBy() time.Time { return b.AwareAt.Latest().Add(NotifyWithin) }

// LateAt reports whether, at t, a notifiable breach has not been notified in
// time: it was notified late, or it is not notified and the time is over.
func (b Breach) LateAt(t time.Time) bool {
	if !b.Notifiable {
		return false
	}
	if !b.Notified.IsZero() && b.Notified.Begun(t) {
		return b.Notified.Earliest().After(b.NotifyBy())
	}
	return t.After(b.NotifyBy())
}

// breachOf returns a breach; the refusal if there is no such one.
func (s State) breachOf(id event.UUID) (Breach, error) {
	i := slices.IndexFunc(s.Breaches, func(b Breach) bool { return b.Breach == id })
	if i < 0 {
		return Breach{}, fault.Refuse("no-such-breach", "the organisation has recorded no such breach")
	}
	return s.Breaches[i], nil
}
