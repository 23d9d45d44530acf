package postgres

import (
	"sync"
	"time"

	"caseledger/eventstore"
)

// pace is how far apart those who wait, and other processes, are told at least. A
// group is committed in a fraction of it, and a notification, and a query of each
// follower, after each group would take the processor from the appends. What
// comes after a rest is told at once.
const pace = 5 * time.Millisecond

// signal is the highest head that this process knows of, and a way to wait for
// it to move.
type signal struct {
	mu     sync.Mutex
	head   eventstore.Position
	told   eventstore.Position // the head as those who wait may know it
	rest   *time.Timer         // runs out when they may be told again; nil if they may be now
	moved  chan struct{}       // closed when told moves or the store closes; nil if nobody waits
	closed bool
}

func newSignal() *signal { return &signal{} }

// raise moves the head, and never back: what is known was committed.
func (s *signal) raise(head eventstore.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if head > s.head {
		s.head = head
		if s.rest == nil {
			s.tell()
		}
	}
}

// tell wakes those who wait, and lets them rest.
func (s *signal) tell() {
	s.told = s.head
	s.wake()
	s.rest = time.AfterFunc(pace, s.rested)
}

func (s *signal) rested() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = nil
	if s.told < s.head && !s.closed {
		s.tell()
	}
}

func (s *signal) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.rest != nil {
		s.rest.Stop()
	}
	s.wake()
}

func (s *signal) wake() {
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

// look returns the head that was told last, a channel that is closed when
// another one is, and whether the store is closed.
func (s *signal) look() (eventstore.Position, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved == nil {
		s.moved = make(chan struct{})
		if s.closed {
			close(s.moved)
		}
	}
	return s.told, s.moved, s.closed
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
