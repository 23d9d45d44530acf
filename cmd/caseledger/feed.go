package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/api"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/projections"
	"caseledger/projections/boundary"
	"caseledger/projections/timeline"
)

// feed is the ledger as each caller may see it.
type feed struct{ *views }

var _ api.Feed = feed{}

// lookAhead bounds how many entries of others one request reads past.
const lookAhead = 20_000

// catchesUp is how long a process may be behind the one that gave a caller their
// cursor, and read models behind the ledger.
const catchesUp = 2 * time.Second

// errBehind: whose an entry is cannot be told yet.
var errBehind = &fault.Fault{Kind: fault.Unavailable, Code: "view-behind", Message: "the read model has not caught up with what was recorded", RetryAfter: time.Second}

// waiting bounds a wait for what is behind.
func (v *views) waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, cmp.Or(v.patience, catchesUp))
}

var errNoPlace = fault.New(fault.Invalid, "cursor-not-in-ledger",
	"the cursor stands after an entry that the ledger does not have, as after an older copy was restored: begin again without it")

// known is the position as far as the guard has looked, which no cursor is
// beyond: entries after it are for the next call, so that nobody sees one whose
// case has been closed to them meanwhile.
func (f feed) known(ctx context.Context, after event.Position) (event.Position, error) {
	known, err := f.guard.look(ctx)
	if err != nil || after <= known {
		return known, err
	}
	waiting, done := f.waiting(ctx)
	defer done()
	if _, err := f.record.store.Wait(waiting, after-1); err != nil {
		if waiting.Err() != nil && ctx.Err() == nil {
			return 0, errNoPlace
		}
		return 0, err
	}
	return f.guard.look(ctx)
}

// Wait implements api.Feed.
func (f feed) Wait(ctx context.Context, after event.Position) error {
	_, err := f.record.store.Wait(ctx, after)
	return err
}

// Events implements api.Feed. An entry is the caller's to see if it is part of
// their controller's record, or told their controller something; overseers of
// the regulator see every entry. One that cannot be opened holds nobody up.
func (f feed) Events(ctx context.Context, c api.Caller, q api.FeedQuery) (api.FeedPage, error) {
	v, err := f.of(c)
	if err != nil {
		return api.FeedPage{}, err
	}
	known, err := f.known(ctx, q.After.Position)
	if err != nil {
		return api.FeedPage{}, err
	}
	v.looked = true
	types := map[string]bool{}
	for _, t := range q.Types {
		types[t] = true
	}
	page, passed := api.FeedPage{Entries: []api.Entry{}, Reached: q.After}, 0
	reader := f.record.codec.With(v.side.keys, codec.Options{})
	barred := map[event.UUID]bool{}
	for s, err := range f.record.store.ReadAll(ctx, max(q.After.Position, 1)-1) {
		if err != nil {
			return api.FeedPage{}, err
		}
		at := api.PlaceOf(s.Position, s.ID)
		if s.Position == q.After.Position {
			if q.After.Mark != 0 && q.After != at {
				return api.FeedPage{}, errNoPlace
			}
			continue
		}
		if page.More = passed == lookAhead || s.Position > known || len(page.Entries) == q.Limit; page.More {
			break
		}
		passed++
		before := page.Reached
		page.Reached = at
		meta, err := codec.Peek(s.Body)
		if err != nil {
			return api.FeedPage{}, err
		}
		if s.Stream.Kind != event.CaseStream || len(types) > 0 && !types[meta.Type] || !q.Person.IsZero() && meta.Subject != q.Person {
			continue
		}
		e, mine, err := v.mine(ctx, reader, s, known)
		if errors.Is(err, errBehind) && before != q.After {
			page.Reached, page.More = before, true // so far, and this one next time
			break
		}
		if poisonous(err) {
			// Whose it is cannot be told, so only those who see everything see
			// that it is there; it is parked and listed like in the read models.
			e = event.Recorded{Position: s.Position, RecordedAt: s.RecordedAt, ID: s.ID, Stream: s.Stream, Revision: s.Revision, Meta: meta}
			mine, err = v.everybody, nil
		}
		if err != nil {
			return api.FeedPage{}, err
		}
		if !mine {
			continue
		}
		if _, asked := barred[e.Subject]; !asked {
			if barred[e.Subject], err = v.kept(ctx, e.Subject); err != nil {
				return api.FeedPage{}, err
			}
		}
		if barred[e.Subject] {
			continue
		}
		page.Entries = append(page.Entries, feedEntry(e))
	}
	return page, nil
}

// of is the caller's view.
func (f feed) of(c api.Caller) (*view, error) {
	one, err := f.For(c)
	if err != nil {
		return nil, err
	}
	return one.(*view), nil
}

// kept reports whether limited access keeps the caller out of a case.
func (v *view) kept(ctx context.Context, person event.UUID) (bool, error) {
	if v.side.name == audit {
		return false, nil
	}
	if err := v.look(ctx); err != nil {
		return true, err
	}
	return v.guard.bars(person, v.caller.Actor.ID), nil
}

// informed waits until the caseload says who knows whom in everything up to a
// position.
func (v *view) informed(ctx context.Context, known event.Position) error {
	if v.isInformed {
		return nil
	}
	waiting, done := v.waiting(ctx)
	defer done()
	err := v.side.store.WaitFor(waiting, v.side.models.caseload.Projection, known)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		return errBehind
	}
	v.isInformed = err == nil
	return err
}

// mine opens an entry and says whether it is the caller's to see; known is how far
// the feed reads.
func (v *view) mine(ctx context.Context, reader *codec.Reader, s eventstore.Stored, known event.Position) (event.Recorded, bool, error) {
	e, err := reader.Decode(ctx, s)
	if err != nil {
		return e, false, err
	}
	if v.everybody {
		return e, true, nil
	}
	if e.Type == "key.created" || e.Type == "key.destroyed" {
		return e, v.side.viewer.Controller(e.Actor.Org) == v.controller, nil
	}
	owner, own := v.side.viewer.Owner(e)
	if own && owner == v.controller {
		return e, true, nil
	}
	if to, told := v.side.viewer.Told(e); told && to == v.controller {
		return e, true, nil
	}
	if !own || owner != boundary.WholeSide {
		return e, false, nil
	}
	// Another side's staff recorded it for this side: it is for those of the
	// side's controllers who know the person.
	if err := v.informed(ctx, known); err != nil {
		return e, false, told(err)
	}
	visible := false
	err = v.side.store.View(ctx, func(read projections.View) error {
		_, err := v.known(ctx, read, e.Subject)
		if visible = err == nil; fault.Is(err, "no-such-person") {
			return nil
		}
		return err
	})
	return e, visible, told(err)
}

func feedEntry(e event.Recorded) api.Entry {
	return api.Entry{Event: e.ID, Position: e.Position, Type: e.Type, Person: e.Subject, OccurredAt: e.Effective, RecordedAt: e.RecordedAt,
		By:      api.By{Actor: e.Actor.ID, Role: e.Actor.Role, Side: e.Actor.Side, Org: e.Actor.Org},
		Purpose: e.Purpose, Corrects: e.Corrects}
}

var errNoEvent = fault.New(fault.Absent, "no-such-event", "there is no such event, or not for you")

// Event implements api.Feed. The caller's own timeline says where the entry
// is, so that nobody finds one by its identifier who could not find it there.
func (f feed) Event(ctx context.Context, c api.Caller, id event.ID) (api.EntryDetail, error) {
	v, err := f.of(c)
	if err != nil {
		return api.EntryDetail{}, err
	}
	var row timeline.Row
	err = v.side.store.View(ctx, func(read projections.View) error {
		page, err := projections.Select(read, v.side.models.timeline, projections.Query{
			Where: append(v.controllers(true), projections.Eq("event", id.UUID)), Limit: 1})
		if err != nil {
			return err
		}
		if len(page.Rows) == 0 {
			return errNoEvent
		}
		row = page.Rows[0]
		if _, err := v.known(ctx, read, row.Person.Of); err != nil {
			if fault.Is(err, "no-such-person") {
				return errNoEvent
			}
			return err
		}
		return nil
	})
	if err != nil {
		return api.EntryDetail{}, told(err)
	}
	return f.detail(ctx, v, row)
}

// detail opens the entry that a row of the caller's timeline stands for.
func (f feed) detail(ctx context.Context, v *view, row timeline.Row) (api.EntryDetail, error) {
	reader := f.record.codec.With(v.side.keys, codec.Options{})
	for s, err := range f.record.store.ReadAll(ctx, row.Position-1) {
		if err != nil {
			return api.EntryDetail{}, err
		}
		e, err := reader.Decode(ctx, s)
		if err != nil {
			return api.EntryDetail{}, err
		}
		said := e.Reveal()
		if row.Part == timeline.Received {
			said = e.RevealTold()
		}
		detail := api.EntryDetail{Entry: feedEntry(e), Version: e.Version, Correlation: e.Correlation, Causation: e.Causation}
		if len(e.Erased) > 0 {
			gone, err := f.record.destructionsOf(ctx, e.Stream.Of)
			if err != nil {
				return api.EntryDetail{}, err
			}
			for _, g := range gapsOf(e, gone) {
				detail.Erased = append(detail.Erased, api.Gap{Class: string(g.Class), ErasedAt: g.On, Under: g.Under})
			}
		}
		if v.side.name == audit {
			for name, value := range said {
				if value == "["+event.Withheld.String()+"]" {
					detail.Withheld = append(detail.Withheld, name)
				}
			}
		}
		for name, value := range said {
			if value == "["+event.Withheld.String()+"]" {
				delete(said, name)
			}
		}
		text, err := json.Marshal(said, json.Deterministic(true))
		if err != nil {
			return api.EntryDetail{}, fmt.Errorf("write an entry: %w", err)
		}
		detail.Data = jsontext.Value(text)
		return detail, nil
	}
	return api.EntryDetail{}, errNoEvent
}
