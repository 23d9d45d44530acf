package rights

import (
	"slices"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Period returns a retention period; false if there is none of that id.
func (s State) Period(id event.UUID) (Period, bool) {
	i := slices.IndexFunc(s.Periods, func(p Period) bool { return p.ID == id })
	if i < 0 {
		return Period{}, false
	}
	return s.Periods[i], true
}

func (s State) period(id event.UUID, c event.Context) (Period, error) {
	p, ok := s.Period(id)
	if !ok || !ours(c, p.Org) {
		return Period{}, fault.Refuse("no-such-retention-period", "this record holds no such retention period")
	}
	return p, nil
}

// SetRetentionPeriod says under which schedule the controller's record of the
// person falls. Where several apply, each is set, and the longest counts.
type SetRetentionPeriod struct {
	event.Timed
	Class RetentionClass `json:"class"`
	// From is the day that the schedule counts from, such as the last contact.
	From event.Day `json:"from"`
	// KeepUntil is the last day of the minimum, and DisposeOn the day of the
	// review; left out, what the schedule says. Both may only be later.
	KeepUntil event.Day `json:"keepUntil,omitzero"`
	DisposeOn event.Day `json:"disposeOn,omitzero"`
}

// Validate reports fields that cannot be understood.
func (b SetRetentionPeriod) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/class", b.Class, reference.RetentionClasses.Listed)
	f.If(b.From == 0, "/from", "required", "say from which day it counts")
	f.If(b.KeepUntil > lastDay, "/keepUntil", "out-of-range", "this is too far away")
	f.If(b.DisposeOn > lastDay, "/disposeOn", "out-of-range", "this is too far away")
	return f
}

// lastDay is as far as a period may reach.
var lastDay = event.MustDay("9000-01-01")

// ValidateIn names a beginning that is yet to come.
func (b SetRetentionPeriod) ValidateIn(c event.Context) []fault.Field {
	var f fault.Fields
	f.If(b.From > event.DayOf(c.Now), "/from", "in-the-future", "a schedule counts from what has happened")
	return f
}

// schedule is what the class says, with what is given over it.
func (b SetRetentionPeriod) schedule() (keepUntil, disposeOn event.Day, disposes bool) {
	e, _ := reference.RetentionClasses.Latest(b.Class)
	keepUntil, disposes = e.KeepUntil(b.From)
	if !disposes {
		return b.KeepUntil, b.DisposeOn, false
	}
	if b.KeepUntil != 0 {
		keepUntil = b.KeepUntil
	}
	if disposeOn = b.DisposeOn; disposeOn == 0 {
		disposeOn = keepUntil + 1
	}
	return keepUntil, disposeOn, true
}

// Check refuses a period shorter than the schedule's, and an end where the
// schedule has none.
func (b SetRetentionPeriod) Check(State, event.Context) error {
	e, _ := reference.RetentionClasses.Latest(b.Class)
	least, _ := e.KeepUntil(b.From)
	keepUntil, disposeOn, disposes := b.schedule()
	switch {
	case !disposes && (keepUntil != 0 || disposeOn != 0):
		return fault.Refuse("schedule-never-disposes", "this schedule has no end")
	case disposes && keepUntil < least:
		return fault.Refuse("shorter-than-the-minimum", "the schedule keeps it longer")
	case disposes && disposeOn <= keepUntil:
		return fault.Refuse("disposal-within-the-minimum", "a record is disposed of after its minimum")
	}
	return nil
}

// Events records the period.
func (b SetRetentionPeriod) Events(_ State, c event.Context) []event.Draft {
	keepUntil, disposeOn, _ := b.schedule()
	return []event.Draft{{Data: RetentionPeriodSet{Period: c.NewID("retention-period"), Class: b.Class, From: b.From,
		KeepUntil: keepUntil, DisposeOn: disposeOn}}}
}

// ReviewRetention says what is to become of a record whose period is over, or
// that it is kept longer.
type ReviewRetention struct {
	event.Timed
	Period  event.UUID      `json:"period"`
	Outcome RetentionReview `json:"outcome"`
	// DisposeOn is the next such day, of an extension.
	DisposeOn event.Day `json:"disposeOn,omitzero"`
	Reason    string    `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b ReviewRetention) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Period.IsZero(), "/period", "required", "say which period")
	fault.OneOf(&f, "/outcome", b.Outcome, RetentionReviews)
	f.If(b.Outcome == Extend && b.DisposeOn == 0, "/disposeOn", "required", "say until when")
	f.If(b.Outcome != Extend && b.DisposeOn != 0, "/disposeOn", "not-an-extension", "only an extension has a next day")
	f.If(b.DisposeOn > lastDay, "/disposeOn", "out-of-range", "this is too far away")
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Check refuses disposal within the minimum, and an extension that is none.
func (b ReviewRetention) Check(s State, c event.Context) error {
	p, err := s.period(b.Period, c)
	switch {
	case err != nil:
		return err
	case b.Outcome == Dispose && !p.overOn(event.DayOf(c.Asked())):
		return fault.Refuse("before-minimum", "the record must be kept longer")
	case b.Outcome == Extend && b.DisposeOn <= max(p.DisposeOn, event.DayOf(c.Now)):
		return fault.Refuse("not-an-extension", "an extension ends later than the period did")
	}
	return nil
}

// Events records the review.
func (b ReviewRetention) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: RetentionReviewed{Period: b.Period, Outcome: b.Outcome, DisposeOn: b.DisposeOn, Reason: event.Own(b.Reason)}}}
}

// overOn reports whether the minimum is over on a day; never of a period
// without an end.
func (p Period) overOn(day event.Day) bool { return p.KeepUntil != 0 && day > p.KeepUntil }

// Keeps reports whether the record must be kept on a day, by this period.
func (p Period) Keeps(day event.Day) bool { return !p.overOn(day) }

// PlaceHold keeps everything of the person's record, for a public inquiry or a
// claim.
type PlaceHold struct {
	event.Timed
	Reason string `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b PlaceHold) Validate() []fault.Field {
	var f fault.Fields
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Check lets every hold stand.
func (b PlaceHold) Check(State, event.Context) error { return nil }

// Events records the hold.
func (b PlaceHold) Events(_ State, c event.Context) []event.Draft {
	return []event.Draft{{Data: LegalHoldPlaced{c.NewID("legal-hold"), event.Own(b.Reason)}}}
}

// LiftHold ends a hold.
type LiftHold struct {
	event.Timed
	Hold   event.UUID `json:"hold"`
	Reason string     `json:"reason"`
}

// Validate reports fields that cannot be understood.
func (b LiftHold) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Hold.IsZero(), "/hold", "required", "say which hold")
	f.Text("/reason", b.Reason, longestText, false)
	return f
}

// Check refuses a hold that does not stand, or that another controller placed.
func (b LiftHold) Check(s State, c event.Context) error {
	i := slices.IndexFunc(s.Holds, func(h Hold) bool { return h.ID == b.Hold && ours(c, h.Org) })
	switch {
	case i < 0:
		return fault.Refuse("no-such-hold", "this record holds no such hold")
	case !s.Holds[i].LiveAt(c.Asked()):
		return fault.Refuse("hold-not-live", "the hold does not stand then")
	}
	return nil
}

// Events records that it is lifted.
func (b LiftHold) Events(State, event.Context) []event.Draft {
	return []event.Draft{{Data: LegalHoldLifted{b.Hold, event.Own(b.Reason)}}}
}

// DisposeRecord decides that the controller's record of some data classes of
// the person is disposed of. It records [RecordDisposed] and nothing more:
// the keys that make it unreadable are destroyed by whoever follows the
// ledger, and until then what it names can be read.
type DisposeRecord struct {
	event.Timed
	Period event.UUID    `json:"period"`
	Data   []event.Class `json:"data"`
}

// Validate reports fields that cannot be understood.
func (b DisposeRecord) Validate() []fault.Field {
	var f fault.Fields
	f.If(b.Period.IsZero(), "/period", "required", "say which period is over")
	disposable(&f, b.Data)
	return f
}

// Check refuses disposal while any hold stands, within any minimum of the
// controller's record, and of what was not reviewed to be disposed of.
func (b DisposeRecord) Check(s State, c event.Context) error {
	p, err := s.period(b.Period, c)
	if err != nil {
		return err
	}
	if err := s.keeps(c); err != nil {
		return err
	}
	if p.LastReview != Dispose || !p.Reviewed.Begun(c.Asked()) {
		return fault.Refuse("not-reviewed", "review it first, to be disposed of")
	}
	if s.decided(c.Actor.Side, b.Data, func(d Disposal) bool { return d.Period == b.Period }) {
		return fault.Refuse("disposed-already", "the record was disposed of")
	}
	return nil
}

// Events records the disposal.
func (b DisposeRecord) Events(s State, c event.Context) []event.Draft {
	p, _ := s.Period(b.Period)
	return []event.Draft{{Data: RecordDisposed{Disposal: c.NewID("disposal"), Period: b.Period, Class: p.Class, Data: b.Data}}}
}
