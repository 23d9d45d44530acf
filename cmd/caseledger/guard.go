package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// guard knows whom limited access keeps out of which case, and whom break-glass
// lets in all the same. It goes by the
// ledger itself, not by a read model, so a restriction holds from the moment
// it is acknowledged; and by every side's keys, because it holds for all.
//
// It reads the ledger once, at the start, from where it had come the last
// time. From then on it notices what is appended: a record has one writer.
type guard struct {
	record *record
	now    func() time.Time

	mu         sync.Mutex
	restricted map[event.UUID]restriction
	stale      map[event.UUID]bool // changed, and to be read again
}

// restriction is what decides who is kept out of one case.
type restriction struct {
	access person.State
	glass  breakglass.State
}

func (r restriction) bars(staff event.UUID, t time.Time) bool {
	return casefile.State{Case: lawfulness.Case{Person: r.access, BreakGlass: r.glass}}.Bars(staff, t)
}

// noted is what a guard leaves for the next start: opaque identifiers only.
type noted struct {
	Position   event.Position `json:"position"`
	Restricted []event.UUID   `json:"restricted"`
}

// notedFile is where.
const notedFile = "restrictions.json"

// newGuard reads what the ledger says of restrictions.
func newGuard(ctx context.Context, r *record, now func() time.Time) (*guard, error) {
	g := &guard{record: r, now: now, restricted: map[event.UUID]restriction{}, stale: map[event.UUID]bool{}}
	var before noted
	if !r.dir.recall(notedFile, &before) {
		before = noted{}
	}
	for _, who := range before.Restricted {
		g.stale[who] = true
	}
	head, err := r.head(ctx)
	if err != nil {
		return nil, err
	}
	if before.Position > head {
		before.Position = 0 // of another ledger
	}
	for s, err := range r.store.ReadAll(ctx, before.Position) {
		if err != nil {
			return nil, fmt.Errorf("look for restrictions: %w", err)
		}
		if err := g.notice(s.Stream, s.Body); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// notice takes in one stored body.
func (g *guard) notice(stream event.StreamID, body []byte) error {
	if stream.Kind != event.CaseStream {
		return nil
	}
	meta, err := codec.Peek(body)
	if err != nil {
		return fmt.Errorf("look for restrictions: %w", err)
	}
	_, known := g.restricted[stream.Of]
	switch meta.Type {
	case "person.access-restriction-set", "person.access-restriction-lifted":
		g.stale[stream.Of] = true
	case "key.destroyed", "break-glass.invoked", "break-glass.ended":
		g.stale[stream.Of] = g.stale[stream.Of] || known
	default:
		g.stale[stream.Of] = g.stale[stream.Of] || known && meta.IsCorrection()
	}
	if !g.stale[stream.Of] {
		delete(g.stale, stream.Of)
	}
	return nil
}

// refresh reads again what has changed.
func (g *guard) refresh(ctx context.Context) error {
	for who := range g.stale {
		history, err := g.record.history(ctx, g.record.codec.Reader, who)
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		s := casefile.Fold(event.Standing(history))
		g.restricted[who] = restriction{s.Person, s.BreakGlass}
		delete(g.stale, who)
	}
	return nil
}

// bars reports whether a member of staff is kept out of a case.
func (g *guard) bars(ctx context.Context, who, staff event.UUID) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.refresh(ctx); err != nil {
		return true, err
	}
	state, ok := g.restricted[who]
	return ok && state.bars(staff, g.now()), nil
}

// barred lists the people whose cases a member of staff is kept out of.
func (g *guard) barred(ctx context.Context, staff event.UUID) ([]event.UUID, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.refresh(ctx); err != nil {
		return nil, err
	}
	var out []event.UUID
	now := g.now()
	for who, state := range g.restricted {
		if state.bars(staff, now) {
			out = append(out, who)
		}
	}
	return out, nil
}

// leave notes how far the guard has come, for the next start.
func (g *guard) leave(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	head, err := g.record.head(ctx)
	if err != nil {
		return err
	}
	now := noted{Position: head, Restricted: []event.UUID{}}
	for who := range g.restricted {
		now.Restricted = append(now.Restricted, who)
	}
	for who := range g.stale {
		now.Restricted = append(now.Restricted, who)
	}
	return g.record.dir.remember(notedFile, now)
}

// watchedStore is the store through which everything is written, so that the guard
// sees it before it is acknowledged.
type watchedStore struct {
	eventstore.Store
	guard *guard
}

// Append implements eventstore.Store. An append whose outcome is not known may
// have been recorded, so it is noticed too.
func (w watchedStore) Append(ctx context.Context, stream eventstore.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	appended, err := w.Store.Append(ctx, stream, expected, events)
	if err == nil || errors.Is(err, eventstore.ErrUnknown) {
		w.guard.mu.Lock()
		defer w.guard.mu.Unlock()
		for _, e := range events {
			if unread := w.guard.notice(stream, e.Body); unread != nil {
				w.guard.stale[stream.Of] = true
			}
		}
	}
	return appended, err
}
