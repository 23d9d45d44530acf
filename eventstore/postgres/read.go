package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

const (
	// pageEvents and pageBytes bound what a reader holds in memory; a page
	// ends when either is reached.
	pageEvents = 4096
	pageBytes  = 1 << 20
	// firstOfLedger and firstOfStream are the sizes of the first page that is
	// read: who wants one event does not read hundreds, and most streams are one
	// page.
	firstOfLedger = 32
	firstOfStream = 128
)

// nextPage is how many events to ask for after a page: four times as many,
// unless events of the size seen would not fit.
func nextPage(asked int, page []eventstore.Stored) int {
	size := 0
	for i := range page {
		size += len(page[i].Body)
	}
	most := pageEvents
	if size > 0 {
		most = min(most, pageBytes*len(page)/size)
	}
	return max(1, min(4*asked, most))
}

const columns = "SELECT position, recorded_at, event_id, stream, revision, body FROM caseledger.events "

// readStatements are those of the pool, by the names they are prepared under.
var readStatements = map[string]string{
	"all":    columns + "WHERE position > $1 ORDER BY position LIMIT $2",
	"stream": columns + "WHERE stream = $1 AND revision >= $2 ORDER BY revision LIMIT $3",
	"head":   "SELECT position FROM caseledger.head",
	"ready":  "UPDATE caseledger.head SET position = position",
}

// page reads up to so many events, or a page's bytes. more reports that the
// page was full. With an error come the events before it.
func (s *Store) page(ctx context.Context, statement string, most int, params ...[]byte) (events []eventstore.Stored, more bool, err error) {
	err = s.reading(ctx, func(ctx context.Context, conn *pgconn.PgConn) error {
		events, more = nil, false // a lost connection may have brought some
		rows := conn.ExecPrepared(ctx, statement, append(params, int8Bytes(int64(most))), binaryFormat, binaryFormat)
		size := 0
		for rows.NextRow() {
			if more {
				continue // what is left of a page too large to hold
			}
			e, err := stored(rows.Values())
			if err != nil {
				_, _ = rows.Close() // the error of the row is told
				return err
			}
			events = append(events, e)
			size += len(e.Body)
			more = size >= pageBytes || len(events) == most
		}
		_, err := rows.Close()
		return err
	})
	return events, more, err
}

func stored(row [][]byte) (e eventstore.Stored, err error) {
	var numbers [3]int64
	for i, column := range [...]int{0, 1, 4} {
		if numbers[i], err = int8From(row[column]); err != nil {
			return e, err
		}
	}
	e.Position, e.Revision = eventstore.Position(numbers[0]), eventstore.Revision(numbers[2])
	e.RecordedAt = time.UnixMicro(numbers[1]).UTC()
	if e.ID, err = idFrom(row[2]); err != nil {
		return e, err
	}
	if e.Stream, err = streamFrom(row[3]); err != nil {
		return e, err
	}
	e.Body = bytes.Clone(row[5])
	return e, nil
}

// reading lends a connection of the pool, for as long as a statement may take:
// a server that is cut off answers nothing at all. A connection that was lost is
// tried again once with another: reading twice does no harm.
func (s *Store) reading(ctx context.Context, read func(context.Context, *pgconn.PgConn) error) error {
	if s.signal.isClosed() {
		return eventstore.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, clientBound)
	defer cancel()
	var err error
	for range 2 {
		err = s.lend(bounded, read)
		if err == nil || answered(err) || errors.Is(err, ErrDamaged) || bounded.Err() != nil {
			break
		}
	}
	if err != nil {
		return s.failure(ctx, err)
	}
	return nil
}

func (s *Store) lend(ctx context.Context, read func(context.Context, *pgconn.PgConn) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return read(ctx, conn.Conn().PgConn())
}

// ReadStream implements [eventstore.Store]. An event missing in the middle of
// the stream is [ErrDamaged].
func (s *Store) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	key := stream.Bytes()
	return func(yield func(eventstore.Stored, error) bool) {
		next, most := max(from, 1), firstOfStream
		for more := true; more && next <= math.MaxInt64; {
			events, full, broken := s.page(ctx, "stream", most, key[:], int8Bytes(int64(next)))
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
			more, most = full, nextPage(most, events)
		}
	}
}

// ReadAll implements [eventstore.Store]. A missing position, or one
// that is not an event's, is [ErrDamaged]; every event before it was yielded.
func (s *Store) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		most := firstOfLedger
		for more := true; more && after <= math.MaxInt64; {
			events, _, broken := s.page(ctx, "all", most, int8Bytes(int64(after)))
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
			more, most = len(events) > 0, nextPage(most, events)
		}
	}
}

// Head implements [eventstore.Store], also for what other processes appended.
func (s *Store) Head(ctx context.Context) (eventstore.Position, error) {
	var head eventstore.Position
	err := s.reading(ctx, func(ctx context.Context, conn *pgconn.PgConn) (err error) {
		head, err = headOf(conn.ExecPrepared(ctx, "head", nil, nil, binaryFormat).Read())
		return err
	})
	if err != nil {
		return 0, err
	}
	s.signal.raise(head)
	return head, nil
}

// headOf is the position in a result of one row.
func headOf(result *pgconn.Result) (eventstore.Position, error) {
	if result.Err != nil {
		return 0, result.Err
	}
	if len(result.Rows) != 1 {
		return 0, errNoHead
	}
	n, err := int8From(result.Rows[0][0])
	return eventstore.Position(n), err
}

// Wait implements [eventstore.Store].
func (s *Store) Wait(ctx context.Context, after eventstore.Position) (eventstore.Position, error) {
	for {
		head, moved, closed := s.signal.look()
		switch {
		case closed:
			return 0, eventstore.ErrClosed
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case head > after:
			return head, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
		}
	}
}
