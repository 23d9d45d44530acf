package keep

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

// RelayMemory is a [relay.Keep] that ends with the process. The zero value is
// empty.
type RelayMemory struct {
	mu        sync.Mutex
	consumers map[string]*consumer
}

type consumer struct {
	fence    int64
	at       relay.Checkpoint
	disabled relay.Reason
	held     []relay.Held // by position; Behind is made up on the way out
}

var _ relay.Keep = (*RelayMemory)(nil)

// with runs f on a consumer, made if it is not there.
func (m *RelayMemory) with(ctx context.Context, name string, f func(*consumer)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.consumers[name] == nil {
		if m.consumers == nil {
			m.consumers = map[string]*consumer{}
		}
		m.consumers[name] = &consumer{}
	}
	f(m.consumers[name])
	return nil
}

// before reports whether one of the same stream comes first.
func (c *consumer) before(h relay.Held) bool {
	return slices.ContainsFunc(c.held, func(o relay.Held) bool { return o.About == h.About && o.Position < h.Position })
}

func (c *consumer) find(p event.Position) (int, bool) {
	return slices.BinarySearchFunc(c.held, p, func(h relay.Held, p event.Position) int { return cmp.Compare(h.Position, p) })
}

// Take implements [relay.Keep].
func (m *RelayMemory) Take(ctx context.Context, name string) (relay.Lease, error) {
	lease := &memoryLease{keep: m, name: name}
	err := m.with(ctx, name, func(c *consumer) {
		c.fence++
		lease.fence = c.fence
	})
	return lease, err
}

// Consumer implements [relay.Keep].
func (m *RelayMemory) Consumer(ctx context.Context, name string) (s relay.Consumer, _ error) {
	err := m.with(ctx, name, func(c *consumer) {
		s = relay.Consumer{Checkpoint: c.at, Disabled: c.disabled, Held: len(c.held)}
		for _, h := range c.held {
			if h.Due.IsZero() && !c.before(h) {
				s.Parked++
			}
		}
	})
	return s, err
}

// Held implements [relay.Keep].
func (m *RelayMemory) Held(ctx context.Context, name string, after event.Position, n int) (all []relay.Held, _ error) {
	err := m.with(ctx, name, func(c *consumer) {
		from, _ := c.find(after + 1)
		for _, h := range c.held[from:] {
			if len(all) < n {
				h.Behind = c.before(h)
				all = append(all, h)
			}
		}
	})
	return all, err
}

// Replay implements [relay.Keep].
func (m *RelayMemory) Replay(ctx context.Context, name string, position event.Position, at time.Time) (n int, _ error) {
	err := m.with(ctx, name, func(c *consumer) {
		for i, h := range c.held {
			if h.Due.IsZero() && (position == 0 || position == h.Position) && !c.before(h) {
				c.held[i].Due, c.held[i].Attempts = kept(at), 0
				n++
			}
		}
	})
	return n, err
}

// Enable implements [relay.Keep].
func (m *RelayMemory) Enable(ctx context.Context, name string) error {
	return m.with(ctx, name, func(c *consumer) { c.disabled = "" })
}

// memoryLease writes one consumer.
type memoryLease struct {
	keep  *RelayMemory
	name  string
	fence int64
}

func (l *memoryLease) write(ctx context.Context, f func(*consumer)) error {
	taken := false
	err := l.keep.with(ctx, l.name, func(c *consumer) {
		if taken = c.fence != l.fence; !taken {
			f(c)
		}
	})
	if taken {
		return relay.ErrFenced
	}
	return err
}

func (l *memoryLease) Load(ctx context.Context) (at relay.Checkpoint, _ error) {
	err := l.keep.with(ctx, l.name, func(c *consumer) { at = c.at })
	return at, err
}

func (l *memoryLease) Save(ctx context.Context, at relay.Checkpoint) error {
	return l.write(ctx, func(c *consumer) { c.at = at })
}

func (l *memoryLease) Rewind(ctx context.Context, at relay.Checkpoint) error {
	return l.write(ctx, func(c *consumer) {
		c.at = at
		beyond, _ := c.find(at.Position + 1)
		c.held = c.held[:beyond]
	})
}

func (l *memoryLease) Hold(ctx context.Context, h relay.Held) error {
	return l.write(ctx, func(c *consumer) {
		i, there := c.find(h.Position)
		if there {
			return
		}
		h.Since, h.Due, h.Behind = kept(h.Since), kept(h.Due), false
		if c.before(h) {
			h.Due = time.Time{}
		}
		c.held = slices.Insert(c.held, i, h)
	})
}

func (l *memoryLease) Holds(ctx context.Context, about event.UUID) (yes bool, _ error) {
	err := l.keep.with(ctx, l.name, func(c *consumer) {
		yes = slices.ContainsFunc(c.held, func(h relay.Held) bool { return h.About == about })
	})
	return yes, err
}

func (l *memoryLease) Due(ctx context.Context, at time.Time, n int) (due []relay.Held, _ error) {
	err := l.keep.with(ctx, l.name, func(c *consumer) {
		for _, h := range c.held {
			if !h.Due.IsZero() && !h.Due.After(at) {
				due = append(due, h)
			}
		}
	})
	slices.SortStableFunc(due, func(a, b relay.Held) int { return a.Due.Compare(b.Due) })
	return due[:min(n, len(due))], err
}

func (l *memoryLease) Next(ctx context.Context) (at time.Time, ok bool, _ error) {
	err := l.keep.with(ctx, l.name, func(c *consumer) {
		for _, h := range c.held {
			if !h.Due.IsZero() && (!ok || h.Due.Before(at)) {
				at, ok = h.Due, true
			}
		}
	})
	return at, ok, err
}

func (l *memoryLease) Tried(ctx context.Context, h relay.Held) error {
	return l.write(ctx, func(c *consumer) {
		if i, there := c.find(h.Position); there {
			c.held[i].Attempts, c.held[i].Reason, c.held[i].Due = h.Attempts, h.Reason, kept(h.Due)
		}
	})
}

func (l *memoryLease) Release(ctx context.Context, p event.Position, at time.Time) error {
	return l.write(ctx, func(c *consumer) {
		i, there := c.find(p)
		if !there {
			return
		}
		about := c.held[i].About
		c.held = slices.Delete(c.held, i, i+1)
		if next := slices.IndexFunc(c.held, func(h relay.Held) bool { return h.About == about }); next >= 0 {
			c.held[next].Due = kept(at)
		}
	})
}

func (l *memoryLease) Disable(ctx context.Context, why relay.Reason) error {
	return l.write(ctx, func(c *consumer) { c.disabled = why })
}

// kept is a time as every keep gives it back.
func kept(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}
