package appointment

import (
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// State is what decisions and disclosures need to know of the appointments.
type State struct {
	Appointments []*Appointment // in the order they were scheduled; never changed, only replaced
	Presences    []Presence     // in the order they were agreed
}

// Appointment is one appointment and what came of it.
type Appointment struct {
	ID        event.UUID
	Kind      reference.AppointmentKind
	Owner     event.Side // empty if only the attendance is known
	Org       event.UUID // that arranged it; zero if only the attendance is known
	Slot      Slot
	With      []event.UUID // members of staff
	Cancelled bool
	// Delius and NHS are the outcome, in the codes of the kind; both empty
	// while none is recorded, or none could be opened.
	Delius   reference.DeliusOutcome
	NHS      reference.NHSAttendance
	recorded bool
	source   event.ID // the attendance
}

// Recorded reports whether an outcome was recorded.
func (a Appointment) Recorded() bool { return a.recorded }

// Start is when it begins.
func (s Slot) Start() time.Time { return s.From.Earliest() }

// End is when it ends.
func (s Slot) End() time.Time { return s.Start().Add(time.Duration(s.Minutes) * time.Minute) }

// Overlaps reports whether two slots share a moment.
func (s Slot) Overlaps(o Slot) bool { return s.Start().Before(o.End()) && o.Start().Before(s.End()) }

// Presence is a stretch of a shared appointment in which the person agreed to
// somebody's hearing some topics.
type Presence struct {
	ID          event.UUID
	Appointment event.UUID
	Persons     []event.UUID
	Topics      []Topic
	Slot        Slot
	EndedAt     event.When // zero if it ran its time
}

// Covers reports whether the person had agreed that a member of staff hears a
// topic at t.
func (p Presence) Covers(staff event.UUID, topic Topic, t time.Time) bool {
	return slices.Contains(p.Persons, staff) && slices.Contains(p.Topics, topic) &&
		!t.Before(p.Slot.Start()) && t.Before(p.Slot.End()) &&
		(p.EndedAt.IsZero() || t.Before(p.EndedAt.Earliest()))
}

// Evolve folds one standing event; events of other areas change nothing, and
// neither does one whose plain fields could not be opened.
func Evolve(s State, e event.Recorded) State {
	d, ok := e.Data.(Event)
	if !ok || e.Operational != event.Open {
		return s
	}
	switch d := d.(type) {
	case AppointmentScheduled:
		s.Appointments = append(slices.Clip(s.Appointments), &Appointment{ID: d.Appointment, Kind: d.Kind, Owner: d.Owner, Org: e.Actor.Org, Slot: d.Slot, With: d.With})
	case AppointmentRescheduled:
		s.Appointments = changed(s.Appointments, d.Appointment, func(a *Appointment) { a.Slot = d.Slot })
	case AppointmentCancelled:
		s.Appointments = changed(s.Appointments, d.Appointment, func(a *Appointment) { a.Cancelled = true })
	case AttendanceRecorded:
		if _, known := s.Find(d.Appointment); !known {
			s.Appointments = append(slices.Clip(s.Appointments), &Appointment{ID: d.Appointment, Kind: d.Kind, Slot: Slot{From: e.Effective}})
		}
		s.Appointments = changed(s.Appointments, d.Appointment, func(a *Appointment) {
			a.Delius, a.NHS, a.recorded, a.source = d.Delius, d.NHS.Value(), true, e.ID
		})
	case CoPresenceAgreed:
		s.Presences = append(slices.Clip(s.Presences), Presence{ID: d.Presence, Appointment: d.Appointment, Persons: d.Persons, Topics: d.Topics, Slot: d.Slot})
	case CoPresenceEnded:
		s.Presences = slices.Clone(s.Presences)
		for i := range s.Presences {
			if s.Presences[i].ID == d.Presence {
				s.Presences[i].EndedAt = e.Effective
			}
		}
	case CoPresenceDeclined, BarrierRecorded: // no decision asks
	}
	return s
}

func changed(all []*Appointment, id event.UUID, change func(*Appointment)) []*Appointment {
	i := slices.IndexFunc(all, func(a *Appointment) bool { return a.ID == id })
	if i < 0 {
		return all
	}
	next := *all[i]
	change(&next)
	all = slices.Clone(all)
	all[i] = &next
	return all
}

// Find returns the appointment with an id; false if there is none.
func (s State) Find(id event.UUID) (Appointment, bool) {
	for _, a := range s.Appointments {
		if a.ID == id {
			return *a, true
		}
	}
	return Appointment{}, false
}

// Clashes reports whether a slot overlaps a live appointment that a side may
// know of. Others are passed over: saying that they clash would tell.
func (s State) Clashes(slot Slot, side event.Side, except event.UUID) bool {
	return slices.ContainsFunc(s.Appointments, func(a *Appointment) bool {
		return a.ID != except && !a.Cancelled && !a.recorded && owns(a.Kind, side) && slot.Overlaps(a.Slot)
	})
}

// owns reports whether a side may arrange and record appointments of a kind.
func owns(kind reference.AppointmentKind, side event.Side) bool {
	k, ok := reference.AppointmentKinds.Latest(kind)
	return ok && slices.Contains(k.Owners, side)
}

// CoPresent reports whether the person had agreed that a member of staff
// hears a topic at t.
func (s State) CoPresent(staff event.UUID, topic Topic, t time.Time) bool {
	return slices.ContainsFunc(s.Presences, func(p Presence) bool { return p.Covers(staff, topic, t) })
}

// SharedAt returns the shared appointment whose slot holds t; false if none
// does.
func (s State) SharedAt(t time.Time) (Appointment, bool) {
	for _, a := range s.Appointments {
		if a.Kind == reference.CoLocated && !a.Cancelled && !t.Before(a.Slot.Start()) && t.Before(a.Slot.End()) {
			return *a, true
		}
	}
	return Appointment{}, false
}

// Overheard reports whether, at t, a topic would be heard in an appointment by
// somebody of the other side without the person's agreement: the appointment
// is shared, nobody agreed to has left, and no agreement covers the topic.
func (s State) Overheard(appointment event.UUID, topic Topic, t time.Time) bool {
	a, ok := s.Find(appointment)
	if !ok || a.Kind != reference.CoLocated {
		return false
	}
	return !slices.ContainsFunc(s.Presences, func(p Presence) bool {
		left := !p.EndedAt.IsZero() && p.EndedAt.Begun(t)
		agreed := slices.Contains(p.Topics, topic) && !t.Before(p.Slot.Start()) && t.Before(p.Slot.End())
		return p.Appointment == appointment && (left || agreed)
	})
}
