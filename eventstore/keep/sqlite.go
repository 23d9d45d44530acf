package keep

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/reactor"
)

const (
	// applicationID marks the file as ours, "CLrx".
	applicationID = 0x434c7278
	// schemaVersion is the file's user_version. A file of another version is
	// emptied: the ledger has everything that was in it.
	schemaVersion = 2
)

// ErrForeign: the file is not a keep. It is left as it is.
var ErrForeign = errors.New("keep: the file is something else")

// schema is what a keep holds. due is in microseconds since 1970, atOnce where
// the ledger says more of somebody, and NULL where nothing is due.
var schema = []string{
	`CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), fence INTEGER NOT NULL, position INTEGER NOT NULL,
	judges TEXT NOT NULL, around INTEGER NOT NULL) STRICT`,
	`CREATE TABLE agenda (kind INTEGER NOT NULL, id BLOB NOT NULL, due INTEGER, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID`,
	`CREATE INDEX agenda_due ON agenda (due, kind, id) WHERE due IS NOT NULL`,
	`CREATE TABLE looks (person BLOB NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (person, position)) STRICT, WITHOUT ROWID`,
	`CREATE TABLE parked (stream BLOB PRIMARY KEY, position INTEGER NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID`,
	`INSERT INTO progress (one, fence, position, judges, around) VALUES (1, 0, 0, '', 0)`,
}

// atOnce is earlier than every instant.
const atOnce = math.MinInt64

// wanted are the kinds that are judged, or, with the one argument, all.
var wanted = fmt.Sprintf(`(kind IN (%d, %d) OR ?)`, reactor.Person, reactor.Organisation)

// SQLite is a keep in a file. Several processes may have it open; the last to
// Take writes it.
type SQLite struct{ db *sql.DB }

var _ reactor.Keep = (*SQLite)(nil)

// OpenSQLite opens the keep in a file, and makes it if there is none. The
// program links the driver "sqlite". [ErrForeign] if the file is another
// program's.
func OpenSQLite(ctx context.Context, path string) (_ *SQLite, err error) {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		if slashed, err = filepath.Abs(path); err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		slashed = "/" + strings.TrimPrefix(filepath.ToSlash(slashed), "/")
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout=10000", "trusted_schema=OFF", "cell_size_check=ON",
		"journal_mode=WAL", "synchronous=NORMAL"}} // NORMAL loses the end, never the middle
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: slashed, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, fmt.Errorf("keep: open: %w", err)
	}
	db.SetMaxOpenConns(1)
	k := &SQLite{db}
	if err := k.prepare(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return k, nil
}

// Close releases the file.
func (k *SQLite) Close() error { return k.db.Close() }

// prepare finds out whose file it is and makes what is missing.
func (k *SQLite) prepare(ctx context.Context) error {
	return k.tx(ctx, func(tx *sql.Tx) error {
		var app, version, tables int64
		err := tx.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
			(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &tables)
		switch {
		case err != nil:
			return err
		case app == applicationID && version == schemaVersion:
			return nil
		case app != applicationID && (app != 0 || version != 0 || tables != 0):
			return ErrForeign
		}
		script := []string{`DROP TABLE IF EXISTS progress`, `DROP TABLE IF EXISTS agenda`, `DROP TABLE IF EXISTS looks`, `DROP TABLE IF EXISTS parked`}
		script = append(script, schema...)
		script = append(script, fmt.Sprintf("PRAGMA application_id = %d", applicationID), fmt.Sprintf("PRAGMA user_version = %d", schemaVersion))
		for _, statement := range script {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// tx runs a change, all or nothing.
func (k *SQLite) tx(ctx context.Context, change func(*sql.Tx) error) error {
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if err := change(tx); err != nil {
		return errors.Join(fmt.Errorf("keep: %w", err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// Take implements [reactor.Keep].
func (k *SQLite) Take(ctx context.Context, judges string) (fence reactor.Fence, to event.Position, _ error) {
	err := k.tx(ctx, func(tx *sql.Tx) error {
		var before string
		if err := tx.QueryRowContext(ctx, `SELECT judges FROM progress WHERE one = 1`).Scan(&before); err != nil {
			return err
		}
		if before != judges {
			if err := everybody(ctx, tx); err != nil {
				return err
			}
		}
		return tx.QueryRowContext(ctx, `UPDATE progress SET fence = fence + 1, judges = ? WHERE one = 1 RETURNING fence, position`, judges).Scan(&fence, &to)
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

// write runs a change under the fence.
func (k *SQLite) write(ctx context.Context, fence reactor.Fence, change func(*sql.Tx) error) error {
	return k.tx(ctx, func(tx *sql.Tx) error {
		var holder reactor.Fence
		if err := tx.QueryRowContext(ctx, `SELECT fence FROM progress WHERE one = 1`).Scan(&holder); err != nil {
			return err
		}
		if holder != fence || fence == 0 {
			return reactor.ErrFenced
		}
		return change(tx)
	})
}

// each runs one statement for each row of arguments.
func each(ctx context.Context, tx *sql.Tx, query string, rows int, args func(i int) []any) (err error) {
	if rows == 0 {
		return nil
	}
	statement, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, statement.Close()) }()
	for i := range rows {
		if _, err := statement.ExecContext(ctx, args(i)...); err != nil {
			return err
		}
	}
	return nil
}

const (
	upsertDue    = `INSERT INTO agenda (kind, id, due) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET due = excluded.due`
	upsertParked = `INSERT INTO parked (stream, position, reason) VALUES (?, ?, ?)
		ON CONFLICT (stream) DO UPDATE SET position = excluded.position, reason = excluded.reason`
)

func parkedRow(p reactor.Parked) []any {
	stream := p.Stream.Bytes()
	return []any{stream[:], int64(p.At), p.Reason}
}

// Scanned implements [reactor.Keep].
func (k *SQLite) Scanned(ctx context.Context, fence reactor.Fence, from event.Position, w reactor.Window) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error {
		moved, err := tx.ExecContext(ctx, `UPDATE progress SET position = ?, around = max(around, ?) WHERE one = 1 AND position = ?`,
			int64(w.To), w.Around, int64(from))
		if err != nil {
			return err
		}
		if n, err := moved.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, reactor.ErrFenced)
		}
		var there int // most often nobody is parked
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM parked)`).Scan(&there); err != nil {
			return err
		}
		err = each(ctx, tx, upsertDue, len(w.Touched), func(i int) []any {
			return []any{w.Touched[i].Kind, w.Touched[i].ID[:], int64(atOnce)}
		})
		if err == nil && there == 1 {
			err = each(ctx, tx, `DELETE FROM parked WHERE stream = ?`, len(w.Touched), func(i int) []any {
				stream := w.Touched[i].Stream().Bytes()
				return []any{stream[:]}
			})
		}
		if err == nil {
			err = each(ctx, tx, `INSERT INTO looks (person, position) VALUES (?, ?) ON CONFLICT DO NOTHING`, len(w.Looks), func(i int) []any {
				return []any{w.Looks[i].Person[:], int64(w.Looks[i].At)}
			})
		}
		if err == nil {
			err = each(ctx, tx, upsertParked, len(w.Parked), func(i int) []any { return parkedRow(w.Parked[i]) })
		}
		return err
	})
}

// Settle implements [reactor.Keep].
func (k *SQLite) Settle(ctx context.Context, fence reactor.Fence, settled []reactor.Settled) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error {
		var parked []reactor.Parked
		err := each(ctx, tx, upsertDue, len(settled), func(i int) []any {
			s := settled[i]
			if s.Parked != nil {
				parked = append(parked, *s.Parked)
			}
			var due any
			if !s.Next.IsZero() {
				due = s.Next.UnixMicro()
			}
			return []any{s.Kind, s.ID[:], due}
		})
		if err == nil {
			err = each(ctx, tx, upsertParked, len(parked), func(i int) []any { return parkedRow(parked[i]) })
		}
		return err
	})
}

// Everybody implements [reactor.Keep].
func (k *SQLite) Everybody(ctx context.Context, fence reactor.Fence) error {
	return k.write(ctx, fence, func(tx *sql.Tx) error { return everybody(ctx, tx) })
}

// Due implements [reactor.Keep].
func (k *SQLite) Due(ctx context.Context, at time.Time, all bool, n int) ([]reactor.Subject, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (s reactor.Subject, err error) {
		var id []byte
		if err = rows.Scan(&s.Kind, &id); err == nil {
			s.ID, err = idOf(id)
		}
		return s, err
	}, `SELECT kind, id FROM agenda WHERE due IS NOT NULL AND due <= ? AND `+wanted+` ORDER BY due, kind, id LIMIT ?`, at.UnixMicro(), all, n)
}

// list reads the rows of a query.
func list[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows) (T, error), query string, args ...any) (_ []T, err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("keep: %w", err)
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
func (k *SQLite) Next(ctx context.Context, all bool) (time.Time, bool, error) {
	var due sql.NullInt64
	err := k.db.QueryRowContext(ctx, `SELECT due FROM agenda WHERE due IS NOT NULL AND `+wanted+` ORDER BY due LIMIT 1`, all).Scan(&due)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, fmt.Errorf("keep: %w", err)
	case due.Int64 == atOnce:
		return time.Time{}, true, nil
	}
	return time.UnixMicro(due.Int64).UTC(), true, nil
}

// Looks implements [reactor.Keep].
func (k *SQLite) Looks(ctx context.Context, person event.UUID, to event.Position) ([]event.Position, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (at event.Position, err error) { return at, rows.Scan(&at) },
		`SELECT position FROM looks WHERE person = ? AND position <= ? ORDER BY position`, person[:], int64(to))
}

// Organisations implements [reactor.Keep].
func (k *SQLite) Organisations(ctx context.Context) ([]event.UUID, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (event.UUID, error) {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return event.UUID{}, err
		}
		return idOf(id)
	}, `SELECT id FROM agenda WHERE kind = ? ORDER BY id`, reactor.Organisation)
}

// Parked implements [reactor.Keep].
func (k *SQLite) Parked(ctx context.Context, n int) ([]reactor.Parked, error) {
	return list(ctx, k.db, func(rows *sql.Rows) (p reactor.Parked, err error) {
		var stream []byte
		if err = rows.Scan(&stream, &p.At, &p.Reason); err == nil {
			p.Stream, err = event.StreamFromBytes(stream)
		}
		return p, err
	}, `SELECT stream, position, reason FROM parked ORDER BY stream LIMIT ?`, n)
}

// Status implements [reactor.Keep].
func (k *SQLite) Status(ctx context.Context) (s reactor.Status, _ error) {
	err := k.db.QueryRowContext(ctx, `SELECT position, around, (SELECT count(*) FROM agenda WHERE `+wanted+`),
		(SELECT count(*) FROM agenda WHERE due = ? AND `+wanted+`) FROM progress WHERE one = 1`, false, int64(atOnce), false).Scan(&s.To, &s.Around, &s.Known, &s.Waiting)
	if err != nil {
		return s, fmt.Errorf("keep: %w", err)
	}
	return s, nil
}
