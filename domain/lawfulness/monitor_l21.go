package lawfulness

import (
	"slices"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/governance"
	"caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

// l21: somebody opened a record whose organisation had nothing to do with the
// person then, and had not broken the glass (Caldicott principle 4; UK GDPR
// Article 5(1)(f); domain reference section 8.8). Reads of those who audit, and
// of the ledger, are judged by their purpose (finding L47); to have come up in a
// list is not to have been opened.
var l21 = Monitor{ID: "L21", Version: 1, Severity: finding.High,
	Title:  "Access with no relationship and no break-glass",
	Source: "Caldicott 4; Art 5(1)(f)",
	OfLook: func(v View, l Look) []Hit {
		actor := l.Event.Actor
		opened := []access.Class{access.ReadOne, access.ReadEvent, access.Evaluate}
		audit, _ := v.Shared.Rules(v.At).Rule("R22")
		if l.IsLedger || !slices.Contains(opened, l.Access.Class) || slices.Contains(audit.Deciders, actor.Role) ||
			actor.Role == "SYSTEM" || actor.Role == "PERSON" || v.Case.BreakGlass.Lifts(actor.ID, v.At) || v.related(actor) {
			return nil
		}
		var hit Hit
		for e := range All[supervision.CaseTransferred](v) {
			hit.Evidence = append(hit.Evidence, e.ID)
		}
		return []Hit{hit}
	},
}

// nearby is how far from an appointment its organisation still has to do with
// the person, before and after (policy).
const nearby = 14 * 24 * time.Hour

// related reports whether the organisation of a member of staff had to do with
// the person: it had the case, or a handover of it ran; an open referral was
// with it; or an appointment with it was near.
func (v View) related(by event.Actor) bool {
	return slices.Contains(v.allocated(), by.Org) || slices.ContainsFunc(v.Case.Referral.Referrals, func(r referral.Referral) bool {
		// Being registered with a practice is what that referral was for.
		registered := r.Stage == referral.Completed && r.Details.Destination == "GP_REGISTRATION"
		return r.Details.ToOrg == by.Org && (r.Stage.Open() || registered)
	}) || v.meets(by)
}

// allocated are the organisations that have the case: the probation region and
// the hub of its site, the ones before while a handover runs, and who treats the
// person under a live requirement.
func (v View) allocated() []event.UUID {
	var have, handing []event.UUID
	today := event.DayOf(v.At)
	var said []event.Recorded
	for _, e := range v.events {
		switch e.Data.(type) {
		case person.PersonRegistered, supervision.SupervisionStarted, supervision.PractitionerAllocated, supervision.CaseTransferred:
			said = append(said, e)
		}
	}
	slices.SortStableFunc(said, func(a, b event.Recorded) int { return a.Effective.Earliest().Compare(b.Effective.Earliest()) })
	for _, e := range said {
		switch d := e.Data.(type) {
		case person.PersonRegistered:
			site, _ := reference.Sites.Latest(d.Site)
			have = []event.UUID{v.Shared.coded(site.Hub), v.Shared.region(d.Region)}
		case supervision.SupervisionStarted:
			have = append(have, e.Actor.Org)
		case supervision.PractitionerAllocated:
			have = append(have, d.Organisation)
		case supervision.CaseTransferred:
			if today <= d.HandoverUntil {
				handing = append(handing, have...)
			}
			have = []event.UUID{v.Shared.region(d.To)}
			for _, site := range reference.Sites.All() {
				if site.Region == d.To {
					have = append(have, v.Shared.coded(site.Hub))
				}
			}
		}
	}
	if !v.supervised(today) {
		have = slices.DeleteFunc(have, func(org event.UUID) bool { return v.Shared.Side(org) == event.Probation })
	}
	for _, r := range v.Case.Supervision.Requirements {
		if r.LiveOn(today) {
			have = append(have, r.Terms.Value().Provider)
		}
	}
	return slices.DeleteFunc(append(have, handing...), event.UUID.IsZero)
}

// supervised reports whether an order or licence runs, or the person is in
// custody; and while nothing says that there is any, as before the first is
// recorded.
func (v View) supervised(on event.Day) bool {
	s := v.Case.Supervision
	return s.InCustody || len(s.Orders) == 0 || slices.ContainsFunc(s.Orders, func(o supervision.Order) bool {
		return o.LiveOn(on) || o.Terms.State() != event.Open
	})
}

// meets reports whether an appointment with the organisation of a member of
// staff, or with them, is or was near.
func (v View) meets(by event.Actor) bool {
	near := func(s appointment.Slot) bool {
		return !s.From.IsZero() && !v.At.Before(s.Start().Add(-nearby)) && !v.At.After(s.End().Add(nearby))
	}
	for e, d := range All[appointment.AppointmentScheduled](v) {
		a, ok := v.Case.Appointment.Find(d.Appointment)
		if !ok || a.Cancelled || !near(a.Slot) {
			continue
		}
		site, _ := reference.Sites.Latest(d.Site)
		kind, _ := reference.AppointmentKinds.Latest(d.Kind)
		with := []event.UUID{e.Actor.Org}
		if slices.Contains(kind.Owners, event.NHS) {
			with = append(with, v.Shared.coded(site.Hub))
		}
		if slices.Contains(kind.Owners, event.Probation) {
			with = append(with, v.Shared.region(site.Region))
		}
		if slices.Contains(with, by.Org) || slices.Contains(d.With, by.ID) || slices.ContainsFunc(d.With, func(staff event.UUID) bool {
			return slices.ContainsFunc(v.Shared.Staff(staff).Roles, func(a governance.Assignment) bool { return a.Org == by.Org && a.HoldsAt(v.At) })
		}) {
			return true
		}
	}
	for e := range All[appointment.AttendanceRecorded](v) {
		if e.Actor.Org == by.Org && near(appointment.Slot{From: e.Effective}) {
			return true
		}
	}
	return false
}

// coded is the organisation with a code; zero if none is known.
func (k Known) coded(code reference.OrganisationCode) event.UUID {
	if k.shared == nil || k.shared.register == nil {
		return event.UUID{}
	}
	o, _ := k.shared.register.ByCode(code)
	return o.ID
}

// region is the organisation of a probation region; zero if it is not known.
func (k Known) region(r reference.Region) event.UUID {
	return k.coded(reference.OrganisationCode("PROB-" + r))
}
