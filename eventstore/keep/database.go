package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/reactor"
)

// schemaVersion is the version of the tables. Those of another version are
// emptied: the ledger has everything that was in them.
const schemaVersion = 2

// ErrForeign: what is there is not a keep. It is left as it is.
var ErrForeign = errors.New("keep: something else is there")

// tables are those of the schema.
var tables = []string{"progress", "agenda", "looks", "parked"}

// schema is what a keep holds, in SQLite's words. due is in microseconds since
// 1970, atOnce where the ledger says more of somebody, and NULL where nothing is
// due.
var schema = []string{
	`CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), fence INTEGER NOT NULL, position INTEGER NOT NULL,
	judges TEXT NOT NULL, around INTEGER NOT NULL) STRICT`,
	`CREATE TABLE agenda (kind INTEGER NOT NULL, id BLOB NOT NULL, due INTEGER, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX agenda_due ON agenda (due, kind, id) WHERE due IS NOT NULL`,
	`CREATE TABLE looks (person BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (person, position)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE parked (stream BLOB PRIMARY KEY, position INTEGER NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID`,
	`INSERT INTO progress (one, fence, position, judges, around) VALUES (1, 0, 0, '', 0)`,
}

// remake makes an empty keep of whatever is there, in its database's words.
func remake(ctx context.Context, tx *sql.Tx, words *strings.Replacer) error {
	for _, table := range tables {
		if _, err := tx.ExecContext(ctx, `DROP TABLE IF EXISTS `+table); err != nil {
			return err
		}
	}
	for _, statement := range schema {
		if _, err := tx.ExecContext(ctx, words.Replace(statement)); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is earlier than every instant.
const atOnce = math.MinInt64

// wanted are the kinds that are judged, or, with the argument $1, all.
var wanted = fmt.Sprintf(`(kind IN (%d, %d) OR $1)`, reactor.Person, reactor.Organisation)

// Database is a keep in a SQLite file or in a schema of a PostgreSQL database:
// every statement is the same text in both. Several processes may have it open;
// the last to Take writes it.
type Database struct{ db *sql.DB }

var _ reactor.Keep = (*Database)(nil)

// Close releases the file, or the connections.
func (k *Database) Close() error { return k.db.Close() }

// named says where an error comes from, and no connection string.
func named(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("keep: %w", pgsql.Named(ctx, err))
}

// tx runs a change, all or nothing.
func (k *Database) tx(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return named(ctx, err)
	}
	if err := change(tx); err != nil {
		_ = tx.Rollback() // what it was rolled back for says more
		return named(ctx, err)
	}
	return named(ctx, tx.Commit())
}

// Take implements [reactor.Keep].
func (k *Database) Take(ctx context.Context, judges string) (fence reactor.Fence, to event.Position, _ error) {
	err := k.tx(ctx, func(tx *sql.Tx) error {
		var before string
		err := tx.QueryRowContext(ctx, `UPDATE progress SET fence = fence + 1 WHERE one = 1 RETURNING fence, position, judges`).Scan(&fence, &to, &before)
		if err != nil || before == judges {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE progress SET judges = $1 WHERE one = 1`, judges); err != nil {
			return err
		}
		return everybody(ctx, tx)
	})
	return fence, to, err
}

func everybody(ctx context.Context, tx *sql.Tx) error {
	due := fmt.Sprintf(`UPDATE agenda SET due = %d WHERE kind <> %d`, int64(atOnce), reactor.Timers) // whose case is looked at for them, too
	for _, statement := range []string{due, `UPDATE progress SET around = 0`, `DELETE FROM parked`} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// write runs a change under the fence. Whoever takes meanwhile waits.
func (k *Database) write(ctx context.Context, fence reactor.Fence, change func(*sql.Tx) error) error {
	return k.tx(ctx, func(tx *sql.Tx) error {
		if err := moved(tx.ExecContext(ctx, `UPDATE progress SET fence = fence WHERE one = 1 AND fence = $1 AND fence > 0`, int64(fence))); err != nil {
			return err
		}
		return change(tx)
	})
}

// moved is [reactor.ErrFenced] where a statement changed nothing.
func moved(done sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		return reactor.ErrFenced
	}
	return err
}

// atATime is how many rows one statement writes.
const atATime = 200

// each runs a statement for all rows, some at a time. The statement says %s
// where the rows' values belong; a row is put in brackets if it has several.
func each[T any](ctx context.Context, tx *sql.Tx, statement string, rows []T, values func(T) []any) error {
	for some := range slices.Chunk(rows, atATime) {
		var args []any
		places := make([]string, len(some))
		for i, row := range some {
			of := values(row)
			numbers := make([]string, len(of))
			for j := range of {
				numbers[j] = fmt.Sprintf("$%d", len(args)+j+1)
			}
			args = append(args, of...)
			places[i] = strings.Join(numbers, ", ")
			if len(of) > 1 {
				places[i] = "(" + places[i] + ")"
			}
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(statement, strings.Join(places, ", ")), args...); err != nil {
			return err
		}
	}
	return nil
}

// place is a subject's on the agenda; due is nil, or microseconds since 1970.
type place struct {
	reactor.Subject
	due any
}

// putDue replaces what is on the agenda. A subject is there once: no statement
// may change a row twice.
func putDue(ctx context.Context, tx *sql.Tx, places []place) error {
	return each(ctx, tx, `INSERT INTO agenda (kind, id, due) VALUES %s ON CONFLICT (kind, id) DO UPDATE SET due = excluded.due`,
		lastOf(places, func(p place) reactor.Subject { return p.Subject }),
		func(p place) []any { return []any{int64(p.Kind), p.ID[:], p.due} })
}

func putParked(ctx context.Context, tx *sql.Tx, parked []reactor.Parked) error {
	return each(ctx, tx, `INSERT INTO parked (stream, position, reason) VALUES %s
		ON CONFLICT (stream) DO UPDATE SET position = excluded.position, reason = excluded.reason`,
		lastOf(parked, func(p reactor.Parked) event.StreamID { return p.Stream }),
		func(p reactor.Parked) []any {
			stream := p.Stream.Bytes()
			return []any{stream[:], int64(p.At), p.Reason}
		})
}

// lastOf keeps the last of those that have the same key.
func lastOf[T any, K comparable](all []T, key func(T) K) []T {
	seen := make(map[K]bool, len(all))
	kept := make([]T, 0, len(all))
	for _, one := range slices.Backward(all) {
		if k := key(one); !seen[k] {
			seen[k] = true
			kept = append(kept, one)
		}
	}
	return kept
}

// Scanned implements [reactor.Keep].
func (k *Database) Scanned(ctx context.Context, fence reactor.Fence, from event.Position, w reactor.Window) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error {
		around := 0
		if w.Around {
			around = 1
		}
		err := moved(tx.ExecContext(ctx, `UPDATE progress SET position = $1, around = CASE WHEN around > $2 THEN around ELSE $2 END
			WHERE one = 1 AND position = $3`, int64(w.To), around, int64(from)))
		if err != nil {
			return err
		}
		places := make([]place, len(w.Touched))
		for i, s := range w.Touched {
			places[i] = place{s, int64(atOnce)}
		}
		if err := putDue(ctx, tx, places); err != nil {
			return err
		}
		var there bool // most often nobody is parked
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM parked)`).Scan(&there); err != nil {
			return err
		}
		if there {
			err = each(ctx, tx, `DELETE FROM parked WHERE stream IN (%s)`, w.Touched, func(s reactor.Subject) []any {
				stream := s.Stream().Bytes()
				return []any{stream[:]}
			})
		}
		if err == nil {
			err = each(ctx, tx, `INSERT INTO looks (person, position) VALUES %s ON CONFLICT DO NOTHING`, w.Looks, func(l reactor.Look) []any {
				return []any{l.Person[:], int64(l.At)}
			})
		}
		if err == nil {
			err = putParked(ctx, tx, w.Parked)
		}
		return err
	})
}

// Settle implements [reactor.Keep].
func (k *Database) Settle(ctx context.Context, fence reactor.Fence, settled []reactor.Settled) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error {
		var parked []reactor.Parked
		places := make([]place, len(settled))
		for i, s := range settled {
			places[i] = place{Subject: s.Subject}
			if !s.Next.IsZero() {
				places[i].due = s.Next.UnixMicro()
			}
			if s.Parked != nil {
				parked = append(parked, *s.Parked)
			}
		}
		if err := putDue(ctx, tx, places); err != nil {
			return err
		}
		return putParked(ctx, tx, parked)
	})
}

// Everybody implements [reactor.Keep].
func (k *Database) Everybody(ctx context.Context, fence reactor.Fence) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error { return everybody(ctx, tx) })
}

// Due implements [reactor.Keep].
func (k *Database) Due(ctx context.Context, at time.Time, all bool, n int) ([]reactor.Subject, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (s reactor.Subject, err error) {
		var id []byte
		if err = rows.Scan(&s.Kind, &id); err == nil {
			s.ID, err = idOf(id)
		}
		return s, err
	}, `SELECT kind, id FROM agenda WHERE due IS NOT NULL AND due <= $2 AND `+wanted+` ORDER BY due, kind, id LIMIT $3`, all, at.UnixMicro(), n)
}

// list reads the rows of a query.
func list[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) (_ []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, named(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, named(ctx, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, named(ctx, err)
	}
	return all, nil
}

func idOf(b []byte) (event.UUID, error) {
	if len(b) != len(event.UUID{}) {
		return event.UUID{}, event.ErrMalformedID
	}
	return event.UUID(b), nil
}

// Next implements [reactor.Keep].
func (k *Database) Next(ctx context.Context, all bool) (time.Time, bool, error) {
	var due sql.NullInt64
	err := k.db.QueryRowContext(ctx, `SELECT due FROM agenda WHERE due IS NOT NULL AND `+wanted+` ORDER BY due LIMIT 1`, all).Scan(&due)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, named(ctx, err)
	case due.Int64 == atOnce:
		return time.Time{}, true, nil
	}
	return time.UnixMicro(due.Int64).UTC(), true, nil
}

// Looks implements [reactor.Keep].
func (k *Database) Looks(ctx context.Context, person event.UUID, to event.Position) ([]event.Position, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (at event.Position, err error) {
		err = rows.Scan(&at)
		return at, err
	},
		`SELECT position FROM looks WHERE person = $1 AND position <= $2 ORDER BY position`, person[:], int64(to))
}

// Organisations implements [reactor.Keep].
func (k *Database) Organisations(ctx context.Context) ([]event.UUID, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (event.UUID, error) {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return event.UUID{}, err
		}
		return idOf(id)
	}, `SELECT id FROM agenda WHERE kind = $1 ORDER BY id`, int64(reactor.Organisation))
}

// Parked implements [reactor.Keep].
func (k *Database) Parked(ctx context.Context, n int) ([]reactor.Parked, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (p reactor.Parked, err error) {
		var stream []byte
		if err = rows.Scan(&stream, &p.At, &p.Reason); err == nil {
			p.Stream, err = event.StreamFromBytes(stream)
		}
		return p, err
	}, `SELECT stream, position, reason FROM parked ORDER BY stream LIMIT $1`, n)
}

// Status implements [reactor.Keep].
func (k *Database) Status(ctx context.Context) (s reactor.Status, _ error) {
	err := k.db.QueryRowContext(ctx, `SELECT position, around, (SELECT count(*) FROM agenda WHERE `+wanted+`),
		(SELECT count(*) FROM agenda WHERE due = $2 AND `+wanted+`) FROM progress WHERE one = 1`, false, int64(atOnce)).Scan(&s.To, &s.Around, &s.Known, &s.Waiting)
	return s, named(ctx, err)
}
