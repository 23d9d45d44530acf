package postgres

import (
	"sync"

	"caseledger/eventstore"
)

// signal is the highest head that this process knows of, and a way to wait for
// it to move.
type signal struct {
	mu     sync.Mutex
	head   eventstore.Position
	moved  chan struct{} // closed when head moves or the store closes; nil if nobody waits
	closed bool
}

func newSignal() *signal { return &signal{} }

// raise moves the head, and never back: what is known was committed.
func (s *signal) raise(head eventstore.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if head > s.head {
		s.head = head
		s.wake()
	}
}

func (s *signal) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.wake()
}

func (s *signal) wake() {
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

// look returns the head, a channel that is closed when it moves, and whether
// the store is closed.
func (s *signal) look() (eventstore.Position, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved == nil {
		s.moved = make(chan struct{})
		if s.closed {
			close(s.moved)
		}
	}
	return s.head, s.moved, s.closed
}

func (s *signal) current() eventstore.Position {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head
}

func (s *signal) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
