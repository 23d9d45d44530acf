package main

import (
	"context"
	"fmt"
	"sync"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/eventstore/codec"
)

// guard knows whom limited access keeps out of which case. It goes by the
// ledger itself, not by a read model, so a restriction holds from the moment
// it is acknowledged; and by every side's keys, because it holds for all.
type guard struct {
	record *record

	mu         sync.Mutex
	position   event.Position
	restricted map[event.UUID]person.State
}

func newGuard(r *record) *guard { return &guard{record: r, restricted: map[event.UUID]person.State{}} }

// follow takes in what was recorded since the last look.
func (g *guard) follow(ctx context.Context) error {
	stale := map[event.UUID]bool{}
	at := g.position
	for s, err := range g.record.store.ReadAll(ctx, g.position) {
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		at = s.Position
		if s.Stream.Kind != event.CaseStream {
			continue
		}
		meta, err := codec.Peek(s.Body)
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		_, known := g.restricted[s.Stream.Of]
		switch meta.Type {
		case "person.access-restriction-set", "person.access-restriction-lifted":
			stale[s.Stream.Of] = true
		case "key.destroyed":
			stale[s.Stream.Of] = stale[s.Stream.Of] || known
		default:
			stale[s.Stream.Of] = stale[s.Stream.Of] || known && meta.IsCorrection()
		}
	}
	for who, again := range stale {
		if !again {
			continue
		}
		history, err := g.record.history(ctx, g.record.codec.Reader, who)
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		g.restricted[who] = casefile.Fold(event.Standing(history)).Person
	}
	g.position = at
	return nil
}

// bars reports whether a member of staff is kept out of a case.
func (g *guard) bars(ctx context.Context, who, staff event.UUID) (bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.follow(ctx); err != nil {
		return true, err
	}
	state, ok := g.restricted[who]
	return ok && state.Bars(staff), nil
}

// barred lists the people whose cases a member of staff is kept out of.
func (g *guard) barred(ctx context.Context, staff event.UUID) ([]event.UUID, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.follow(ctx); err != nil {
		return nil, err
	}
	var out []event.UUID
	for who, state := range g.restricted {
		if state.Bars(staff) {
			out = append(out, who)
		}
	}
	return out, nil
}
