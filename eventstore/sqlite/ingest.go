package sqlite

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"caseledger/eventstore"
)

var _ eventstore.Ingester = (*Store)(nil)

// Ingest implements [eventstore.Ingester], in one transaction: the log beside
// the database grows to the size of the ledger meanwhile.
func (s *Store) Ingest(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error]) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if s.readOnly {
		return ErrReadOnly
	}
	s.seq.using.Lock()
	defer s.seq.using.Unlock()
	w := s.seq.writer
	err := w.ingest(ledger, func() error {
		if s.seq.ending() {
			return eventstore.ErrClosed
		}
		return ctx.Err()
	})
	if err == nil {
		s.signal.set(w.position)
	}
	return err
}

// ingest takes a whole ledger in one transaction. usable is asked before each
// event.
func (w *writer) ingest(ledger iter.Seq2[eventstore.Stored, error], usable func() error) error {
	if !w.ready {
		if err := w.reopen(); err != nil {
			return refused(err)
		}
	}
	if w.position > 0 {
		return eventstore.ErrNotEmpty
	}
	position, at := w.position, w.at
	w.pending = w.pending[:0]
	if err := exec(w.begin); err != nil {
		w.drop()
		return refused(err)
	}
	err := w.takeAll(ledger, usable)
	if err == nil {
		if err = exec(w.commit); err == nil {
			return nil
		}
		w.drop()
		return uncommitted(err)
	}
	w.position, w.at = position, at
	w.heads.forget()
	if rollback := exec(w.rollback); rollback != nil {
		w.drop()
	}
	switch code(err) {
	case 0:
		return err
	case codeConstraint:
		return fmt.Errorf("%w: an id is repeated", eventstore.ErrBrokenLedger)
	}
	return refused(err)
}

func (w *writer) takeAll(ledger iter.Seq2[eventstore.Stored, error], usable func() error) error {
	var before eventstore.Stored
	for e, err := range ledger {
		if err == nil {
			err = usable()
		}
		if err == nil {
			err = w.take(before, e)
		}
		if err != nil {
			return err
		}
		before = e
	}
	return errors.Join(usable(), w.flush())
}

// take puts one event of another store's ledger into the transaction.
func (w *writer) take(before, e eventstore.Stored) error {
	if err := eventstore.CheckIngested(before, e); err != nil {
		return err
	}
	head, err := w.headOf(e.Stream)
	if err != nil {
		return err
	}
	if e.Revision != head+1 {
		return fmt.Errorf("%w: position %d is revision %d of a stream of %d", eventstore.ErrBrokenLedger, e.Position, e.Revision, head)
	}
	key := e.Stream.Bytes()
	w.position, w.at = e.Position, e.RecordedAt.UnixMicro()
	w.heads.set(e.Stream, e.Revision)
	w.pending = append(w.pending, int64(e.Position), w.at, e.ID.UUID[:], key[:], int64(e.Revision), e.Body)
	if len(w.pending) == chunk*width {
		return w.flush()
	}
	return nil
}
