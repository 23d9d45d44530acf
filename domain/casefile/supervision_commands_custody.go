package casefile

import (
	"slices"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/domain/referral"
	"caseledger/domain/supervision"
)

// EnterCustody is [supervision.EnterCustody] with what follows from it for the
// record of whoever says so: their controller's appointments in the community
// are cancelled and its community referrals put on hold, in the same append
// (domain reference section 3.4). What belongs to another's record stays as it
// is, and nothing says that it is there: they do the same by
// [SuspendForCustody] when they are told. Consents do not end.
type EnterCustody struct{ supervision.EnterCustody }

// Check refuses a person who is in custody already, or has died.
func (c EnterCustody) Check(s State, ctx event.Context) error {
	return c.EnterCustody.Check(s.Supervision, ctx)
}

// Events records it, and the holds.
func (c EnterCustody) Events(s State, ctx event.Context) []event.Draft {
	return append(c.EnterCustody.Events(s.Supervision, ctx), s.holds(ctx)...)
}

// SuspendForCustody holds up what of the actor's controller's record cannot go
// on while the person is in custody: what [EnterCustody] does for the one that
// says so.
type SuspendForCustody struct{ event.Timed }

// Check refuses a person who is not in custody.
func (c SuspendForCustody) Check(s State, ctx event.Context) error {
	if !s.Supervision.InCustodyAt(ctx.When().Latest()) {
		return fault.Refuse("not-in-custody", "the person is not in custody")
	}
	return nil
}

// Events records the holds; nothing if there is nothing to hold up.
func (c SuspendForCustody) Events(s State, ctx event.Context) []event.Draft { return s.holds(ctx) }

// Suspended lists what some organisations arranged that cannot go on in custody
// from a time on: appointments in the community that are still to come, and
// open referrals into the community. It is what those who learn of custody have
// to hold up, and empty once they have.
func (s State) Suspended(orgs []event.UUID, from event.When) (appointments, referrals []event.UUID) {
	for _, a := range s.Appointment.Appointments {
		kind, _ := reference.AppointmentKinds.Latest(a.Kind)
		if slices.Contains(orgs, a.Org) && kind.Community && !a.Cancelled && !a.Recorded() && a.Slot.Start().After(from.Earliest()) {
			appointments = append(appointments, a.ID)
		}
	}
	for _, r := range s.Referral.Referrals {
		if slices.Contains(orgs, r.Org) && referral.Community(r.Details.Destination) && r.Stage.Open() && r.Stage != referral.OnHold {
			referrals = append(referrals, r.ID)
		}
	}
	return appointments, referrals
}

func (s State) holds(ctx event.Context) []event.Draft {
	var drafts []event.Draft
	appointments, referrals := s.Suspended(append(slices.Clip(ctx.Peers), ctx.Actor.Org), ctx.When())
	for _, id := range appointments {
		drafts = append(drafts, event.Draft{Data: appointment.AppointmentCancelled{Appointment: id, By: appointment.TheService}})
	}
	for _, id := range referrals {
		drafts = append(drafts, event.Draft{Data: referral.ReferralPutOnHold{Referral: id, Reason: "RETURNED_TO_CUSTODY"}})
	}
	return drafts
}
