package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// longestSlotMinutes is a day.
const longestSlotMinutes = 24 * 60

func (s Slot) validate(f *fault.Fields) {
	_, wholeDay := s.From.Day()
	f.If(s.From.IsZero() || wholeDay, "/slot/from", "required", "this must be an instant")
	f.If(s.Minutes < 1 || s.Minutes > longestSlotMinutes, "/slot/minutes", "out-of-range", "an appointment takes 1 minute to a day")
}

// longestReason is in characters.
const longestReason = 2000

// yours refuses an appointment of a kind that the actor's side neither
// arranges nor records. To such an actor the appointment is not there.
func yours(s State, id event.UUID, ctx event.Context) (Appointment, error) {
	a, ok := s.Find(id)
	if !ok || a.Kind != "" && !owns(a.Kind, ctx.Actor.Side) {
		return Appointment{}, fault.Refuse("no-such-appointment", "there is no such appointment")
	}
	return a, nil
}

// open is [yours], and refuses one that is cancelled or over.
func open(s State, id event.UUID, ctx event.Context) (Appointment, error) {
	a, err := yours(s, id, ctx)
	switch {
	case err != nil:
		return a, err
	case a.Cancelled:
		return a, fault.Refuse("appointment-cancelled", "the appointment is cancelled")
	case a.recorded || ctx.When().Earliest().After(a.Slot.End()):
		return a, fault.Refuse("appointment-past", "the appointment is over")
	}
	return a, nil
}

// side is the side whose record an event about an appointment belongs to: the
// actor's where it may arrange the kind, else the kind's first owner, so that
// a clinic's record stays with the NHS whoever brought it in.
func side(kind reference.AppointmentKind, ctx event.Context) event.Side {
	if k, ok := reference.AppointmentKinds.Latest(kind); ok && !owns(kind, ctx.Actor.Side) {
		return k.Owners[0]
	}
	return ctx.Actor.Side
}
