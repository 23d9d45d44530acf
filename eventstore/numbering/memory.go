package numbering

import (
	"context"
	"sync"
	"time"

	"caseledger/domain/event"
)

// Memory is a copy that ends with the process, about 200 bytes an entry. The
// zero value is empty.
type Memory struct {
	mu      sync.RWMutex
	tail    Tail
	entries []held
	streams map[event.StreamID][]event.Position
	ids     map[event.ID]event.Position
}

// held is an entry without what its place says.
type held struct {
	recordedAt int64
	id         event.ID
	stream     event.StreamID
	revision   event.Revision
	at         LogPosition
}

var _ Copy = (*Memory)(nil)

// Tail implements [Copy].
func (m *Memory) Tail(ctx context.Context) (Tail, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.tail, ctx.Err()
}

// Add implements [Copy].
func (m *Memory) Add(ctx context.Context, from, to Tail, entries []Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case from != m.tail:
		return ErrCopyMoved
	case m.streams == nil:
		m.streams, m.ids = map[event.StreamID][]event.Position{}, map[event.ID]event.Position{}
	}
	for _, e := range entries {
		m.entries = append(m.entries, held{e.RecordedAt.UnixMicro(), e.ID, e.Stream, e.Revision, e.At})
		m.streams[e.Stream] = append(m.streams[e.Stream], e.Position)
		if _, known := m.ids[e.ID]; !known {
			m.ids[e.ID] = e.Position
		}
	}
	m.tail = to
	return nil
}

// Clear implements [Copy].
func (m *Memory) Clear(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tail, m.entries, m.streams, m.ids = Tail{}, nil, nil, nil
	return ctx.Err()
}

func (m *Memory) at(p event.Position) Entry {
	h := m.entries[p-1]
	return Entry{Position: p, RecordedAt: time.UnixMicro(h.recordedAt).UTC(), ID: h.id, Stream: h.stream, Revision: h.revision, At: h.at}
}

// After implements [Copy].
func (m *Memory) After(ctx context.Context, after event.Position, n int) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var some []Entry
	for p := after; p < event.Position(len(m.entries)) && len(some) < n; p++ {
		some = append(some, m.at(p+1))
	}
	return some, ctx.Err()
}

// OfStream implements [Copy].
func (m *Memory) OfStream(ctx context.Context, stream event.StreamID, from event.Revision, n int) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var some []Entry
	positions := m.streams[stream]
	for r := uint64(max(from, 1)) - 1; r < uint64(len(positions)) && len(some) < n; r++ {
		some = append(some, m.at(positions[r]))
	}
	return some, ctx.Err()
}

// Revision implements [Copy].
func (m *Memory) Revision(ctx context.Context, stream event.StreamID) (event.Revision, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return event.Revision(len(m.streams[stream])), ctx.Err()
}

// Find implements [Copy].
func (m *Memory) Find(ctx context.Context, ids []event.ID) ([]Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Entry
	for _, id := range ids {
		if p, ok := m.ids[id]; ok {
			found = append(found, m.at(p))
		}
	}
	return found, ctx.Err()
}

// Close implements [Copy].
func (m *Memory) Close() error { return nil }
