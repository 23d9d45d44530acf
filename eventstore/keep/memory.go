package keep

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/reactor"
)

// Memory is a keep that ends with the process. The zero value is empty.
type Memory struct {
	mu     sync.Mutex
	fence  reactor.Fence
	to     event.Position
	judges string
	around bool
	agenda map[reactor.Subject]entry
	looks  map[event.UUID]map[event.Position]bool
	parked map[event.StreamID]reactor.Parked
}

// entry is a place on the agenda: at an instant, at once (the zero instant),
// or not at all.
type entry struct {
	at time.Time
	on bool
}

var _ reactor.Keep = (*Memory)(nil)

// Take implements [reactor.Keep].
func (m *Memory) Take(ctx context.Context, judges string) (reactor.Fence, event.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	if m.agenda == nil {
		m.agenda = map[reactor.Subject]entry{}
		m.looks = map[event.UUID]map[event.Position]bool{}
		m.parked = map[event.StreamID]reactor.Parked{}
	}
	if m.judges != judges {
		m.judges = judges
		m.everybody()
	}
	m.fence++
	return m.fence, m.to, nil
}

func (m *Memory) everybody() {
	for s := range m.agenda {
		if s.Kind != reactor.Timers { // whose case is looked at for them, too
			m.agenda[s] = entry{on: true}
		}
	}
	m.around = false
	clear(m.parked)
}

// write runs a change under the fence.
func (m *Memory) write(ctx context.Context, fence reactor.Fence, change func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case fence != m.fence || fence == 0:
		return reactor.ErrFenced
	}
	return change()
}

// Scanned implements [reactor.Keep].
func (m *Memory) Scanned(ctx context.Context, fence reactor.Fence, from event.Position, w reactor.Window) error {
	return m.write(ctx, fence, func() error {
		if m.to != from {
			return reactor.ErrFenced
		}
		m.to, m.around = w.To, m.around || w.Around
		for _, s := range w.Touched {
			m.agenda[s] = entry{on: true}
			delete(m.parked, s.Stream())
		}
		for _, l := range w.Looks {
			if m.looks[l.Person] == nil {
				m.looks[l.Person] = map[event.Position]bool{}
			}
			m.looks[l.Person][l.At] = true
		}
		for _, p := range w.Parked {
			m.parked[p.Stream] = p
		}
		return nil
	})
}

// Settle implements [reactor.Keep].
func (m *Memory) Settle(ctx context.Context, fence reactor.Fence, settled []reactor.Settled) error {
	return m.write(ctx, fence, func() error {
		for _, s := range settled {
			m.agenda[s.Subject] = entry{at: s.Next, on: !s.Next.IsZero()}
			if s.Parked != nil {
				m.parked[s.Parked.Stream] = *s.Parked
			}
		}
		return nil
	})
}

// Everybody implements [reactor.Keep].
func (m *Memory) Everybody(ctx context.Context, fence reactor.Fence) error {
	return m.write(ctx, fence, func() error { m.everybody(); return nil })
}

// Due implements [reactor.Keep].
func (m *Memory) Due(ctx context.Context, at time.Time, all bool, n int) ([]reactor.Subject, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var due []reactor.Subject
	for s, e := range m.agenda {
		if e.on && !e.at.After(at) && (all || s.Kind.Judged()) {
			due = append(due, s)
		}
	}
	slices.SortFunc(due, func(a, b reactor.Subject) int {
		return cmp.Or(m.agenda[a].at.Compare(m.agenda[b].at), cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return due[:min(n, len(due))], ctx.Err()
}

// Next implements [reactor.Keep].
func (m *Memory) Next(ctx context.Context, all bool) (next time.Time, ok bool, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for s, e := range m.agenda {
		if e.on && (all || s.Kind.Judged()) && (!ok || e.at.Before(next)) {
			next, ok = e.at, true
		}
	}
	return next, ok, ctx.Err()
}

// Looks implements [reactor.Keep].
func (m *Memory) Looks(ctx context.Context, person event.UUID, to event.Position) ([]event.Position, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var at []event.Position
	for p := range m.looks[person] {
		if p <= to {
			at = append(at, p)
		}
	}
	slices.Sort(at)
	return at, ctx.Err()
}

// Organisations implements [reactor.Keep].
func (m *Memory) Organisations(ctx context.Context) ([]event.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []event.UUID
	for s := range m.agenda {
		if s.Kind == reactor.Organisation {
			all = append(all, s.ID)
		}
	}
	slices.SortFunc(all, func(a, b event.UUID) int { return bytes.Compare(a[:], b[:]) })
	return all, ctx.Err()
}

// Parked implements [reactor.Keep].
func (m *Memory) Parked(ctx context.Context, n int) ([]reactor.Parked, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []reactor.Parked
	for _, p := range m.parked {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b reactor.Parked) int {
		x, y := a.Stream.Bytes(), b.Stream.Bytes()
		return bytes.Compare(x[:], y[:])
	})
	return all[:min(n, len(all))], ctx.Err()
}

// Status implements [reactor.Keep].
func (m *Memory) Status(ctx context.Context) (reactor.Status, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := reactor.Status{To: m.to, Around: m.around}
	for who, e := range m.agenda {
		if !who.Kind.Judged() {
			continue
		}
		s.Known++
		if e.on && e.at.IsZero() {
			s.Waiting++
		}
	}
	return s, ctx.Err()
}
