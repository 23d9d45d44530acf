package main

import (
	"cmp"
	"context"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/appointments"
	"caseledger/projections/caseload"
)

// ofPerson reads the rows of a read model about one person whom the caller
// knows.
func ofPerson[Row any](ctx context.Context, v *view, person event.UUID, m projections.Model[Row], q projections.Query, use func(Row)) (reflects api.Reflects, err error) {
	q.Where = append(q.Where, v.controllers(true)...)
	err = v.side.store.View(ctx, func(read projections.View) error {
		row, err := v.known(ctx, read, person)
		if err != nil {
			return err
		}
		page, err := projections.Select(read, m, q)
		if err != nil {
			return err
		}
		if reflects, err = v.current(read, m.Projection, row); err != nil {
			return err
		}
		for _, r := range page.Rows {
			use(r)
		}
		return nil
	})
	return reflects, told(err)
}

// Appointments implements api.View.
func (v *view) Appointments(ctx context.Context, person event.UUID) ([]api.Appointment, api.Reflects, error) {
	out := []api.Appointment{}
	reflects, err := ofPerson(ctx, v, person, v.side.models.appointments, appointments.Person(person),
		func(r appointments.Row) { out = append(out, appointmentOf(r)) })
	return out, reflects, err
}

// AppointmentsOn implements api.View.
func (v *view) AppointmentsOn(ctx context.Context, f api.AppointmentFilter, p api.Page) (out []api.Appointment, total int, reflects api.Reflects, err error) {
	where := append(v.controllers(true), projections.Eq("told_to", event.UUID{}),
		projections.AtLeast("starts_at", f.From), projections.Below("starts_at", f.Until))
	if f.Site != "" {
		where = append(where, projections.Eq("site", f.Site))
	}
	if where, err = v.withoutBarred(ctx, where); err != nil {
		return nil, 0, reflects, err
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.Appointment{}
		model := v.side.models.appointments
		if total, err = read.Count(model.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, model, where, []projections.Order{projections.Ascending("starts_at")}, p)
		if err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, appointmentOf(r))
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// appointmentOf is an appointment as the api shows it.
func appointmentOf(r appointments.Row) api.Appointment {
	out := api.Appointment{ID: r.Appointment, Person: r.Person.Of, Kind: string(r.Kind), Site: string(r.Site), From: r.From, Minutes: r.Minutes,
		With: r.With, Status: string(r.Status), By: string(r.By), Attended: string(r.Attended), Outcome: string(r.Outcome),
		Code: cmp.Or(string(r.NHS), string(r.Delius)), Late: r.Late, Told: r.Disclosure, Position: r.Position}
	if out.With == nil {
		out.With = []event.UUID{}
	}
	return out
}
