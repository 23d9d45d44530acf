package kurrent

import (
	"sync"

	"caseledger/eventstore"
)

// signal is the head of the ledger as this process knows it, a way to wait for
// it to move, and why the store answers nothing any more.
type signal struct {
	mu    sync.Mutex
	head  eventstore.Position
	moved chan struct{} // closed when head moves or the store ends; nil if nobody waits
	ended chan struct{} // closed when err is set
	err   error         // ErrClosed, or an incident
}

func newSignal() *signal { return &signal{ended: make(chan struct{})} }

func (s *signal) set(head eventstore.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head = head
	s.wake()
}

// end makes the store answer err from now on. The first reason stays, but for
// a close, which prevails.
func (s *signal) end(err error, closing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		close(s.ended)
	}
	if s.err == nil || closing {
		s.err = err
	}
	s.wake()
}

func (s *signal) wake() {
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

// look returns the head, a channel that is closed when something changes, and
// why the store has ended.
func (s *signal) look() (eventstore.Position, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moved == nil {
		s.moved = make(chan struct{})
	}
	return s.head, s.moved, s.err
}

func (s *signal) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
