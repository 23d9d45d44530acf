package memory

import (
	"errors"
	"fmt"

	"caseledger/eventstore"
)

// ErrInjected is in the chain of every error that [Store.Inject] caused and
// that is not a context's.
var ErrInjected = errors.New("memory: injected fault")

// Op is an operation that can be made to fail.
type Op int

// The operations. A read counts as called when it is ranged over.
const (
	Append Op = iota
	ReadStream
	ReadAll
	Wait
	Head
	operations
)

// Fault is a way to fail.
type Fault int

const (
	none Fault = iota
	// Fail does nothing and answers [eventstore.ErrUnavailable].
	Fail
	// FailMidway, of reads, yields one event and then ErrInjected.
	FailMidway
	// Hang does nothing and blocks until the context ends.
	Hang
	// HangAfter, of Append, records and then blocks until the context ends.
	HangAfter
	// LoseBefore, of Append, records nothing and answers
	// [eventstore.ErrUnknown].
	LoseBefore
	// LoseAfter, of Append, records and answers [eventstore.ErrUnknown].
	LoseAfter
)

// faults counts the calls of each operation and holds what is to go wrong.
type faults struct {
	calls   [operations]int
	planned [operations]map[int]Fault
}

// Inject makes the n-th call of an operation from now fail once; 1 is the
// next. It panics if the operation cannot fail in that way.
func (s *Store) Inject(op Op, n int, f Fault) {
	read := op == ReadStream || op == ReadAll
	if n < 1 || f == FailMidway && !read || f > Hang && op != Append {
		panic(fmt.Sprintf("memory: operation %d has no fault %d at call %d", op, f, n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults.planned[op] == nil {
		s.faults.planned[op] = map[int]Fault{}
	}
	s.faults.planned[op][s.faults.calls[op]+n] = f
}

// Calls is how often an operation has been called, refused appends excepted.
func (s *Store) Calls(op Op) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults.calls[op]
}

// begin counts a call and returns the fault planned for it. A call that does
// nothing but fail, and any call of a closed store, is the error.
func (s *Store) begin(op Op) (Fault, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return none, eventstore.ErrClosed
	}
	s.faults.calls[op]++
	n := s.faults.calls[op]
	f := s.faults.planned[op][n]
	delete(s.faults.planned[op], n)
	if f == Fail {
		return none, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, ErrInjected)
	}
	return f, nil
}
