package referral

import (
	"cmp"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// Timer is one time limit of one referral (domain reference section 6.3).
type Timer struct {
	Referral event.UUID
	Code     reference.Timer
	Start    event.When
	// Due is the first instant at which the limit is over.
	Due time.Time
	// Stopped: what was waited for had happened.
	Stopped bool
	// Noted: that the limit is over is on the record.
	Noted bool
}

// Over reports whether the limit was over at t, and what was waited for had
// not happened.
func (m Timer) Over(t time.Time) bool { return !m.Stopped && !t.Before(m.Due) }

// The timers that no list of a destination names, or that are not days.
const (
	ackTimer             reference.Timer = "ACK"
	GPRefusalLetterTimer reference.Timer = "GP_REFUSAL_LETTER"
	GPImmediateTimer     reference.Timer = "GP_IMMEDIATE"
)

const (
	// AcknowledgeWorkingDays is how many working days a recipient has to say
	// that it has a referral (policy).
	AcknowledgeWorkingDays = 2
	// ImmediateDays is how long a practice that does not register somebody must
	// go on giving care that is immediately necessary.
	ImmediateDays = 14
)

// Timers lists the timers that had begun by t, as they stood then, by what is
// due first; those of drafts and cancelled referrals are left out. ACK counts
// working days; a practice's letter and its duty to give immediately necessary
// care count whole days after the refusal.
func (s State) Timers(t time.Time) []Timer {
	var all []Timer
	for _, r := range s.Referrals {
		if r.SentAt.IsZero() || !r.SentAt.Begun(t) || r.stageAt(t) == Cancelled {
			continue
		}
		destination, _ := reference.ReferralDestinations.Latest(r.Details.Destination)
		for _, code := range destination.Timers {
			m := Timer{Referral: r.ID, Code: code, Start: r.SentAt, Noted: slices.Contains(r.Crossed, code)}
			if code == ackTimer {
				m.Due = reference.AfterWorkingDays(event.DayOf(r.SentAt.Earliest()), AcknowledgeWorkingDays).End()
				m.Stopped = r.stageAt(t) != Sent
			} else if due, runs := r.Due(code); runs {
				m.Due = due.Earliest()
				m.Stopped = slices.Contains(Limits[code].Stops, r.stageAt(t))
			} else {
				continue
			}
			all = append(all, m)
		}
		if refused := r.RefusedAt; !refused.IsZero() && refused.Begun(t) {
			last := event.DayOf(refused.Earliest())
			all = append(all,
				Timer{Referral: r.ID, Code: GPRefusalLetterTimer, Start: refused, Due: (last + LetterDays).End(),
					Stopped: !r.LetterAt.IsZero() && r.LetterAt.Begun(t)},
				Timer{Referral: r.ID, Code: GPImmediateTimer, Start: refused, Due: (last + ImmediateDays).End()})
		}
	}
	slices.SortStableFunc(all, func(a, b Timer) int { return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Code, b.Code)) })
	return all
}

// ToNote lists the waits whose limit was over at t, whose crossing is to be
// noted by [CrossWaitThreshold] and is not yet.
func (s State) ToNote(t time.Time) []Timer {
	return slices.DeleteFunc(s.Timers(t), func(m Timer) bool { _, noted := Limits[m.Code]; return !noted || m.Noted || !m.Over(t) })
}

// NextDue is the next instant after t at which a wait will have to be noted, if
// nothing happens until then; zero if there is none.
func (s State) NextDue(t time.Time) time.Time {
	for _, m := range s.Timers(t) { // what is due first comes first
		if _, noted := Limits[m.Code]; noted && !m.Noted && !m.Stopped && m.Due.After(t) {
			return m.Due
		}
	}
	return time.Time{}
}

// StageAt says where the referral stood at t, by the latest step, in time, that
// had been taken.
func (r Referral) StageAt(t time.Time) Stage {
	stage := NoStage
	var at time.Time
	for _, step := range r.Steps {
		if step.At.Begun(t) && !step.At.Earliest().Before(at) {
			stage, at = step.Stage, step.At.Earliest()
		}
	}
	return stage
}

// stageAt is [Referral.StageAt], seen through a hold.
func (r Referral) stageAt(t time.Time) Stage {
	stage, at := NoStage, time.Time{}
	for _, step := range r.Steps {
		if step.Stage != OnHold && step.At.Begun(t) && !step.At.Earliest().Before(at) {
			stage, at = step.Stage, step.At.Earliest()
		}
	}
	return stage
}
