package supervision

import (
	"math"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// Whereabouts is whether the person is in custody, or how they left it.
type Whereabouts string

// Where the person may be (domain reference section 3.4).
const (
	InCommunity Whereabouts = "COMMUNITY" // never in custody, as far as is recorded
	InCustody   Whereabouts = "CUSTODY"
	OnLicence   Whereabouts = "ON_LICENCE" // released
	RecalledTo  Whereabouts = "RECALLED"   // and not yet back in custody
)

// WhereaboutsAt says where the person was at t: by the latest move, in time,
// that had begun; of two of the same time, the one recorded later.
func (s State) WhereaboutsAt(t time.Time) Whereabouts {
	last := Move{To: InCommunity}
	for _, m := range s.Moves {
		if m.At.Begun(t) && !m.At.Earliest().Before(last.At.Earliest()) {
			last = m
		}
	}
	return last.To
}

// InCustodyAt reports whether the person was in custody at t.
func (s State) InCustodyAt(t time.Time) bool { return s.WhereaboutsAt(t) == InCustody }

// LastReleased is when the person last left custody by t; false if they did
// not, or are back.
func (s State) LastReleased(t time.Time) (event.When, bool) {
	if s.WhereaboutsAt(t) != OnLicence {
		return event.When{}, false
	}
	var last event.When
	for _, m := range s.Moves {
		if m.To == OnLicence && m.At.Begun(t) && !m.At.Earliest().Before(last.Earliest()) {
			last = m.At
		}
	}
	return last, true
}

// ReopenWorkingDays is how many working days after release what was held up
// must be taken up again (domain reference section 3.4, policy).
const ReopenWorkingDays = 1

// ReopenBy is the day by whose end, after the last release by t, what was held
// up in custody must be looked at again; false where nobody was released.
// Nothing is re-opened of itself.
func (s State) ReopenBy(t time.Time) (event.Day, bool) {
	released, ok := s.LastReleased(t)
	if !ok {
		return 0, false
	}
	return reference.AfterWorkingDays(event.DayOf(released.Latest()), ReopenWorkingDays), true
}

// closed is the last day on which supervision of the type may run; never, for
// a type whose end does not end those that run.
func (t Terms) closed() event.Day {
	if e, ok := reference.SupervisionTypes.Latest(t.Type); ok && e.EndsExisting && e.Until != 0 {
		return e.Until - 1
	}
	return math.MaxInt32
}

// alive refuses what can only be said of somebody who has not died.
func (s State) alive() error {
	if !s.Died.IsZero() {
		return fault.Refuse("person-deceased", "the person has died")
	}
	return nil
}

// LiveOrders returns the orders that run at t, in the order they were recorded.
func (s State) LiveOrders(t time.Time) []Order {
	return slices.DeleteFunc(slices.Clone(s.Orders), func(o Order) bool { return !o.LiveOn(event.DayOf(t)) })
}

// runs reports whether a requirement runs on a day, and the order it is part
// of, as far as it is known.
func (s State) runs(r Requirement, day event.Day) bool {
	o, known := s.Order(r.Supervision)
	return r.LiveOn(day) && (!known || o.Terms.State() != event.Open || o.LiveOn(day))
}

// LiveRequirements returns the requirements that run at t, in the order they
// were recorded. Their terms can be read; those of a kind are told by
// Terms.Value().Kind, and who provides them by Terms.Value().Provider.
func (s State) LiveRequirements(t time.Time) []Requirement {
	return slices.DeleteFunc(slices.Clone(s.Requirements), func(r Requirement) bool { return !s.runs(r, event.DayOf(t)) })
}

// RequirementLiveAt reports whether the requirement with an id runs at t.
func (s State) RequirementLiveAt(id event.UUID, t time.Time) bool {
	r, ok := s.Requirement(id)
	return ok && s.runs(r, event.DayOf(t))
}

// Explained reports whether, by t, the person had been told what is reported
// under a requirement.
func (s State) Explained(requirement event.UUID, t time.Time) bool {
	r, _ := s.Requirement(requirement)
	return slices.ContainsFunc(r.Explained, func(w event.When) bool { return w.Begun(t) })
}

// ReviewDue is the first review of a requirement by the court that is due
// after t, on its day: one every so many months from its first day (Sentencing
// Act 2020 Schedule 9 paragraph 21); false where the court does not review it,
// or no review is left in its period.
func (s State) ReviewDue(requirement event.UUID, t time.Time) (event.Day, bool) {
	r, _ := s.Requirement(requirement)
	terms, state := r.Terms.Get()
	if state != event.Open || terms.ReviewEveryMonths < 1 {
		return 0, false
	}
	for n := 1; ; n++ {
		due := terms.From.AddMonths(n * terms.ReviewEveryMonths)
		if due > terms.To || !s.runs(r, due) {
			return 0, false
		}
		if due.Start().After(t) {
			return due, true
		}
	}
}

// RegionAt is the probation region that had the case at t; empty where no
// transfer is recorded: then it is the one of the registration.
func (s State) RegionAt(t time.Time) reference.Region {
	var region reference.Region
	var at time.Time
	for i, tr := range s.Transfers {
		if i == 0 {
			region = tr.From
		}
		if tr.At.Begun(t) && !tr.At.Earliest().Before(at) {
			region, at = tr.To, tr.At.Earliest()
		}
	}
	return region
}

// InWales reports whether the case had gone over to Wales by t: from then on
// there is no hub, and what holds in England only (health and social care
// sharing under section 251B, the national opt-out) holds no longer (domain
// reference section 3.5). It does not know where the person was registered.
func (s State) InWales(t time.Time) bool {
	r, _ := reference.Regions.Latest(s.RegionAt(t))
	return r.Nation == reference.Wales
}

// HandoverAt returns the transfer whose handover runs at t: from the transfer
// until the end of its last day; false if none does.
func (s State) HandoverAt(t time.Time) (Transfer, bool) {
	for _, tr := range slices.Backward(s.Transfers) {
		if tr.At.Begun(t) && t.Before(tr.HandoverUntil.End()) {
			return tr, true
		}
	}
	return Transfer{}, false
}

// RegistrationAt is the level of a type that was registered at t; false if
// none was.
func (s State) RegistrationAt(of reference.RegistrationType, t time.Time) (reference.RiskLevel, bool) {
	var level reference.RiskLevel
	var at time.Time
	for _, r := range s.Registrations {
		if r.Type == of && r.At.Begun(t) && !r.At.Earliest().Before(at) {
			level, at = r.Level, r.At.Earliest()
		}
	}
	return level, level != "" && level != reference.NotRegistered
}

// AllocationsAt returns the allocations that run at t, in the order they were
// recorded.
//
// An allocation ends when the next one of its side begins; where a transfer
// lies between the two, at the end of the handover. One from before a transfer
// ends with the handover also where none follows. All end with supervision:
// when every order known has ended, whether by the record or on its last day,
// and none was recalled to custody.
func (s State) AllocationsAt(t time.Time) []Allocation {
	var live []Allocation
	over, isOver := s.OverAt(t)
	for i, a := range s.Allocations {
		from := a.From.Earliest()
		if !a.From.Begun(t) || isOver && !from.After(over) {
			continue
		}
		transfer, moved := s.transferIn(from, t)
		ends := moved && !t.Before(transfer.HandoverUntil.End())
		for j, next := range s.Allocations {
			begins := next.From.Earliest()
			later := begins.After(from) || begins.Equal(from) && j > i
			_, between := s.transferIn(from, begins)
			ends = ends || later && !between && next.Side == a.Side && next.From.Begun(t)
		}
		if !ends {
			live = append(live, a)
		}
	}
	return live
}

// transferIn is the first transfer after from and no later than t; false if
// there is none.
func (s State) transferIn(from, t time.Time) (Transfer, bool) {
	var first Transfer
	for _, tr := range s.Transfers {
		if tr.At.Begun(t) && tr.At.Earliest().After(from) && (first.At.IsZero() || tr.At.Earliest().Before(first.At.Earliest())) {
			first = tr
		}
	}
	return first, !first.At.IsZero()
}

// OverAt is when the last order that had begun by t ended; false while one runs,
// and where none is known.
func (s State) OverAt(t time.Time) (time.Time, bool) {
	var last time.Time
	known := false
	for _, o := range s.Orders {
		terms, state := o.Terms.Get()
		switch {
		case o.Recalled && o.EndedOn.Begun(t) && s.WhereaboutsAt(t) != InCommunity && s.WhereaboutsAt(t) != OnLicence:
			return time.Time{}, false // on the way back to custody, or there: whoever supervises does so
		case !o.EndedOn.IsZero() && o.EndedOn.Begun(t):
			known = true
			last = latest(last, o.EndedOn.Latest())
		case state != event.Open:
			return time.Time{}, false // nobody can say that it has ended
		case terms.From.Start().After(t):
			continue
		case o.LiveOn(event.DayOf(t)):
			return time.Time{}, false
		default:
			known = true
			last = latest(last, min(terms.To, terms.closed()).End())
		}
	}
	return last, known && !last.After(t)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// AllocatedAt reports whether an organisation had an allocation at t.
func (s State) AllocatedAt(org event.UUID, t time.Time) bool {
	return slices.ContainsFunc(s.AllocationsAt(t), func(a Allocation) bool { return a.Organisation == org })
}
