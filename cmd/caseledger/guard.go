package main

import (
	"context"
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
// lets in all the same. It goes by the ledger itself, not by a read model, and
// looks at it for every answer, so a restriction holds from the moment it is
// acknowledged, whichever process recorded it; and by every side's keys,
// because it holds for all.
//
// It reads the ledger at the start, from where it had come the last time, and
// then what is new. It is safe for concurrent use.
type guard struct {
	store   eventstore.Store
	history func(ctx context.Context, of event.UUID) ([]event.Recorded, error)
	now     func() time.Time

	mu         sync.Mutex
	reached    event.Position // the last entry noticed
	last       event.ID       // and which it was
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
	Position event.Position `json:"position"`
	// Event is the one at the position: a ledger that holds another there, such
	// as one that was restored and went on otherwise, is not the note's.
	Event      event.ID     `json:"event"`
	Restricted []event.UUID `json:"restricted"`
}

// notedFile is where.
const notedFile = "restrictions.json"

// newGuard reads what the ledger says of restrictions.
func newGuard(ctx context.Context, r *record, now func() time.Time) (*guard, error) {
	var before noted
	if !r.dir.recall(notedFile, &before) {
		before = noted{}
	}
	return guardOver(ctx, r.store, func(ctx context.Context, of event.UUID) ([]event.Recorded, error) {
		return r.history(ctx, r.codec.Reader, of)
	}, now, before)
}

// guardOver is a guard of a ledger whose cases history reads, that begins from a
// note; the zero one if there is none.
func guardOver(ctx context.Context, store eventstore.Store, history func(context.Context, event.UUID) ([]event.Recorded, error),
	now func() time.Time, from noted) (*guard, error) {
	g := &guard{store: store, history: history, now: now, restricted: map[event.UUID]restriction{}, stale: map[event.UUID]bool{}}
	if err := g.begin(ctx, from); err != nil {
		return nil, err
	}
	_, err := g.look(ctx)
	return g, err
}

// begin goes on from a note, if it is of this ledger.
func (g *guard) begin(ctx context.Context, from noted) error {
	if from.Position == 0 {
		return nil
	}
	for s, err := range g.store.ReadAll(ctx, from.Position-1) {
		switch {
		case err != nil:
			return fmt.Errorf("look for restrictions: %w", err)
		case s.Position == from.Position && s.ID == from.Event:
			g.reached, g.last = s.Position, s.ID
			for _, who := range from.Restricted {
				g.stale[who] = true
			}
		}
		break
	}
	return nil
}

// look takes in everything that was acknowledged before the call, and returns
// the position as far as the guard knows the ledger. It costs one look at what
// is new. After an error nothing is lost: the next look goes on.
func (g *guard) look(ctx context.Context) (event.Position, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := g.follow(ctx)
	return g.reached, err
}

func (g *guard) follow(ctx context.Context) error {
	for s, err := range g.store.ReadAll(ctx, g.reached) {
		if err == nil {
			err = g.notice(s.Stream, s.Body)
		}
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		g.reached, g.last = s.Position, s.ID
	}
	for who := range g.stale {
		history, err := g.history(ctx, who)
		if err != nil {
			return fmt.Errorf("look for restrictions: %w", err)
		}
		s := casefile.Fold(event.Standing(history))
		g.restricted[who] = restriction{s.Person, s.BreakGlass}
		delete(g.stale, who)
	}
	return nil
}

// notice takes in one stored body.
func (g *guard) notice(stream event.StreamID, body []byte) error {
	if stream.Kind != event.CaseStream {
		return nil
	}
	meta, err := codec.Peek(body)
	if err != nil {
		return err
	}
	_, known := g.restricted[stream.Of]
	switch meta.Type {
	case "person.access-restriction-set", "person.access-restriction-lifted":
		g.stale[stream.Of] = true
	case "key.destroyed", "break-glass.invoked", "break-glass.ended":
		if known {
			g.stale[stream.Of] = true
		}
	default:
		if known && meta.IsCorrection() {
			g.stale[stream.Of] = true
		}
	}
	return nil
}

// bars reports whether a member of staff is kept out of a case, as far as the
// last look saw.
func (g *guard) bars(who, staff event.UUID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	state, ok := g.restricted[who]
	return ok && state.bars(staff, g.now())
}

// barred lists the people whose cases a member of staff is kept out of, as far
// as the last look saw.
func (g *guard) barred(staff event.UUID) []event.UUID {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []event.UUID
	now := g.now()
	for who, state := range g.restricted {
		if state.bars(staff, now) {
			out = append(out, who)
		}
	}
	return out
}

// leave notes how far the guard has come, for the next start.
func (g *guard) leave(dir dataDir) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := noted{Position: g.reached, Event: g.last, Restricted: []event.UUID{}}
	for who := range g.restricted {
		now.Restricted = append(now.Restricted, who)
	}
	for who := range g.stale {
		if _, known := g.restricted[who]; !known {
			now.Restricted = append(now.Restricted, who)
		}
	}
	return dir.remember(notedFile, now)
}
