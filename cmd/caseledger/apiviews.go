package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/caseload"
	"caseledger/projections/sqlstore"
)

// views hands out the read models of a caller's own side.
type views struct {
	record *record
	sides  sides
	guard  *guard
	trust  trusted
	now    func() time.Time
	// smallNumbers is the threshold of the hubs' figures.
	smallNumbers int
	// patience is how long the feed waits for what is behind; 0 is catchesUp.
	patience time.Duration
}

var _ api.Views = (*views)(nil)

// overseers have the auditors' set of read models, which does not say who the
// people are.
var overseers = []event.Role{"AUDITOR", "IG_LEAD"}

// For implements api.Views.
func (v *views) For(c api.Caller) (api.View, error) {
	name := string(c.Actor.Side)
	if slices.Contains(overseers, c.Actor.Role) {
		name = audit
	}
	s, ok := v.sides.named(name)
	if !ok {
		return nil, fault.New(fault.Denied, "no-view-for-side", "nothing is kept here for your side")
	}
	controller := v.trust.register.Controller(c.Actor.Org)
	if controller.IsZero() {
		return nil, fault.New(fault.Denied, "no-view-for-side", "nothing is kept here for your organisation")
	}
	return &view{views: v, side: s, caller: c, controller: controller, everybody: name == audit && c.Actor.Side == event.Regulator}, nil
}

// view is one set of read models as one caller may see it.
type view struct {
	*views
	side       *side
	caller     api.Caller
	controller event.UUID
	everybody  bool // every controller's rows: the regulator's auditors
	looked     bool // the guard has looked at the ledger for this caller
	isInformed bool // the caseload has come as far as the feed reads
}

var _ api.View = (*view)(nil)

// controllers limits a query to what the caller's controller may see; with
// shared, also to what its side holds without belonging to one of them.
func (v *view) controllers(shared bool) []projections.Condition {
	switch {
	case v.everybody:
		return nil
	case shared:
		return []projections.Condition{projections.In("controller", v.controller, boundary.WholeSide)}
	}
	return []projections.Condition{projections.Eq("controller", v.controller)}
}

// told is a failure of a read model as a caller may hear of it.
func told(err error) error {
	switch {
	case errors.Is(err, projections.ErrBuilding):
		return &fault.Fault{Kind: fault.Unavailable, Code: "view-building", Message: "the read model is being built", RetryAfter: time.Second}
	case errors.Is(err, sqlstore.ErrUnreachable), errors.Is(err, sqlstore.ErrReadOnlyServer):
		return &fault.Fault{Kind: fault.Unavailable, Code: "view-unreachable", Message: "the read models cannot be reached", RetryAfter: time.Second}
	}
	return err
}

// Position implements api.View: how far the read model that is furthest behind
// has come.
func (v *view) Position(ctx context.Context) (event.Position, error) {
	var least event.Position
	err := v.side.store.View(ctx, func(read projections.View) error {
		for i, p := range v.side.models.all() {
			at, err := read.Position(p)
			if err != nil {
				return err
			}
			if least = min(least, at); i == 0 {
				least = at
			}
		}
		return nil
	})
	return least, told(err)
}

// WaitFor implements api.View.
func (v *view) WaitFor(ctx context.Context, p event.Position) error {
	for _, one := range v.side.models.all() {
		if err := v.side.store.WaitFor(ctx, one, p); err != nil {
			return told(err)
		}
	}
	return nil
}

var errNoPerson = fault.New(fault.Absent, "no-such-person", "there is no such person, or not for you")

// known returns the row that makes a person visible to the caller; the fault
// "no-such-person" if there is none, or if limited access keeps the caller out.
func (v *view) known(ctx context.Context, read projections.View, person event.UUID) (caseload.Row, error) {
	if barred, err := v.kept(ctx, person); err != nil || barred {
		return caseload.Row{}, cmp.Or(err, error(errNoPerson))
	}
	if !v.everybody {
		row, err := projections.One(read, v.side.models.caseload, event.Case(person), projections.Keyed(v.controller.String()))
		if err != nil {
			return caseload.Row{}, err
		}
		if row == nil {
			return caseload.Row{}, errNoPerson
		}
		return *row, nil
	}
	page, err := projections.Select(read, v.side.models.caseload, projections.Query{
		Where: []projections.Condition{projections.Stream(event.Case(person))}, Limit: 1,
		Order: []projections.Order{projections.Descending("position")}})
	if err != nil {
		return caseload.Row{}, err
	}
	if len(page.Rows) == 0 {
		return caseload.Row{}, errNoPerson
	}
	return page.Rows[0], nil
}

// current is what an answer from a read model as it is now reflects.
func (v *view) current(read projections.View, p *projections.Projection, row caseload.Row) (api.Reflects, error) {
	at, err := read.Position(p)
	now := v.now().UTC()
	return api.Reflects{Position: at, Revision: row.Revision, TrueOn: now, KnownOn: now, Latest: true, Model: modelName(p)}, err
}

func modelName(p *projections.Projection) string { return p.Name() + "@" + itoa(p.Version()) }

// Person implements api.View.
func (v *view) Person(ctx context.Context, person event.UUID) (out api.Person, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		row, err := v.known(ctx, read, person)
		if err != nil {
			return err
		}
		out = v.person(row)
		reflects, err = v.current(read, v.side.models.caseload.Projection, row)
		return err
	})
	return out, reflects, told(err)
}

// person is a row as the api shows it.
func (v *view) person(r caseload.Row) api.Person {
	p := api.Person{ID: r.Person.Of, FamilyName: string(r.FamilyName), GivenName: string(r.GivenName), BirthDate: string(r.BirthDate),
		Site: string(r.Site), Stage: stage(r), Flags: flags(r, v.side.viewer.Side), Erased: r.Erased}
	for _, i := range r.Identifiers {
		p.Identifiers = append(p.Identifiers, api.Identifier{Type: string(i.Type), Value: i.Value})
	}
	return p
}

// stage says in a word how far a person has come.
func stage(r caseload.Row) string {
	switch {
	case len(r.Referrals) > 0:
		return "REFERRAL_OPEN"
	case !r.ScreenedAt.IsZero():
		return "SCREENED"
	case r.Notice:
		return "SCREENING_DUE"
	}
	return "REGISTERED"
}

// flags are the tags of a person in a list, at most three.
func flags(r caseload.Row, side event.Side) []string {
	var tags []string
	if len(r.RiskFlags) > 0 && side != event.Probation {
		tags = append(tags, "RISK_FLAG")
	}
	if !r.ConsentAt.IsZero() {
		tags = append(tags, "CONSENT_RECORDED")
	}
	if !r.Notice {
		tags = append(tags, "NO_PRIVACY_NOTICE")
	}
	return tags
}

// Caseload implements api.View.
func (v *view) Caseload(ctx context.Context, f api.CaseloadFilter, p api.Page) (out []api.CaseloadRow, total int, reflects api.Reflects, err error) {
	where := v.controllers(false)
	if f.Site != "" {
		where = append(where, projections.Eq("site", f.Site))
	}
	if f.Mine {
		where = append(where, projections.Eq("practitioner", f.By))
	}
	if where, err = v.withoutBarred(ctx, where); err != nil {
		return nil, 0, reflects, err
	}
	now := v.now()
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = nil
		model := v.side.models.caseload
		if total, err = read.Count(model.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, model, where, []projections.Order{projections.Ascending("sought")}, p)
		if err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, api.CaseloadRow{Person: v.person(r), NextContact: r.Next(now), Allocated: r.Practitioner, ChangedAt: r.ChangedAt})
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// withoutBarred leaves out the people whose cases the caller is kept out of.
func (v *view) withoutBarred(ctx context.Context, where []projections.Condition) ([]projections.Condition, error) {
	barred, err := v.barred(ctx)
	for _, who := range barred {
		where = append(where, projections.Not("stream", event.Case(who)))
	}
	return where, err
}

// withoutBarredIn is withoutBarred where a column names the person.
func (v *view) withoutBarredIn(ctx context.Context, where []projections.Condition, column string) ([]projections.Condition, error) {
	barred, err := v.barred(ctx)
	for _, who := range barred {
		where = append(where, projections.Not(column, who))
	}
	return where, err
}

// barred are the people whose cases the caller is kept out of.
func (v *view) barred(ctx context.Context) ([]event.UUID, error) {
	if v.side.name == audit {
		return nil, nil
	}
	if err := v.look(ctx); err != nil {
		return nil, err
	}
	return v.guard.barred(v.caller.Actor.ID), nil
}

// look has the guard look at the ledger, once for each view: what was
// acknowledged before the caller asked is known.
func (v *view) look(ctx context.Context) error {
	if v.looked {
		return nil
	}
	_, err := v.guard.look(ctx)
	v.looked = err == nil
	return err
}

// FindByName implements api.View.
func (v *view) FindByName(ctx context.Context, q api.NameQuery) (out []api.Person, reflects api.Reflects, err error) {
	if v.side.name == audit {
		return nil, reflects, fault.New(fault.Denied, "role-may-not", "your role looks for nobody by name")
	}
	where := append(v.controllers(false), projections.Eq("sought", string(caseload.Sought(q.FamilyName))), projections.Eq("birth_date", q.BirthDate.String()))
	if where, err = v.withoutBarred(ctx, where); err != nil {
		return nil, reflects, err
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = nil
		page, err := projections.Select(read, v.side.models.caseload, projections.Query{Where: where, Limit: projections.MaxLimit})
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			if q.GivenName != "" && caseload.Sought(string(r.GivenName)) != caseload.Sought(q.GivenName) {
				continue
			}
			if out = append(out, v.person(r)); len(out) == 25 {
				break
			}
		}
		reflects, err = v.current(read, v.side.models.caseload.Projection, caseload.Row{})
		return err
	})
	return out, reflects, told(err)
}

// selectPage reads one page by number: a cursor leads from each to the next.
func selectPage[Row any](read projections.View, m projections.Model[Row], where []projections.Condition, order []projections.Order, p api.Page) ([]Row, error) {
	var after projections.Cursor
	for left := p.Offset(); left > 0; {
		page, err := projections.Select(read, m, projections.Query{Where: where, Order: order, Limit: min(left, projections.MaxLimit), After: after})
		if err != nil {
			return nil, err
		}
		if after = page.Next; after == "" {
			return nil, nil
		}
		left -= len(page.Rows)
	}
	page, err := projections.Select(read, m, projections.Query{Where: where, Order: order, Limit: min(p.Size, projections.MaxLimit), After: after})
	return page.Rows, err
}
