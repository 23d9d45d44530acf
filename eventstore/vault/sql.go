package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/event"
)

// sqlStore is the storage in a database. Every statement is the same text in
// SQLite and in PostgreSQL; what differs is the dialect.
type sqlStore struct {
	dialect
	read, write *sql.DB // write is nil where the keystore was opened read-only
	joint       joint
}

// dialect is all that differs between the databases once they are open. An
// empty statement is one that the database does not need.
type dialect struct {
	// begin is the first statement of every transaction that writes.
	begin string
	// lockBlind keeps others from claiming a blind value, told by the number $1,
	// until the transaction ends.
	lockBlind string
	// lockAll keeps others from adding keys and claims until the transaction
	// ends; lockWhole from changing anything.
	lockAll, lockWhole string
	// patience bounds a question and a transaction; zero: as long as the
	// context.
	patience time.Duration
	// scrub makes sure that nothing is left of a key that is a tombstone.
	scrub func(context.Context, *sql.DB) error
	// named gives an error of the database its name.
	named func(context.Context, error) error
}

// schema is version 1 in SQLite's words. Times are microseconds since 1970 UTC.
const schema = `
CREATE TABLE keys (
	key_id       BLOB PRIMARY KEY,
	subject      BLOB NOT NULL,
	side         TEXT NOT NULL,
	class        TEXT NOT NULL,
	wrapped      BLOB,
	commitment   BLOB NOT NULL,
	state        INTEGER NOT NULL CHECK (state IN (1, 2, 3)),
	destroyed_by BLOB,
	created_at   INTEGER NOT NULL,
	epoch        INTEGER NOT NULL,
	sealed       INTEGER NOT NULL,
	CHECK ((state = 3) = (wrapped IS NULL)),
	CHECK ((state = 3) = (destroyed_by IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX keys_live ON keys (subject, side, class) WHERE state = 1;
CREATE INDEX keys_subject ON keys (subject);
CREATE TABLE tombstones (one INTEGER PRIMARY KEY CHECK (one = 1), count INTEGER NOT NULL) STRICT;
INSERT INTO tombstones (one, count) VALUES (1, 0);
CREATE TABLE identifiers (
	blind       BLOB NOT NULL,
	command     BLOB NOT NULL,
	person      BLOB NOT NULL,
	state       TEXT NOT NULL CHECK (state IN ('reserved', 'confirmed')),
	reserved_at INTEGER NOT NULL,
	PRIMARY KEY (blind, command),
	CHECK ((state = 'confirmed') = (command = zeroblob(16)))
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_reserved ON identifiers (reserved_at) WHERE state = 'reserved';
CREATE TABLE secrets (name TEXT PRIMARY KEY, wrapped BLOB NOT NULL, epoch INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

func (s *sqlStore) close() error {
	s.joint.writers.Wait()
	errs := []error{s.read.Close()}
	if s.write != nil && s.write != s.read {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// bounded runs f with the dialect's patience and names what goes wrong.
func (s *sqlStore) bounded(ctx context.Context, f func(context.Context) error) error {
	within := ctx
	if s.patience > 0 {
		var end context.CancelFunc
		within, end = context.WithTimeout(ctx, s.patience)
		defer end()
	}
	return s.named(ctx, f(within))
}

// tx runs f in one transaction that writes. It is on disk when tx returns nil.
func (s *sqlStore) tx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	return s.bounded(ctx, func(ctx context.Context) error { return s.longTx(ctx, f) })
}

// longTx is tx without the dialect's patience, and without its names for what
// goes wrong.
func (s *sqlStore) longTx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = alone(ctx, tx, s.begin)
	if err == nil {
		err = f(ctx, tx)
	}
	if err != nil {
		_ = tx.Rollback() // what it was rolled back for says more
		return err
	}
	return tx.Commit()
}

// alone runs a statement that a dialect may do without.
func alone(ctx context.Context, tx *sql.Tx, statement string, args ...any) error {
	if statement == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, statement, args...)
	return err
}

// exec runs one statement in a transaction of its own.
func (s *sqlStore) exec(ctx context.Context, statement string, args ...any) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement, args...)
		return err
	})
}

const keyColumns = `key_id, subject, side, class, wrapped, commitment, state, destroyed_by, created_at, epoch, sealed`

// scanKey reads one row of keyColumns.
func scanKey(row interface{ Scan(...any) error }) (record, error) {
	var r record
	var id, subject, commitment, by []byte
	var created int64
	err := row.Scan(&id, &subject, &r.ref.Side, &r.ref.Class, &r.wrapped, &commitment, &r.state, &by, &created, &r.epoch, &r.sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return record{}, ErrKeyMissing
	}
	if err != nil {
		return record{}, err
	}
	copy(r.id[:], id)
	copy(r.ref.Subject[:], subject)
	copy(r.commitment[:], commitment)
	copy(r.destroyedBy.UUID[:], by)
	r.created = time.UnixMicro(created).UTC()
	return r, nil
}

// queryer is a pool or a transaction.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list reads every row of a query.
func list[T any](ctx context.Context, q queryer, scan func(interface{ Scan(...any) error }) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

// one asks for one key.
func (s *sqlStore) one(ctx context.Context, query string, args ...any) (r record, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		r, err = scanKey(s.read.QueryRowContext(ctx, query, args...))
		return err
	})
	return r, err
}

func (s *sqlStore) key(ctx context.Context, id event.UUID) (record, error) {
	return s.one(ctx, `SELECT `+keyColumns+` FROM keys WHERE key_id = $1`, id[:])
}

func (s *sqlStore) liveKey(ctx context.Context, ref Ref) (record, error) {
	return s.one(ctx, `SELECT `+keyColumns+` FROM keys WHERE subject = $1 AND side = $2 AND class = $3 AND state = 1`,
		ref.Subject[:], string(ref.Side), string(ref.Class))
}

func (s *sqlStore) counted(ctx context.Context, id event.UUID, seals uint64) (total uint64, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE keys SET sealed = sealed + $1 WHERE key_id = $2 RETURNING sealed`, int64(seals), id[:]).Scan(&total)
	})
	return total, err
}

func (s *sqlStore) retire(ctx context.Context, id event.UUID) error {
	return s.exec(ctx, `UPDATE keys SET state = 2 WHERE key_id = $1 AND state = 1`, id[:])
}

func (s *sqlStore) destroy(ctx context.Context, id event.UUID, by event.ID) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		made, err := tx.ExecContext(ctx, `UPDATE keys SET state = 3, wrapped = NULL, destroyed_by = $1 WHERE key_id = $2 AND state <> 3`, by.UUID[:], id[:])
		if err != nil {
			return err
		}
		switch n, err := made.RowsAffected(); {
		case err != nil:
			return err
		case n > 0:
			_, err = tx.ExecContext(ctx, `UPDATE tombstones SET count = count + 1 WHERE one = 1`)
			return err
		}
		_, err = scanKey(tx.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM keys WHERE key_id = $1`, id[:]))
		return err
	})
	if err != nil {
		return err
	}
	if err := s.scrub(ctx, s.write); err != nil {
		return fmt.Errorf("%w: %w", ErrStillInLog, s.named(ctx, err))
	}
	return nil
}

func (s *sqlStore) keysOf(ctx context.Context, subject event.UUID) (found []record, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		found, err = list(ctx, s.read, scanKey, `SELECT `+keyColumns+` FROM keys WHERE subject = $1 ORDER BY created_at, key_id`, subject[:])
		return err
	})
	return found, err
}

// ask asks for some bytes; nil if there are none.
func (s *sqlStore) ask(ctx context.Context, query string, args ...any) (value []byte, err error) {
	err = s.bounded(ctx, func(ctx context.Context) error {
		err := s.read.QueryRowContext(ctx, query, args...).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return value, err
}

func (s *sqlStore) destructions(ctx context.Context) (n uint64, err error) {
	err = s.bounded(ctx, func(ctx context.Context) error {
		return s.read.QueryRowContext(ctx, `SELECT count FROM tombstones WHERE one = 1`).Scan(&n)
	})
	return n, err
}

func (s *sqlStore) secret(ctx context.Context, name string) ([]byte, error) {
	return s.ask(ctx, `SELECT wrapped FROM secrets WHERE name = $1`, name)
}

const putWrapped = `INSERT INTO secrets (name, wrapped, epoch) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`

func (s *sqlStore) addSecret(ctx context.Context, name string, wrapped []byte) ([]byte, error) {
	if err := s.exec(ctx, putWrapped, name, wrapped, kekEpoch); err != nil {
		return nil, err
	}
	return s.secret(ctx, name)
}

func (s *sqlStore) addFirst(ctx context.Context, name string, wrapped []byte) (first bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := alone(ctx, tx, s.lockAll); err != nil {
			return err
		}
		made, err := tx.ExecContext(ctx, `INSERT INTO secrets (name, wrapped, epoch) SELECT $1, $2, $3
			WHERE NOT EXISTS (SELECT 1 FROM keys) AND NOT EXISTS (SELECT 1 FROM identifiers) ON CONFLICT DO NOTHING`, name, wrapped, kekEpoch)
		if err != nil {
			return err
		}
		n, err := made.RowsAffected()
		first = n > 0
		return err
	})
	return first, err
}
