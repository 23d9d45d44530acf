package appointment

import (
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
)

// ScheduleAppointment says when the person is to meet somebody.
type ScheduleAppointment struct {
	event.Timed
	Kind reference.AppointmentKind `json:"kind"`
	Site reference.Site            `json:"site,omitempty"`
	Slot Slot                      `json:"slot"`
	With []event.UUID              `json:"with,omitempty"` // members of staff
}

// Validate names the fields that cannot be accepted.
func (c ScheduleAppointment) Validate() []fault.Field {
	var f fault.Fields
	fault.Listed(&f, "/kind", c.Kind, reference.AppointmentKinds.Listed)
	if c.Site != "" {
		fault.Listed(&f, "/site", c.Site, reference.Sites.Listed)
	}
	f.If(c.Site == "" && (c.Kind == reference.HubClinic || c.Kind == reference.CoLocated), "/site", "required", "this kind of appointment is at a hub's site")
	c.Slot.validate(&f)
	f.If(len(c.With) > 20, "/with", "too-long", "an appointment is with at most 20 members of staff")
	return f
}

// Check refuses a kind that is not the actor's side's, and a slot that
// clashes with another appointment its side may know of.
func (c ScheduleAppointment) Check(s State, ctx event.Context) error {
	switch {
	case !owns(c.Kind, ctx.Actor.Side):
		return fault.Refuse("another-sides-appointment", "appointments of this kind are arranged by another side")
	case s.Clashes(c.Slot, ctx.Actor.Side, event.UUID{}):
		return fault.Refuse("clashes-with-another", "the person has another appointment at that time")
	}
	return nil
}

// Events records the appointment.
func (c ScheduleAppointment) Events(_ State, ctx event.Context) []event.Draft {
	owner := side(c.Kind, ctx)
	return []event.Draft{{Side: owner, Data: AppointmentScheduled{Appointment: ctx.NewID("appointment"),
		Kind: c.Kind, Site: c.Site, Slot: c.Slot, Owner: owner, With: c.With}}}
}
