package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

const (
	// pageEvents and pageBytes bound what a reader holds in memory; a page
	// ends when either is reached.
	pageEvents = 256
	// firstPage is the size of the first page of the ledger that is read; each
	// further one is four times the one before, up to pageEvents. Who wants one
	// event does not read hundreds.
	firstPage = 16
	pageBytes = 1 << 20
	// pollEvery is how often a read-only store looks for new events.
	pollEvery = 250 * time.Millisecond
)

const columns = "SELECT position, recorded_at, event_id, stream, revision, body FROM events "

// statements are those of the read pool.
type statements struct{ all, stream, head *sql.Stmt }

func (p *statements) prepare(ctx context.Context, db *sql.DB) error {
	for into, query := range map[**sql.Stmt]string{
		&p.all:    columns + "WHERE position > ? ORDER BY position LIMIT ?",
		&p.stream: columns + "WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?",
		&p.head:   "SELECT coalesce(max(position), 0) FROM events",
	} {
		var err error
		if *into, err = db.PrepareContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}

// page reads up to so many events, or a page's bytes, and closes what it used.
// more reports that the page was full. With an error come the events before it.
func page(ctx context.Context, stmt *sql.Stmt, most int, args ...any) (events []eventstore.Stored, more bool, err error) {
	rows, err := stmt.QueryContext(ctx, append(args, most)...)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	size := 0
	var id, stream, body sql.RawBytes
	for rows.Next() {
		var e eventstore.Stored
		var at int64
		if err := rows.Scan(&e.Position, &at, &id, &stream, &e.Revision, &body); err != nil {
			return events, false, err
		}
		if e.Stream, err = event.StreamFromBytes(stream); err != nil || len(id) != len(e.ID.UUID) {
			return events, false, fmt.Errorf("%w: an identifier at position %d", ErrDamaged, e.Position)
		}
		e.ID.UUID = event.UUID(id)
		e.RecordedAt = time.UnixMicro(at).UTC()
		e.Body = bytes.Clone(body)
		events = append(events, e)
		if size += len(body); size >= pageBytes {
			return events, true, nil
		}
	}
	return events, len(events) == most, rows.Err()
}

// ReadStream implements [eventstore.Store]. An event missing in the middle of
// the stream is [ErrDamaged].
func (s *Store) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	key := stream.Bytes()
	return func(yield func(eventstore.Stored, error) bool) {
		next := max(from, 1)
		for more := true; more && next <= math.MaxInt64; {
			events, full, broken := s.page(ctx, s.pages.stream, pageEvents, key[:], int64(next))
			for _, e := range events {
				var err error
				if e.Revision != next {
					err = fmt.Errorf("%w: %s has no revision %d", ErrDamaged, stream, next)
				} else {
					err = ctx.Err()
				}
				if err != nil {
					yield(eventstore.Stored{}, err)
					return
				}
				if !yield(e, nil) {
					return
				}
				next++
			}
			if broken != nil {
				yield(eventstore.Stored{}, broken)
				return
			}
			more = full
		}
	}
}

// ReadAll implements [eventstore.Store]. A missing position, or one
// that is not an event's, is [ErrDamaged]; every event before it was yielded.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		most := firstPage
		for more := true; more && after <= math.MaxInt64; most = min(4*most, pageEvents) {
			events, _, broken := s.page(ctx, s.pages.all, most, int64(after))
			for _, e := range events {
				var err error
				if e.Position != after+1 {
					err = fmt.Errorf("%w: there is no position %d", ErrDamaged, after+1)
				} else {
					err = ctx.Err()
				}
				if err != nil {
					yield(eventstore.Stored{}, err)
					return
				}
				if !yield(e, nil) {
					return
				}
				after++
			}
			if broken != nil {
				yield(eventstore.Stored{}, broken)
				return
			}
			more = len(events) > 0 && (s.readOnly || s.signal.current() > after)
		}
	}
}

func (s *Store) page(ctx context.Context, stmt *sql.Stmt, most int, args ...any) ([]eventstore.Stored, bool, error) {
	if err := s.usable(ctx); err != nil {
		return nil, false, err
	}
	events, more, err := page(ctx, stmt, most, args...)
	if err != nil {
		return events, false, s.failure(ctx, err)
	}
	return events, more, nil
}

func (s *Store) usable(ctx context.Context) error {
	if s.signal.isClosed() {
		return eventstore.ErrClosed
	}
	return ctx.Err()
}

// Head implements [eventstore.Store].
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	if !s.readOnly {
		return s.signal.current(), nil
	}
	var head eventstore.Position
	if err := s.pages.head.QueryRowContext(ctx).Scan(&head); err != nil {
		return 0, s.failure(ctx, err)
	}
	return head, nil
}

// Wait implements [eventstore.Store].
func (s *Store) Wait(ctx context.Context, after eventstore.Position) (eventstore.Position, error) {
	var tick <-chan time.Time
	if s.readOnly {
		ticker := time.NewTicker(pollEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		_, moved, _ := s.signal.look()
		head, err := s.Head(ctx)
		if err != nil {
			return 0, err
		}
		if head > after {
			return head, nil
		}
		select {
		case <-moved:
		case <-tick:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
