package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Ingest implements [eventstore.Ingester], in one transaction.
func (s *Store) Ingest(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error]) error {
	if s.options.ReadOnly {
		return ErrReadOnly
	}
	if s.signal.isClosed() {
		return eventstore.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	conn, err := pgconn.ConnectConfig(ctx, s.seq.writer.config)
	if err != nil {
		return s.failure(ctx, err)
	}
	defer hangUp(conn) // the transaction ends with it
	source := &copySource{}
	err = ingest(ctx, conn, source, ledger)
	switch {
	case source.refused != nil:
		return source.refused
	case state(err) == uniqueViolation:
		return fmt.Errorf("%w: an event id, or a revision of a stream, is there twice", eventstore.ErrBrokenLedger)
	case errors.Is(err, eventstore.ErrNotEmpty) || errors.Is(err, eventstore.ErrBrokenLedger):
		return err
	case err != nil:
		return s.failure(ctx, err)
	}
	s.signal.raise(source.position)
	return nil
}

func ingest(ctx context.Context, conn *pgconn.PgConn, source *copySource, ledger iter.Seq2[eventstore.Stored, error]) error {
	for _, sql := range []string{
		"BEGIN", "SET LOCAL synchronous_commit = on",
		"SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0",
	} {
		if _, err := query(ctx, conn, sql); err != nil {
			return err
		}
	}
	rows, err := query(ctx, conn, "SELECT position FROM caseledger.head FOR UPDATE")
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0][0] != "0" {
		return eventstore.ErrNotEmpty
	}
	next, stop := iter.Pull2(ledger)
	defer stop()
	source.next = next
	if _, err := conn.CopyFrom(ctx, source, "COPY caseledger.events (position, recorded_at, revision, event_id, stream, body) FROM STDIN (FORMAT binary)"); err != nil {
		return err
	}
	// Every stream must be 1, 2, 3 … in the order of the ledger.
	rows, err = query(ctx, conn, `SELECT count(*) FROM (SELECT revision, position, row_number() OVER stream AS n, lag(position, 1, 0::bigint) OVER stream AS before
	FROM caseledger.events WINDOW stream AS (PARTITION BY stream ORDER BY revision)) AS e WHERE revision <> n OR position <= before`)
	if err != nil {
		return err
	}
	if rows[0][0] != "0" {
		return fmt.Errorf("%w: the revisions of a stream are not 1, 2, 3 …", eventstore.ErrBrokenLedger)
	}
	if source.position > 0 {
		if _, err := query(ctx, conn, "UPDATE caseledger.head SET position = $1::bigint, recorded_at = $2::bigint",
			fmt.Sprint(source.position), fmt.Sprint(source.at)); err != nil {
			return err
		}
	}
	_, err = query(ctx, conn, "COMMIT")
	return err
}

// copySource is a ledger in the binary format of COPY, as a reader. It ends at
// the first event that offends.
type copySource struct {
	next    func() (eventstore.Stored, error, bool)
	refused error // what the ledger itself did wrong, or yielded

	position eventstore.Position
	at       int64 // µs; recordedAt of the last event
	begun    bool
	ended    bool
	buffer   []byte // encoded and not yet read
	read     int    // of buffer
}

// Of https://www.postgresql.org/docs/current/sql-copy.html, binary format: the
// signature, no flags, no header extension.
const copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

const copyBuffer = 64 << 10

// Read implements [io.Reader].
func (c *copySource) Read(into []byte) (int, error) {
	if c.read == len(c.buffer) {
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(into, c.buffer[c.read:])
	c.read += n
	return n, nil
}

func (c *copySource) fill() error {
	c.buffer, c.read = c.buffer[:0], 0
	if c.ended {
		return io.EOF
	}
	if !c.begun {
		c.begun = true
		c.at = math.MinInt64
		c.buffer = append(c.buffer, copyHeader...)
	}
	for len(c.buffer) < copyBuffer {
		e, err, more := c.next()
		if !more {
			c.ended = true
			c.buffer = binary.BigEndian.AppendUint16(c.buffer, math.MaxUint16)
			return nil
		}
		if err == nil {
			err = c.add(e)
		}
		if err != nil {
			c.refused = err
			return err
		}
	}
	return nil
}

// add encodes an event that follows the last one.
func (c *copySource) add(e eventstore.Stored) error {
	at := e.RecordedAt.UnixMicro()
	switch {
	case e.Position != c.position+1:
		return fmt.Errorf("%w: position %d after %d", eventstore.ErrBrokenLedger, e.Position, c.position)
	case at < c.at:
		return fmt.Errorf("%w: recorded times decrease at position %d", eventstore.ErrBrokenLedger, e.Position)
	}
	key := e.Stream.Bytes()
	if _, err := event.StreamFromBytes(key[:]); err != nil {
		return fmt.Errorf("%w: no such stream at position %d", eventstore.ErrBrokenLedger, e.Position)
	}
	c.position, c.at = e.Position, at
	b := binary.BigEndian.AppendUint16(c.buffer, 6)
	for _, n := range [...]uint64{uint64(e.Position), uint64(at), uint64(e.Revision)} {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, n)
	}
	for _, field := range [...][]byte{e.ID.UUID[:], key[:], e.Body} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
		b = append(b, field...)
	}
	c.buffer = b
	return nil
}
