package main

import (
	"context"
	"slices"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/caseload"
	"caseledger/projections/disclosures"
	"caseledger/projections/findings"
	"caseledger/projections/timeline"
)

var errNoFinding = fault.New(fault.Absent, "no-such-finding", "there is no such finding, or not for you")

// Findings implements api.View.
func (v *view) Findings(ctx context.Context, f api.FindingFilter, p api.Page) (out []api.Finding, total int, reflects api.Reflects, err error) {
	where := v.controllers(false)
	where = in(where, "monitor", f.Monitors)
	where = in(where, "severity", f.Severities)
	where = in(where, "status", f.Statuses)
	if !f.Person.IsZero() {
		where = append(where, projections.Eq("person", f.Person))
	}
	if !f.Organisation.IsZero() {
		where = append(where, projections.Eq("org", f.Organisation))
	}
	if f.Side != "" {
		where = append(where, projections.Eq("side", f.Side))
	}
	if !f.From.IsZero() {
		where = append(where, projections.AtLeast("at", f.From))
	}
	if !f.Until.IsZero() {
		where = append(where, projections.AtMost("at", f.Until))
	}
	if where, err = v.withoutBarredIn(ctx, where, "person"); err != nil {
		return nil, 0, reflects, err
	}
	order := []projections.Order{{Column: "at", Descending: f.Sort.Descending}}
	if f.Sort.By == "severity" {
		order = []projections.Order{{Column: "gravity", Descending: f.Sort.Descending}, projections.Descending("at")}
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.Finding{}
		model := v.side.models.findings
		if total, err = read.Count(model.Projection, where...); err != nil {
			return err
		}
		rows, err := selectPage(read, model, where, order, p)
		if err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, findingOf(r))
		}
		reflects, err = v.current(read, model.Projection, caseload.Row{})
		return err
	})
	return out, total, reflects, told(err)
}

// in holds where a column is one of some codes; without any, it says nothing.
func in(where []projections.Condition, column string, codes []string) []projections.Condition {
	if len(codes) == 0 {
		return where
	}
	values := make([]any, len(codes))
	for i, c := range codes {
		values[i] = c
	}
	return append(where, projections.In(column, values...))
}

// findingOf is a finding as the api shows it.
func findingOf(r findings.Row) api.Finding {
	j := r.Judged
	out := api.Finding{ID: r.Finding, Monitor: string(r.Monitor), Version: j.Version, Severity: string(r.Severity), Status: string(r.Status),
		Person: r.Person, Organisation: r.Org, By: j.By, Side: r.Side, At: j.At, AsKnown: j.AsKnown, Hindsight: j.Hindsight,
		Indeterminate: j.Indeterminate, Categories: []string{}, Notes: []string{}, RaisedAt: r.RaisedAt().UTC(), ChangedAt: r.Steps[len(r.Steps)-1].RecordedAt.UTC(),
		Cause: string(r.Cause), Outcome: string(r.Outcome), Breach: r.Breach, Unchecked: r.Unchecked, Position: r.Position}
	for _, c := range j.Categories {
		out.Categories = append(out.Categories, string(c))
	}
	for _, n := range j.Notes {
		out.Notes = append(out.Notes, string(n))
	}
	return out
}

// Finding implements api.View.
func (v *view) Finding(ctx context.Context, id event.UUID) (out api.FindingDetail, reflects api.Reflects, err error) {
	err = v.side.store.View(ctx, func(read projections.View) error {
		model := v.side.models.findings
		row, err := first(read, model, append(v.controllers(false), projections.Eq("finding", id)))
		if err != nil {
			return err
		}
		if row == nil {
			return errNoFinding
		}
		if barred, err := v.kept(ctx, row.Person); err != nil || barred {
			return orAbsent(err, errNoFinding)
		}
		out = api.FindingDetail{Finding: findingOf(*row), Stream: row.Stream, Steps: []api.FindingStep{}}
		for _, s := range row.Steps {
			out.Steps = append(out.Steps, api.FindingStep{Status: string(s.Status), By: s.By, Role: s.Role, At: s.At, RecordedAt: s.RecordedAt.UTC(), Position: s.Position})
		}
		if out.Entries, err = v.evidence(read, *row); err != nil {
			return err
		}
		if reflects, err = v.current(read, model.Projection, caseload.Row{}); err != nil {
			return err
		}
		last, err := first(read, model, append(v.controllers(false), projections.Stream(row.Stream)), projections.Descending("revision"))
		if err == nil {
			reflects.Revision = last.Revision
		}
		return err
	})
	return out, reflects, told(err)
}

// orAbsent is a failure, or else what is answered where something is not there.
func orAbsent(failed, absent error) error {
	if failed != nil {
		return failed
	}
	return absent
}

// first returns the first row that meets every condition; nil if none does.
func first[Row any](read projections.View, m projections.Model[Row], where []projections.Condition, order ...projections.Order) (*Row, error) {
	page, err := projections.Select(read, m, projections.Query{Where: where, Order: order, Limit: 1})
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return &page.Rows[0], nil
}

// evidence is the entries that show a finding, in the order in which it names
// them. One that is not the caller's to see is absent.
func (v *view) evidence(read projections.View, r findings.Row) ([]api.Evidence, error) {
	shown := []api.Evidence{}
	for _, id := range r.Judged.Evidence {
		e := api.Evidence{Event: id, Item: id == r.Judged.Item}
		row, err := first(read, v.side.models.timeline, append(v.controllers(true), projections.Eq("event", id.UUID)))
		if err != nil {
			return nil, err
		}
		if row != nil {
			e.OfCase = true
			shown = append(shown, evidenceOf(e, row))
			continue
		}
		other, err := first(read, v.side.models.entries, append(v.controllers(true), projections.Eq("event", id.UUID)))
		if err != nil {
			return nil, err
		}
		if other != nil && (v.everybody || other.Controller != boundary.WholeSide || slices.Contains(everyones, other.Stream.Kind)) {
			shown = append(shown, evidenceOf(e, &timeline.Row{Position: other.Position, Type: timeline.Name(other.Type),
				Effective: other.Effective, RecordedAt: other.RecordedAt, Actor: other.Actor}))
		}
	}
	return shown, nil
}

// everyones are the kinds of stream whose entries every controller may know of.
var everyones = []event.StreamKind{event.AgreementStream, event.PolicyStream}

// evidenceOf fills in the clear part of an entry.
func evidenceOf(e api.Evidence, r *timeline.Row) api.Evidence {
	e.Position, e.Type, e.OccurredAt, e.RecordedAt = r.Position, string(r.Type), r.Effective, r.RecordedAt.UTC()
	e.By = api.By{Actor: r.Actor.ID, Role: r.Actor.Role, Side: r.Actor.Side, Org: r.Actor.Org}
	return e
}

// mostFound bounds how many entries are asked about at a time.
const mostFound = 500

// judged gives each row of a page of the register the verdict that its findings
// come to. A finding is about a row if its item is one of the entries that made
// it. What was received has none: its lawfulness is the telling side's.
func (v *view) judged(read projections.View, rows []disclosures.Row, out []api.Disclosure) error {
	var items []any
	for _, r := range rows {
		for _, e := range r.Entries {
			items = append(items, e.UUID)
		}
	}
	found := map[event.UUID][]findings.Row{}
	for chunk := range slices.Chunk(items, mostFound) {
		q := projections.Query{Where: append(v.controllers(false), projections.In("item", chunk...)), Limit: projections.MaxLimit,
			Order: []projections.Order{projections.Ascending("gravity"), projections.Ascending("monitor")}}
		for {
			page, err := projections.Select(read, v.side.models.findings, q)
			if err != nil {
				return err
			}
			for _, f := range page.Rows {
				found[f.Item] = append(found[f.Item], f)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	for i, r := range rows {
		if r.Part == disclosures.Received {
			continue
		}
		var about []findings.Row
		for _, e := range r.Entries {
			about = append(about, found[e.UUID]...)
		}
		asKnown, hindsight := findings.Verdicts(about)
		verdict := &api.Judgement{AsKnown: string(asKnown), Hindsight: string(hindsight), Findings: []api.JudgedBy{}}
		for _, f := range about {
			verdict.Findings = append(verdict.Findings, api.JudgedBy{Finding: f.Finding, Monitor: string(f.Monitor), Severity: string(f.Severity),
				Status: string(f.Status), AsKnown: f.Judged.AsKnown, Hindsight: f.Judged.Hindsight, Indeterminate: f.Judged.Indeterminate})
		}
		out[i].Verdict = verdict
	}
	return nil
}
