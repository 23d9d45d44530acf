// Package memory is the reference event store: the contract in its plainest
// form, with faults on demand. It keeps nothing when the process ends and
// must never hold anything that has to last.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Store implements [eventstore.Store]. Bodies are copied on the way in and on
// the way out, so no caller can alter what is stored. The zero value is not
// usable; call [New].
type Store struct {
	clock func() time.Time

	mu      sync.Mutex
	events  []eventstore.Stored // events[i] has position i+1; never changed once appended
	streams map[event.StreamID][]eventstore.Position
	ids     map[event.ID]eventstore.Position
	moved   chan struct{} // closed, and replaced, when events grows or the store closes
	closed  bool
	faults  faults
}

var _ eventstore.Store = (*Store)(nil)

// New returns an empty store that stamps events by the clock.
func New(clock func() time.Time) *Store {
	return &Store{
		clock:   clock,
		streams: map[event.StreamID][]eventstore.Position{},
		ids:     map[event.ID]eventstore.Position{},
		moved:   make(chan struct{}),
	}
}

// Close makes every later call answer [eventstore.ErrClosed] and wakes those
// that wait. It always returns nil.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.moved)
	}
	return nil
}

// Append implements [eventstore.Store].
func (s *Store) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, expected, events); err != nil {
		return eventstore.Appended{}, err
	}
	fault, err := s.begin(Append)
	if err != nil {
		return eventstore.Appended{}, err
	}
	switch fault {
	case LoseBefore:
		return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, ErrInjected)
	case Hang:
		<-ctx.Done()
		return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, ctx.Err())
	}
	appended, err := s.append(stream, expected, events)
	if err != nil {
		return eventstore.Appended{}, err
	}
	switch fault {
	case LoseAfter:
		return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, ErrInjected)
	case HangAfter:
		<-ctx.Done()
		return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, ctx.Err())
	}
	return appended, nil
}

func (s *Store) append(stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return eventstore.Appended{}, eventstore.ErrClosed
	}
	if first, ok := s.recorded(events); ok {
		return s.again(stream, expected, events, first)
	}
	revision := eventstore.Revision(len(s.streams[stream]))
	if expected != eventstore.AtEnd && expected != revision {
		return eventstore.Appended{}, eventstore.ErrConflict
	}
	at := s.clock().UTC().Truncate(time.Microsecond)
	if n := len(s.events); n > 0 && s.events[n-1].RecordedAt.After(at) {
		at = s.events[n-1].RecordedAt
	}
	for _, e := range events {
		revision++
		position := eventstore.Position(len(s.events) + 1)
		s.events = append(s.events, eventstore.Stored{Position: position, RecordedAt: at, ID: e.ID,
			Stream: stream, Revision: revision, Body: bytes.Clone(e.Body)})
		s.streams[stream] = append(s.streams[stream], position)
		s.ids[e.ID] = position
	}
	close(s.moved)
	s.moved = make(chan struct{})
	return eventstore.Appended{Last: eventstore.Position(len(s.events)), Revision: revision, RecordedAt: at}, nil
}

// recorded reports whether any of the ids is recorded, and where the first
// event of the batch is; 0 if that one is not.
func (s *Store) recorded(events []eventstore.Event) (first eventstore.Position, any bool) {
	for _, e := range events {
		if _, ok := s.ids[e.ID]; ok {
			return s.ids[events[0].ID], true
		}
	}
	return 0, false
}

// again answers a batch of which some id is recorded: a retry or a clash.
func (s *Store) again(stream event.StreamID, expected eventstore.Revision, events []eventstore.Event, first eventstore.Position) (eventstore.Appended, error) {
	if first == 0 || s.events[first-1].Stream != stream {
		return eventstore.Appended{}, eventstore.ErrDuplicate
	}
	before := s.events[first-1].Revision - 1
	positions := s.streams[stream][before:]
	if expected != eventstore.AtEnd && expected != before || len(positions) < len(events) {
		return eventstore.Appended{}, eventstore.ErrDuplicate
	}
	var last eventstore.Stored
	for i, e := range events {
		if last = s.events[positions[i]-1]; last.ID != e.ID {
			return eventstore.Appended{}, eventstore.ErrDuplicate
		}
	}
	return eventstore.Appended{Last: last.Position, Revision: last.Revision, RecordedAt: last.RecordedAt, Repeated: true}, nil
}

// ReadStream implements [eventstore.Store].
func (s *Store) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	return s.read(ctx, ReadStream, func(n int) (eventstore.Stored, bool) {
		positions := s.streams[stream]
		i := uint64(max(from, 1)) - 1 + uint64(n)
		if i >= uint64(len(positions)) {
			return eventstore.Stored{}, false
		}
		return s.events[positions[i]-1], true
	})
}

// ReadAll implements [eventstore.Store].
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return s.read(ctx, ReadAll, func(n int) (eventstore.Stored, bool) {
		i := uint64(after) + uint64(n)
		if i >= uint64(len(s.events)) {
			return eventstore.Stored{}, false
		}
		return s.events[i], true
	})
}

// read yields at(0), at(1) … until there is none. at runs under the lock,
// what is done with an event does not.
func (s *Store) read(ctx context.Context, op Op, at func(n int) (eventstore.Stored, bool)) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		fault, err := s.begin(op)
		for n := 0; ; n++ {
			switch {
			case err != nil:
			case fault == Hang:
				<-ctx.Done()
				err = ctx.Err()
			case fault == FailMidway && n == 1:
				err = ErrInjected
			default:
				err = ctx.Err()
			}
			if err != nil {
				yield(eventstore.Stored{}, err)
				return
			}
			s.mu.Lock()
			e, ok := at(n)
			if s.closed {
				err = eventstore.ErrClosed
			}
			s.mu.Unlock()
			if err != nil {
				yield(eventstore.Stored{}, err)
				return
			}
			e.Body = bytes.Clone(e.Body)
			if !ok || !yield(e, nil) {
				return
			}
		}
	}
}

// Wait implements [eventstore.Store].
func (s *Store) Wait(ctx context.Context, after eventstore.Position) (eventstore.Position, error) {
	if fault, err := s.begin(Wait); err != nil {
		return 0, err
	} else if fault == Hang {
		<-ctx.Done()
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		s.mu.Lock()
		head, moved, closed := eventstore.Position(len(s.events)), s.moved, s.closed
		s.mu.Unlock()
		switch {
		case closed:
			return 0, eventstore.ErrClosed
		case head > after:
			return head, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}

// Head implements [eventstore.Store].
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	fault, err := s.begin(Head)
	if err != nil {
		return 0, err
	}
	if fault == Hang {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, eventstore.ErrClosed
	}
	return eventstore.Position(len(s.events)), nil
}
