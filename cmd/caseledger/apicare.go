package main

import (
	"cmp"
	"context"
	"time"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/projections"
	"caseledger/projections/appointments"
	"caseledger/projections/caseload"
	"caseledger/projections/requirements"
	"caseledger/projections/screenings"
	"caseledger/projections/siteactivity"
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

// Screenings implements api.View.
func (v *view) Screenings(ctx context.Context, person event.UUID) (api.Screenings, api.Reflects, error) {
	out := api.Screenings{Screenings: []api.Screening{}, RiskFlags: []api.RiskFlag{}, Programmes: []api.Programme{}}
	reflects, err := ofPerson(ctx, v, person, v.side.models.screenings, screenings.Person(person), func(r screenings.Row) {
		switch r.Item {
		case screenings.Screening:
			out.Screenings = append(out.Screenings, api.Screening{ID: r.ID, Instrument: string(r.Instrument), Status: string(r.Status), At: r.At,
				Form: string(r.Form), Band: string(r.Band), BandTable: string(r.BandTable), Positive: string(r.Positive), Total: only(r.Total),
				Outcome: string(r.Outcome), Why: string(r.Why), Told: r.Telling, Position: r.Position})
		case screenings.RiskFlag:
			out.RiskFlags = append(out.RiskFlags, api.RiskFlag{ID: r.ID, Status: string(r.Status), Level: string(r.Level), At: r.At,
				Screening: r.Of, Told: r.Telling, Position: r.Position})
		case screenings.Programme:
			out.Programmes = append(out.Programmes, api.Programme{Programme: string(r.Programme), Eligible: string(r.Eligible),
				Because: string(r.Because), At: r.At, Position: r.Position})
		}
	})
	return out, reflects, err
}

// Looks implements api.View.
func (v *view) Looks(ctx context.Context, f api.LookFilter, p api.Page) (out []api.LookAt, total int, reflects api.Reflects, err error) {
	where := append(v.controllers(false), projections.Eq("subject", f.Person))
	if !f.From.IsZero() {
		where = append(where, projections.AtLeast("at", f.From))
	}
	if !f.Until.IsZero() {
		where = append(where, projections.Below("at", f.Until))
	}
	if !f.By.IsZero() {
		where = append(where, projections.Eq("looked_by", f.By))
	}
	if f.Class != "" {
		where = append(where, projections.Eq("class", f.Class))
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.LookAt{}
		if _, err := v.known(ctx, read, f.Person); err != nil {
			return err
		}
		model := v.side.models.looks
		if total, err = read.Count(model.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, model, where, []projections.Order{projections.Descending("at"), projections.Descending("position")}, p)
		if err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, api.LookAt{At: r.At.UTC(), By: api.By{Actor: r.Actor.ID, Role: r.Actor.Role, Side: r.Actor.Side, Org: r.Actor.Org},
				Client: r.Client, Purpose: r.Purpose, Use: string(r.Use), View: string(r.View), Class: string(r.Class), Items: r.Items,
				TrueOn: r.TrueOn, KnownOn: r.KnownOn, Reason: string(r.Reason), Event: event.ID{UUID: r.Event}, Position: r.Position})
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// Requirements implements api.View.
func (v *view) Requirements(ctx context.Context, person event.UUID) (api.Compliance, api.Reflects, error) {
	now := v.now()
	out := api.Compliance{Requirements: []api.Requirement{}, Warnings: []api.Step{}, Enforcements: []api.Step{},
		Attendance: []api.TreatmentAttendance{}, Tests: []api.TestTold{}}
	reflects, err := ofPerson(ctx, v, person, v.side.models.requirements, requirements.Person(person), func(r requirements.Row) {
		for _, q := range r.Requirements {
			out.Requirements = append(out.Requirements, requirementOf(r, q, now))
		}
		for _, w := range r.Warnings {
			out.Warnings = append(out.Warnings, api.Step{ID: w.ID, At: w.At})
		}
		for _, e := range r.Enforcements {
			out.Enforcements = append(out.Enforcements, api.Step{ID: e.ID, At: e.At})
		}
		for _, a := range r.Attendance {
			out.Attendance = append(out.Attendance, api.TreatmentAttendance{On: a.On, Attended: string(a.Attended), Code: string(a.Code), Told: a.Told})
		}
		for _, t := range r.Tests {
			out.Tests = append(out.Tests, api.TestTold{Kind: t.Kind, Result: t.Result, At: t.At, Told: t.Told})
		}
		out.WarningActive = out.WarningActive || r.WarningActive(now)
	})
	return out, reflects, err
}

// requirementOf is a requirement as it stands at a time.
func requirementOf(r requirements.Row, q requirements.Requirement, now time.Time) api.Requirement {
	out := api.Requirement{ID: q.ID, Order: q.Order, Kind: string(q.Terms.Kind), Status: "ENDED", From: q.Terms.From, To: q.Terms.To,
		Provider: q.Terms.Provider, Setting: string(q.Setting), Testing: q.Terms.Testing, Explained: q.Explained, EndedOn: q.EndedOn,
		Why: string(q.Why), Told: q.Told}
	switch {
	case r.LiveAt(q.ID, now):
		out.Status = "LIVE"
	case q.EndedOn.IsZero() && now.Before(q.Terms.From.Start()):
		out.Status = "PENDING"
	}
	out.ReviewDue, _ = r.ReviewDue(q.ID, now)
	return out
}

// HubFigures implements api.View. They come from the side's own read models also
// for those who oversee it: the auditors' set opens no health data, and the
// figures show nobody. Memory holds the rows of a thousand people at a time.
func (v *view) HubFigures(ctx context.Context, until event.Day, weeks int) (out api.HubFigures, reflects api.Reflects, err error) {
	name := string(v.caller.Actor.Side)
	if v.everybody {
		name = string(event.NHS)
	}
	of, ok := v.sides.named(name)
	if !ok {
		return out, reflects, fault.New(fault.Denied, "no-view-for-side", "nothing is kept here for your side")
	}
	last := siteactivity.Week(until)
	first := last - event.Day(7*(weeks-1))
	figures := siteactivity.Figures{}
	err = of.store.View(ctx, func(read projections.View) error {
		clear(figures)
		q := siteactivity.Active(first)
		for {
			page, err := projections.Select(read, of.models.activity, q)
			if err != nil {
				return err
			}
			for _, r := range page.Rows {
				figures.Add(r, first, last)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		reflects, err = v.current(read, of.models.activity.Projection, caseload.Row{})
		return err
	})
	sites := reference.Sites.Codes()
	out = api.HubFigures{Threshold: v.smallNumbers, Weeks: []api.HubWeek{}}
	for _, monday := range siteactivity.Weeks(first, last) {
		week := api.HubWeek{Monday: monday, Measures: []api.HubMeasure{}}
		for _, p := range figures.Week(monday, sites, v.smallNumbers) {
			m := api.HubMeasure{Measure: string(p.Measure), Sites: []api.HubCount{}, Total: countOf("", p.Total)}
			for i, c := range p.Cells {
				m.Sites = append(m.Sites, countOf(sites[i], c))
			}
			week.Measures = append(week.Measures, m)
		}
		out.Weeks = append(out.Weeks, week)
	}
	return out, reflects, told(err)
}

// countOf is a count as the api shows it.
func countOf(site reference.Site, c siteactivity.Cell) api.HubCount {
	out := api.HubCount{Site: string(site), Suppressed: c.Suppressed}
	if !c.Suppressed {
		out.Count = &c.Count
	}
	return out
}

// only is the one value of a list; nil where there is none.
func only[T any](of []T) *T {
	if len(of) == 0 {
		return nil
	}
	return &of[0]
}
