package main

import (
	"context"
	"slices"
	"time"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/caseload"
	"caseledger/projections/disclosures"
	"caseledger/projections/referrals"
)

// Referrals implements api.View: those that the caller's controller wrote or
// is to take up.
func (v *view) Referrals(ctx context.Context, person event.UUID) (out []api.Referral, reflects api.Reflects, err error) {
	now := v.now()
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.Referral{}
		row, err := v.known(ctx, read, person)
		if err != nil {
			return err
		}
		where := []projections.Condition{projections.Stream(event.Case(person))}
		if mine := v.controllers(true); len(mine) > 0 {
			where = append(where, projections.AnyOf(append(mine, projections.Eq("recipient", v.controller))...))
		}
		model := v.side.models.referrals
		page, err := projections.Select(read, model, projections.Query{Where: where, Limit: projections.MaxLimit,
			Order: []projections.Order{projections.Ascending("position")}})
		if err != nil {
			return err
		}
		for _, r := range page.Rows {
			out = append(out, referralOf(r, now))
		}
		reflects, err = v.current(read, model.Projection, row)
		return err
	})
	return out, reflects, told(err)
}

// referralOf is a referral as the api shows it.
func referralOf(r referrals.Row, now time.Time) api.Referral {
	out := api.Referral{ID: r.Referral, Destination: string(r.Destination), Status: string(r.Stage), Reason: string(r.Reason),
		SentAt: r.SentAt, ChangedAt: r.At, Position: r.Position}
	if r.Open && !r.SentAt.IsZero() && r.ContactAt.IsZero() {
		out.WaitingDays = int(event.DayOf(now) - event.DayOf(r.SentAt.Earliest()))
	}
	return out
}

// Disclosures implements api.View.
func (v *view) Disclosures(ctx context.Context, f api.DisclosureFilter, p api.Page) (out []api.Disclosure, total int, reflects api.Reflects, err error) {
	where := v.controllers(true)
	if !f.Person.IsZero() {
		where = append(where, projections.Stream(event.Case(f.Person)))
	}
	if !f.From.IsZero() {
		where = append(where, projections.AtLeast("at", f.From))
	}
	if !f.Until.IsZero() {
		where = append(where, projections.Below("at", f.Until))
	}
	if f.Purpose != "" {
		where = append(where, projections.Eq("purpose", f.Purpose))
	}
	if f.Outcome != "" {
		where = append(where, projections.Eq("outcome", f.Outcome))
	}
	if f.Rule != "" {
		where = append(where, projections.Eq("rule", f.Rule))
	}
	if !f.Agreement.IsZero() {
		where = append(where, projections.Eq("agreement", f.Agreement))
	}
	if where, err = v.withoutBarred(ctx, where); err != nil {
		return nil, 0, reflects, err
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.Disclosure{}
		model := v.side.models.disclosures
		if total, err = read.Count(model.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, model, where, []projections.Order{projections.Descending("at"), projections.Descending("position")}, p)
		if err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, disclosureOf(r))
		}
		if f.Verdicts {
			if err := v.judged(read, rows, out); err != nil {
				return err
			}
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// disclosureOf is a row of the register as the api shows it.
func disclosureOf(r disclosures.Row) api.Disclosure {
	last := r.Last()
	out := api.Disclosure{Disclosure: last.Disclosure, Person: r.Person.Of, Outcome: string(r.Outcome), From: r.Flow.FromOrg, To: r.Flow.ToOrg,
		Purpose: string(r.Purpose), Categories: []string{}, Rule: string(r.Rule), Basis: string(r.Confidence), Consent: r.Consent,
		Reason: string(r.Reason), Status: string(r.Status), DecidedAt: r.DecidedAt, MadeAt: last.At, Position: r.Position,
		RuleSet: string(r.RuleSet), Agreement: r.Agreement, Version: r.AgreementVersion}
	for _, g := range r.Failed {
		out.FailedGates = append(out.FailedGates, string(g))
	}
	for _, w := range r.Warnings {
		out.Warnings = append(out.Warnings, string(w))
	}
	if r.ID != last.Disclosure {
		out.Decision = r.ID
	}
	told := r.Flow.Categories
	for _, t := range r.Tellings {
		for _, c := range t.Categories {
			if !slices.Contains(told, c) {
				told = append(slices.Clip(told), c)
			}
		}
	}
	for _, c := range told {
		out.Categories = append(out.Categories, string(c))
	}
	return out
}
