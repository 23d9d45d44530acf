package keep

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

// relaySchema is what a relay's keep holds, in SQLite and in PostgreSQL alike.
// Identifiers are in their canonical text, times in microseconds since 1970. Of
// what is held about somebody only the first may have a due.
var relaySchema = []string{
	`CREATE TABLE IF NOT EXISTS relay_version (one BIGINT PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS relay_consumer (consumer TEXT PRIMARY KEY, fence BIGINT NOT NULL, position BIGINT NOT NULL,
	event TEXT NOT NULL, trail TEXT NOT NULL, disabled TEXT NOT NULL)`,
	`CREATE TABLE IF NOT EXISTS relay_held (consumer TEXT NOT NULL, position BIGINT NOT NULL, event TEXT NOT NULL, about TEXT NOT NULL,
	reason TEXT NOT NULL, attempts BIGINT NOT NULL, since BIGINT NOT NULL, due BIGINT, PRIMARY KEY (consumer, position))`,
	`CREATE INDEX IF NOT EXISTS relay_held_about ON relay_held (consumer, about, position)`,
	`CREATE INDEX IF NOT EXISTS relay_held_due ON relay_held (consumer, due, position) WHERE due IS NOT NULL`,
	`INSERT INTO relay_version (one, version) VALUES (1, 1) ON CONFLICT (one) DO NOTHING`,
}

// relayVersion is the version of the tables that this program reads and writes.
const relayVersion = 1

// ErrRelayVersion: the tables are those of another version of the program, or
// are not there. They are left as they are.
var ErrRelayVersion = errors.New("keep: no tables of a relay, or those of another version")

// Relay is a [relay.Keep] in a database: SQLite or PostgreSQL.
type Relay struct{ db *sql.DB }

var _ relay.Keep = (*Relay)(nil)

// MakeRelay makes the tables of a relay's keep, as far as they are not there,
// where an unqualified name stands for one of its own.
func MakeRelay(ctx context.Context, db *sql.DB) error {
	return (&Relay{db}).tx(ctx, func(tx *sql.Tx) error {
		for _, statement := range relaySchema {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// OpenRelay opens the keep in a database that has the tables. The database stays
// the caller's to close. [ErrRelayVersion].
func OpenRelay(ctx context.Context, db *sql.DB) (*Relay, error) {
	k := &Relay{db}
	var version int64
	err := db.QueryRowContext(ctx, `SELECT version FROM relay_version WHERE one = 1`).Scan(&version)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		if ping := db.PingContext(ctx); ping != nil {
			return nil, failed{ping}
		}
		return nil, fmt.Errorf("%w: %w", ErrRelayVersion, failed{err})
	case version != relayVersion:
		return nil, ErrRelayVersion
	}
	return k, nil
}

// OpenRelaySQLite opens the keep in a file, and makes it if there is none. The
// program links the driver "sqlite". Several processes may have it open.
func OpenRelaySQLite(ctx context.Context, path string) (*Relay, error) {
	db, err := openFile(path)
	if err != nil {
		return nil, failed{err}
	}
	db.SetMaxOpenConns(1)
	if err := MakeRelay(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	k, err := OpenRelay(ctx, db)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

// Close closes the database.
func (k *Relay) Close() error { return k.db.Close() }

// failed is an error of a database without what a driver's text may hold: how it
// is reached.
type failed struct{ cause error }

func (f failed) Error() string {
	var state interface{ SQLState() string }
	var away net.Error
	switch {
	case errors.As(f.cause, &state):
		return "keep: the database failed, SQLSTATE " + state.SQLState()
	case errors.As(f.cause, &away), errors.Is(f.cause, driver.ErrBadConn), errors.Is(f.cause, io.ErrUnexpectedEOF):
		return "keep: the database cannot be reached"
	case strings.Contains(f.cause.Error(), "failed to connect"):
		return "keep: the database cannot be reached"
	}
	return "keep: " + f.cause.Error()
}

func (f failed) Unwrap() error { return f.cause }

// tx runs a change, all or nothing.
func (k *Relay) tx(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return failed{err}
	}
	if err := change(tx); err != nil {
		_ = tx.Rollback() // why is what matters
		return failed{err}
	}
	if err := tx.Commit(); err != nil {
		return failed{err}
	}
	return nil
}

// Take implements [relay.Keep].
func (k *Relay) Take(ctx context.Context, name string) (relay.Lease, error) {
	l := &relayLease{keep: k, name: name}
	err := k.db.QueryRowContext(ctx, `INSERT INTO relay_consumer (consumer, fence, position, event, trail, disabled) VALUES ($1, 1, 0, '', '', '')
		ON CONFLICT (consumer) DO UPDATE SET fence = relay_consumer.fence + 1 RETURNING fence`, name).Scan(&l.fence)
	if err != nil {
		return nil, failed{err}
	}
	return l, nil
}

// Consumer implements [relay.Keep].
func (k *Relay) Consumer(ctx context.Context, name string) (c relay.Consumer, err error) {
	var id, trail string
	err = k.db.QueryRowContext(ctx, `SELECT position, event, trail, disabled,
		(SELECT count(*) FROM relay_held h WHERE h.consumer = c.consumer),
		(SELECT count(*) FROM relay_held h WHERE h.consumer = c.consumer AND h.due IS NULL AND NOT EXISTS (
			SELECT 1 FROM relay_held b WHERE b.consumer = h.consumer AND b.about = h.about AND b.position < h.position))
		FROM relay_consumer c WHERE c.consumer = $1`, name).Scan(&c.Position, &id, &trail, &c.Disabled, &c.Held, &c.Parked)
	if errors.Is(err, sql.ErrNoRows) {
		return relay.Consumer{}, nil
	}
	if err == nil {
		c.Checkpoint, err = checkpoint(c.Position, id, trail)
	}
	if err != nil {
		return relay.Consumer{}, failed{err}
	}
	return c, nil
}

// checkpoint reads what is stored of one.
func checkpoint(at event.Position, id, trail string) (c relay.Checkpoint, err error) {
	c.Position = at
	if err := c.ID.UnmarshalText([]byte(id)); err != nil {
		return c, err
	}
	for _, text := range strings.Fields(trail) {
		var m relay.Mark
		at, id, _ := strings.Cut(text, "=")
		if _, err := fmt.Sscan(at, &m.Position); err != nil {
			return c, err
		}
		if err := m.ID.UnmarshalText([]byte(id)); err != nil {
			return c, err
		}
		c.Trail = append(c.Trail, m)
	}
	return c, nil
}

// stored is what is stored of a checkpoint: position, event and trail.
func stored(c relay.Checkpoint) (at int64, id, trail string) {
	var text strings.Builder
	for i, m := range c.Trail {
		if i > 0 {
			text.WriteByte(' ')
		}
		fmt.Fprintf(&text, "%d=%s", m.Position, idText(m.ID))
	}
	return position(c.Position), idText(c.ID), text.String()
}

func idText(id event.ID) string {
	if id.IsZero() {
		return ""
	}
	return id.String()
}

// position is one as a database holds it; none is beyond the largest.
func position(p event.Position) int64 { return int64(min(p, math.MaxInt64)) }

const heldColumns = `position, event, about, reason, attempts, since, due, EXISTS (
	SELECT 1 FROM relay_held b WHERE b.consumer = relay_held.consumer AND b.about = relay_held.about AND b.position < relay_held.position)`

// held reads the rows of a query.
func (k *Relay) held(ctx context.Context, query string, args ...any) (all []relay.Held, err error) {
	rows, err := k.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, failed{err}
	}
	defer func() {
		if cause := errors.Join(rows.Err(), rows.Close()); cause != nil && err == nil {
			all, err = nil, failed{cause}
		}
	}()
	for rows.Next() {
		var h relay.Held
		var id, about string
		var since int64
		var due sql.NullInt64
		err := rows.Scan(&h.Position, &id, &about, &h.Reason, &h.Attempts, &since, &due, &h.Behind)
		if err == nil {
			err = errors.Join(h.ID.UnmarshalText([]byte(id)), h.About.UnmarshalText([]byte(about)))
		}
		if err != nil {
			return nil, failed{err}
		}
		h.Since = time.UnixMicro(since).UTC()
		if due.Valid {
			h.Due = time.UnixMicro(due.Int64).UTC()
		}
		all = append(all, h)
	}
	return all, nil
}

// Held implements [relay.Keep].
func (k *Relay) Held(ctx context.Context, name string, after event.Position, n int) ([]relay.Held, error) {
	return k.held(ctx, `SELECT `+heldColumns+` FROM relay_held WHERE consumer = $1 AND position > $2 ORDER BY position LIMIT $3`, name, position(after), n)
}

// Replay implements [relay.Keep].
func (k *Relay) Replay(ctx context.Context, name string, p event.Position, at time.Time) (n int, _ error) {
	err := k.tx(ctx, func(tx *sql.Tx) error {
		// Whoever releases or holds is waited for, so that none is missed.
		if _, err := tx.ExecContext(ctx, `UPDATE relay_consumer SET fence = fence WHERE consumer = $1`, name); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, `UPDATE relay_held SET due = $3, attempts = 0 WHERE consumer = $1 AND due IS NULL
			AND (position = $2 OR CAST($2 AS BIGINT) = 0) AND NOT EXISTS (SELECT 1 FROM relay_held b
			WHERE b.consumer = relay_held.consumer AND b.about = relay_held.about AND b.position < relay_held.position)`, name, position(p), at.UnixMicro())
		if err != nil {
			return err
		}
		rows, err := done.RowsAffected()
		n = int(rows)
		return err
	})
	return n, err
}

// Enable implements [relay.Keep].
func (k *Relay) Enable(ctx context.Context, name string) error {
	if _, err := k.db.ExecContext(ctx, `UPDATE relay_consumer SET disabled = '' WHERE consumer = $1`, name); err != nil {
		return failed{err}
	}
	return nil
}
