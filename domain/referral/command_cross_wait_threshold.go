package referral

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// CrossWaitThreshold notes that somebody has waited longer than a standard
// allows. Timers give it.
type CrossWaitThreshold struct {
	Referral event.UUID      `json:"referral"`
	Timer    reference.Timer `json:"timer"`
}

// Validate names what cannot be understood.
func (b CrossWaitThreshold) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Referral.IsZero(), "/referral", "required", "say which referral")
	fault.Listed(&f, "/timer", b.Timer, func(t reference.Timer) bool { _, ok := Limits[t]; return ok })
	return f
}

// Due is when the timer's limit is crossed, and from when on; false if it does
// not run for the referral.
func (r Referral) Due(t reference.Timer) (event.When, bool) {
	e, ok := reference.ReferralDestinations.Latest(r.Details.Destination)
	limit, known := Limits[t]
	if !ok || !known || !slices.Contains(e.Timers, t) || r.SentAt.IsZero() {
		return event.When{}, false
	}
	if limit.Days > 0 {
		return event.On(event.DayOf(r.SentAt.Earliest()) + event.Day(limit.Days)), true
	}
	return event.At(r.SentAt.Latest().Add(limit.Elapsed)), true
}

// Stopped reports whether the referral has come far enough to stop the timer.
// Being on hold does not.
func (r Referral) Stopped(t reference.Timer) bool {
	stage := r.Stage
	if stage == OnHold {
		stage = r.Held
	}
	return slices.Contains(Limits[t].Stops, stage)
}

// Check refuses a timer that does not run, was stopped, or has time left.
func (b CrossWaitThreshold) Check(s State, c event.Context) error {
	r, ok := s.Get(b.Referral)
	if !ok {
		return fault.Refuse("no-such-referral", "this case holds no such referral")
	}
	due, runs := r.Due(b.Timer)
	switch {
	case !runs:
		return fault.Refuse("timer-does-not-run", "the timer does not run for this referral")
	case r.Stopped(b.Timer):
		return fault.Refuse("timer-stopped", "the wait is over")
	case !due.Begun(c.Now):
		return fault.Refuse("timer-not-due", "there is time left")
	}
	return nil
}

// Events records it once, as of when the limit was crossed.
func (b CrossWaitThreshold) Events(s State, _ event.Context) []event.Draft {
	r, _ := s.Get(b.Referral)
	if slices.Contains(r.Crossed, b.Timer) {
		return nil
	}
	due, _ := r.Due(b.Timer)
	days := 0
	if !due.IsZero() {
		days = int(event.DayOf(due.Earliest()) - event.DayOf(r.SentAt.Earliest()))
	}
	drafts := record(s, b.Referral, WaitThresholdCrossed{b.Referral, b.Timer, days})
	drafts[0].Effective = due
	return drafts
}
