package relay

import (
	"context"
	"sync"

	"caseledger/domain/event"
)

// window is what was read and is not all acknowledged: at most a fixed number
// of events, and of bytes of those that wait, in ledger order.
type window struct {
	moved chan struct{} // holds one once the first of them was acknowledged
	room  chan struct{} // holds one once there may be room

	mu    sync.Mutex
	at    Mark           // everything up to it was acknowledged
	last  event.Position // that was entered
	ring  []slot         // by position
	bytes int            // of those that were not left
	taken Checkpoint     // the last that was asked for
}

type slot struct {
	id    event.ID
	bytes int
	left  bool
}

// windowBytes is the most bytes that wait in a window, beside one event's.
const windowBytes = 32 << 20

func newWindow(from Checkpoint, size int) *window {
	return &window{moved: make(chan struct{}, 1), room: make(chan struct{}, 1),
		at: from.Mark, last: from.Position, ring: make([]slot, size), taken: from}
}

func (w *window) slot(p event.Position) *slot { return &w.ring[uint64(p)%uint64(len(w.ring))] }

// enter waits until there is room and takes in the event after the last.
func (w *window) enter(ctx context.Context, m Mark, bytes int) error {
	for !w.entered(m, bytes) {
		select {
		case <-w.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (w *window) entered(m Mark, bytes int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if uint64(w.last-w.at.Position) == uint64(len(w.ring)) || w.bytes > windowBytes {
		return false
	}
	*w.slot(m.Position) = slot{id: m.ID, bytes: bytes}
	w.bytes += bytes
	w.last = m.Position
	return true
}

// leave says that an event was acknowledged.
func (w *window) leave(p event.Position) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.slot(p)
	s.left = true
	w.bytes -= s.bytes
	signal(w.room)
	if p != w.at.Position+1 {
		return
	}
	for w.at.Position < w.last && w.slot(w.at.Position+1).left {
		w.at = Mark{w.at.Position + 1, w.slot(w.at.Position + 1).id}
	}
	signal(w.moved)
}

// checkpoint is how far it has come.
func (w *window) checkpoint() Checkpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = w.taken.moved(w.at)
	return w.taken
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
