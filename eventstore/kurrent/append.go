package kurrent

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

// attempts bounds how often an append at the end of a stream is made again
// when another process was first.
const attempts = 32

// Append implements [eventstore.Store]. A batch that is larger than the server
// takes in one append (1 MiB unless it is set otherwise) is
// [eventstore.ErrTooLarge].
//
// Two processes that append the same ids to different streams at the same
// moment both succeed: ids are derived from the stream, so none do.
func (s *Store) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, expected, events); err != nil {
		return eventstore.Appended{}, err
	}
	if err := s.begin(); err != nil {
		return eventstore.Appended{}, err
	}
	defer s.calls.Done()
	open, err := s.gates.enter(ctx, stream, events)
	if err != nil {
		return eventstore.Appended{}, unknown(err)
	}
	defer open()
	for range attempts {
		appended, again, err := s.attempt(ctx, stream, expected, events)
		if err != nil {
			return eventstore.Appended{}, err
		}
		if !again {
			return appended, nil
		}
	}
	return eventstore.Appended{}, refused(errors.New("others keep appending to the stream"))
}

// begin counts an append in, unless the store is closed or broken.
func (s *Store) begin() error {
	s.order.mu.Lock()
	defer s.order.mu.Unlock()
	if s.order.refusing {
		return eventstore.ErrClosed
	}
	if s.readOnly {
		return ErrReadOnly
	}
	if err := s.signal.failure(); err != nil {
		return err
	}
	s.calls.Add(1)
	return nil
}

// attempt appends once. again says that the stream has an end that was not
// known when the append was made for where it ended before.
func (s *Store) attempt(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (_ eventstore.Appended, again bool, _ error) {
	at, appended, err := s.settle(ctx, stream, expected, events, false)
	if err != nil || appended.Repeated {
		return appended, false, err
	}
	by := s.tokens.next()
	end := at + eventstore.Revision(len(events))
	w := s.order.await(place{stream, end})
	defer s.order.forget(w)
	if held, err := s.copy.Revision(ctx, stream); err == nil && held != at {
		return eventstore.Appended{}, true, nil // numbered before anybody waited for it
	}
	err = s.send(ctx, stream, at, events, by)
	switch {
	case err == nil:
		e, err := s.result(ctx, w)
		if err != nil {
			return eventstore.Appended{}, false, unknown(err)
		}
		return eventstore.Appended{Last: e.Position, Revision: end, RecordedAt: e.RecordedAt, Repeated: e.By != by}, false, nil
	case errors.Is(err, errWrongRevision):
		_, appended, err := s.settle(ctx, stream, expected, events, true)
		return appended, err == nil && !appended.Repeated, err
	}
	return eventstore.Appended{}, false, err
}

// send appends to the database, again while it was certainly not done and may
// be done yet. Its error is errWrongRevision or an append's outcome.
func (s *Store) send(ctx context.Context, stream event.StreamID, at eventstore.Revision, events []eventstore.Event, by numbering.Token) error {
	until, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	data := proposed(events, by)
	for rest := pause; ; rest = min(2*rest, maxPause) {
		position, err := s.session.append(until, s.names.of(stream), uint64(at), data)
		switch {
		case err == nil:
			s.order.learn(position)
			return nil
		case errors.Is(err, errWrongRevision):
			return err
		case errors.Is(err, errOversize):
			return fmt.Errorf("%w: %w", eventstore.ErrTooLarge, err)
		case errors.Is(err, errLost) && ctx.Err() != nil:
			return unknown(ctx.Err())
		case errors.Is(err, errLost):
			return unknown(err)
		case !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrNotLeader):
			return refused(err)
		case ctx.Err() != nil:
			return unknown(ctx.Err())
		case !wait(until, rest):
			return refused(err)
		}
	}
}

// settle finds the revision to append at, or the outcome without appending.
// level says that the database is known to hold more than the copy.
func (s *Store) settle(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event, level bool) (at eventstore.Revision, _ eventstore.Appended, _ error) {
	for {
		if level {
			if err := s.level(ctx, stream); err != nil {
				if ctx.Err() != nil {
					return 0, eventstore.Appended{}, unknown(ctx.Err())
				}
				return 0, eventstore.Appended{}, s.failure(ctx, err)
			}
		}
		found, err := s.copy.Find(ctx, ids(events))
		if err == nil && len(found) > 0 {
			appended, err := s.repeated(ctx, stream, expected, events, found)
			return 0, appended, err
		}
		held, failed := s.copy.Revision(ctx, stream)
		switch err = errors.Join(err, failed); {
		case ctx.Err() != nil:
			return 0, eventstore.Appended{}, unknown(ctx.Err())
		case err != nil:
			return 0, eventstore.Appended{}, refused(fmt.Errorf("the local copy of the index: %w", err))
		case expected == eventstore.AtEnd || expected == held:
			return held, eventstore.Appended{}, nil
		case level:
			return 0, eventstore.Appended{}, eventstore.ErrConflict
		}
		level = true
	}
}

// level brings the copy to where a stream is in the database, numbers that
// nobody gave included.
func (s *Store) level(ctx context.Context, stream event.StreamID) error {
	if err := s.catchUp(ctx); err != nil {
		return err
	}
	held, err := s.copy.Revision(ctx, stream)
	if err != nil {
		return err
	}
	end, err := s.session.streamEnd(ctx, s.names.of(stream))
	if err != nil {
		return err
	}
	there := eventstore.Revision(0)
	if len(end.records) > 0 {
		there = eventstore.Revision(end.records[0].revision + 1)
	}
	switch {
	case there < held:
		return fmt.Errorf("%w: %s", ErrDeleted, stream)
	case there > held:
		return s.numbered(ctx, place{stream, there})
	}
	return nil
}

func ids(events []eventstore.Event) []event.ID {
	all := make([]event.ID, len(events))
	for i, e := range events {
		all[i] = e.ID
	}
	return all
}

// gates let one append at a time to a stream, and one at a time with an id: of
// two of this process with the same ids the second finds what the first did.
type gates struct {
	mu    sync.Mutex
	taken map[any]chan struct{} // by stream and by id; closed when it is free
}

// enter waits until the stream and the ids are free, and takes them.
func (g *gates) enter(ctx context.Context, stream event.StreamID, events []eventstore.Event) (leave func(), _ error) {
	keys := make([]any, 0, len(events)+1)
	keys = append(keys, stream)
	for _, e := range events {
		keys = append(keys, e.ID)
	}
	for {
		busy := g.take(keys)
		if busy == nil {
			return func() { g.free(keys) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes every key, or returns the channel of one that is not free.
func (g *gates) take(keys []any) <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.taken == nil {
		g.taken = map[any]chan struct{}{}
	}
	for _, k := range keys {
		if busy, ok := g.taken[k]; ok {
			return busy
		}
	}
	done := make(chan struct{})
	for _, k := range keys {
		g.taken[k] = done
	}
	return nil
}

func (g *gates) free(keys []any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.taken[keys[0]])
	for _, k := range keys {
		delete(g.taken, k)
	}
}
