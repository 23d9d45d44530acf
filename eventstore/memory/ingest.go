package memory

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

var _ eventstore.Ingester = (*Store)(nil)

// Ingest implements [eventstore.Ingester].
func (s *Store) Ingest(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error]) error {
	taken := New(s.clock)
	var before eventstore.Stored
	for e, err := range ledger {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = taken.take(before, e)
		}
		if err != nil {
			return err
		}
		before = e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return eventstore.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case len(s.events) > 0:
		return eventstore.ErrNotEmpty
	}
	s.events, s.streams, s.ids = taken.events, taken.streams, taken.ids
	close(s.moved)
	s.moved = make(chan struct{})
	return nil
}

// take adds one event of another store's ledger.
func (s *Store) take(before, e eventstore.Stored) error {
	if err := eventstore.CheckIngested(before, e); err != nil {
		return err
	}
	if e.Revision != event.Revision(len(s.streams[e.Stream])+1) {
		return fmt.Errorf("%w: position %d is revision %d of a stream of %d", eventstore.ErrBrokenLedger, e.Position, e.Revision, len(s.streams[e.Stream]))
	}
	if _, again := s.ids[e.ID]; again {
		return fmt.Errorf("%w: position %d repeats an id", eventstore.ErrBrokenLedger, e.Position)
	}
	e.Body = bytes.Clone(e.Body)
	s.events = append(s.events, e)
	s.streams[e.Stream] = append(s.streams[e.Stream], e.Position)
	s.ids[e.ID] = e.Position
	return nil
}
