package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"caseledger/api"
	"caseledger/domain/catalogue"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/projections"
	"caseledger/projections/caseload"
	"caseledger/projections/consentstatus"
	"caseledger/projections/timeline"
)

// asOf is a pair of times, settled once for an answer.
type asOf struct {
	api.AsOf
	at     event.Position // nothing later counts; 0 is no limit
	latest bool
}

// settle resolves the times that are asked about. A time of knowing becomes
// the position of the last event that was recorded by then, so that the answer
// can be had again for ever.
func (v *view) settle(ctx context.Context, a api.AsOf) (asOf, error) {
	now := v.now().UTC()
	s := asOf{AsOf: a, latest: true}
	if s.TrueOn.IsZero() {
		s.TrueOn = now
	}
	head, err := v.record.store.Head(ctx)
	if err != nil {
		return s, err
	}
	switch {
	case a.KnownAt != 0:
		s.at, s.latest = min(a.KnownAt, head), a.KnownAt >= head
		if s.KnownOn, err = v.recordedAt(ctx, s.at); err != nil {
			return s, err
		}
	case a.KnownOn.IsZero(), !a.KnownOn.Before(now):
		s.KnownOn = now
		if !a.KnownOn.IsZero() {
			s.at = head
		}
	default:
		if s.at, err = v.positionAt(ctx, a.KnownOn, head); err != nil {
			return s, err
		}
		s.latest = s.at == head
	}
	return s, nil
}

// recordedAt is when the event at a position was recorded.
func (v *view) recordedAt(ctx context.Context, at event.Position) (time.Time, error) {
	if at == 0 {
		return time.Time{}, nil
	}
	for s, err := range v.record.store.ReadAll(ctx, at-1) {
		return s.RecordedAt, err
	}
	return time.Time{}, nil
}

// positionAt is the position of the last event that was recorded at or before
// a time: times never decrease with positions, so halving finds it.
func (v *view) positionAt(ctx context.Context, t time.Time, head event.Position) (event.Position, error) {
	low, high := event.Position(0), head // the answer is at least low and at most high
	for low < high {
		middle := low + (high-low+1)/2
		at, err := v.recordedAt(ctx, middle)
		if err != nil {
			return 0, err
		}
		if at.After(t) {
			high = middle - 1
		} else {
			low = middle
		}
	}
	return low, nil
}

// nothingYet is the cut before the first event: a position of 0 would mean no
// limit.
func (a asOf) nothingYet() bool { return a.at == 0 && !a.latest }

// reflects is what an answer about one person was made from.
func (a asOf) reflects(position event.Position, p *projections.Projection, row caseload.Row) api.Reflects {
	if a.at != 0 && (a.at < position || !a.latest) {
		position = a.at
	}
	return api.Reflects{Position: position, Revision: row.Revision, TrueOn: a.TrueOn, KnownOn: a.KnownOn, Latest: a.latest, Model: modelName(p)}
}

// Timeline implements api.View.
func (v *view) Timeline(ctx context.Context, person event.UUID, at api.AsOf) (out []api.TimelineEntry, reflects api.Reflects, err error) {
	when, err := v.settle(ctx, at)
	if err != nil {
		return nil, reflects, err
	}
	var rows []timeline.Row
	err = v.side.store.View(ctx, func(read projections.View) error {
		rows = nil
		model := v.side.models.timeline
		position, err := read.Position(model.Projection)
		if err != nil {
			return err
		}
		row, err := v.visible(ctx, read, person, when)
		if err != nil {
			return err
		}
		reflects = when.reflects(position, model.Projection, row)
		if when.nothingYet() {
			return nil
		}
		// In the order in which the rows lie: sorting them here, without their
		// details, is cheaper than having the database do it.
		q := timeline.Person(person, when.at)
		q.Where = append(q.Where, v.controllers(true)...)
		q.Order = []projections.Order{projections.Ascending("event"), projections.Ascending("part")}
		seen := false
		for {
			page, err := projections.Select(read, model, q)
			if err != nil {
				return err
			}
			for i := range page.Rows {
				if r := &page.Rows[i]; r.Controller == v.controller {
					seen, reflects.Revision = true, max(reflects.Revision, r.Revision)
				}
			}
			if rows == nil {
				rows = page.Rows
			} else {
				rows = append(rows, page.Rows...)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if !seen && v.byRows(when) {
			return errNoPerson
		}
		return nil
	})
	return entriesOf(rows, when), reflects, told(err)
}

// entriesOf is a timeline, newest entry first.
func entriesOf(rows []timeline.Row, when asOf) []api.TimelineEntry {
	order := make([]int, 0, len(rows)) // rows are large, so their numbers are sorted
	for i := range rows {
		if rows[i].Effective.Begun(when.TrueOn) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rows[b].Position, rows[a].Position), cmp.Compare(rows[a].Part, rows[b].Part))
	})
	entries := make([]api.TimelineEntry, len(order))
	for n, i := range order {
		entries[n] = entryOf(&rows[i], when)
	}
	return entries
}

// byRows reports whether a timeline itself shows that the person is known to
// the caller: every row of a caseload comes from an entry of it.
func (v *view) byRows(when asOf) bool { return when.at == 0 && when.latest && !v.everybody }

// visible is [view.known], but where the timeline will show it.
func (v *view) visible(ctx context.Context, read projections.View, person event.UUID, when asOf) (caseload.Row, error) {
	if !v.byRows(when) {
		return v.known(ctx, read, person)
	}
	barred, err := v.kept(ctx, person)
	if err == nil && barred {
		err = errNoPerson
	}
	return caseload.Row{}, err
}

// entryOf is a row of a timeline as the api shows it.
func entryOf(r *timeline.Row, when asOf) api.TimelineEntry {
	e := api.TimelineEntry{Event: event.ID{UUID: r.Event}, Position: r.Position, Type: string(r.Type), OccurredAt: r.Effective,
		RecordedAt: r.RecordedAt, Purpose: r.Purpose, Summary: summary(string(r.Type), r.Part), Details: r.Data,
		By:       api.By{Actor: r.Actor.ID, Role: r.Actor.Role, Side: r.Actor.Side, Org: r.Actor.Org},
		Corrects: event.ID{UUID: r.Corrects}, Standing: r.StandsAt(when.at)}
	if !e.Standing {
		e.Corrected = event.ID{UUID: r.CorrectedBy}
	}
	return e
}

// inWords is each stored type in plain English, "Consent granted".
var inWords = func() map[string]string {
	words := map[string]string{}
	for _, name := range catalogue.Events.Names() {
		text := strings.NewReplacer(".", " ", "-", " ").Replace(name)
		words[name] = strings.ToUpper(text[:1]) + text[1:]
	}
	return words
}()

// summary says in plain English what kind of entry it is.
func summary(stored string, part timeline.Part) string {
	words := inWords[stored]
	if part == timeline.Received {
		words += ", as it was told"
	}
	return words
}

// Consents implements api.View.
func (v *view) Consents(ctx context.Context, person event.UUID, at api.AsOf) (out []api.Consent, reflects api.Reflects, err error) {
	when, err := v.settle(ctx, at)
	if err != nil {
		return nil, reflects, err
	}
	err = v.side.store.View(ctx, func(read projections.View) error {
		out = []api.Consent{}
		row, err := v.known(ctx, read, person)
		if err != nil {
			return err
		}
		model := v.side.models.consents
		position, err := read.Position(model.Projection)
		if err != nil {
			return err
		}
		reflects = when.reflects(position, model.Projection, row)
		rows, err := v.consentsAt(ctx, read, person, when)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if c, ok := v.consentOf(r, when.TrueOn); ok {
				out = append(out, c)
			}
		}
		return nil
	})
	return out, reflects, told(err)
}

// consentsAt returns a person's consents as they were known: from the table
// if nothing is left out, else folded anew from the person's own events.
func (v *view) consentsAt(ctx context.Context, read projections.View, person event.UUID, when asOf) ([]consentstatus.Row, error) {
	model := v.side.models.consents
	if when.latest && when.at == 0 {
		q := consentstatus.Person(person)
		q.Where = append(q.Where, v.controllers(true)...)
		page, err := projections.Select(read, model, q)
		return page.Rows, err
	}
	if when.nothingYet() {
		return nil, nil
	}
	history, err := v.historyTo(ctx, person, when.at)
	if err != nil {
		return nil, err
	}
	rows, err := projections.Replay(model, history)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r consentstatus.Row) bool {
		return !v.everybody && r.Controller != v.controller && !r.Controller.IsZero()
	})
	slices.SortFunc(rows, func(a, b consentstatus.Row) int { return cmp.Compare(a.Position, b.Position) })
	return rows, nil
}

// historyTo reads a person's events up to a position, opened as far as the
// side may.
func (v *view) historyTo(ctx context.Context, person event.UUID, to event.Position) ([]event.Recorded, error) {
	reader := v.record.codec.With(v.side.keys, codec.Options{})
	var history []event.Recorded
	for s, err := range v.record.store.ReadStream(ctx, event.Case(person), 0) {
		if err != nil {
			return nil, fmt.Errorf("read the case: %w", err)
		}
		if s.Position > to {
			break
		}
		e, err := reader.Decode(ctx, s)
		if err != nil {
			return nil, err
		}
		history = append(history, e)
	}
	return history, nil
}

// consentOf is a consent as the api shows it; false if it was not there yet.
func (v *view) consentOf(r consentstatus.Row, trueOn time.Time) (api.Consent, bool) {
	c := r.Value()
	status := c.StatusAt(trueOn)
	if status == consent.None {
		return api.Consent{}, false
	}
	scope := c.Asked
	version, given := c.VersionAt(trueOn)
	switch {
	case given:
		scope = version.Scope
	case !r.RefusedAt.IsZero():
		scope = r.RefusedScope
	}
	out := api.Consent{ID: r.Consent, Kind: string(r.Kind), Status: string(status), Form: string(r.Form), Position: r.Position,
		Purposes: []string{}, Categories: []string{}, Recipients: []string{}}
	for _, p := range scope.Purposes {
		out.Purposes = append(out.Purposes, string(p))
	}
	for _, c := range scope.Categories {
		out.Categories = append(out.Categories, string(c))
	}
	for _, to := range scope.Recipients {
		out.Recipients = append(out.Recipients, v.recipient(to))
	}
	if given {
		out.GivenAt, out.ExpiresAt = c.Given(), version.Expires
	}
	switch status {
	case consent.Withdrawn:
		out.EndedAt = c.Withdrawn
	case consent.Expired:
		out.EndedAt = version.Expires
	case consent.Refused:
		out.EndedAt = r.RefusedAt
	case consent.None, consent.Proposed, consent.Active, consent.Invalid, consent.Unconfirmed:
	}
	return out, true
}

// recipient names who may be told, as specifically as the scope does.
func (v *view) recipient(to consent.Recipient) string {
	var parts []string
	if to.Side != "" {
		parts = append(parts, string(to.Side))
	}
	if !to.Org.IsZero() {
		label := to.Org.String()
		if o, ok := v.trust.register.ByID(to.Org); ok {
			label = o.Label
		}
		parts = append(parts, label)
	}
	if to.Role != "" {
		parts = append(parts, string(to.Role))
	}
	if !to.Person.IsZero() {
		parts = append(parts, to.Person.String())
	}
	return strings.Join(parts, " ")
}
