package vault

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
)

// sqlStore is the storage in a database. Every statement is the same text in
// SQLite and in PostgreSQL; what differs is the dialect.
type sqlStore struct {
	dialect
	read, write *sql.DB // write is nil where the keystore was opened read-only
	joint       joint
	stamps      stamps
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
	// forUpdate ends a SELECT whose rows are changed next, forShare one whose rows
	// others must leave alone until the transaction ends.
	forUpdate, forShare string
	// patience bounds a question and a transaction; zero: as long as the
	// context.
	patience time.Duration
	// scrub makes sure that nothing is left of what rows of some tables were
	// before.
	scrub func(ctx context.Context, db *sql.DB, tables ...string) error
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

// schema2 adds what version 2 has. tombstones is the row of [state]. Columns have
// other names than in version 1, one in each table, so that a program of that
// version which runs on can neither store nor read: what it stored would have no
// stamp, and would be lost once everything is wrapped by another epoch.
const schema2 = `
ALTER TABLE keys RENAME COLUMN sealed TO seals;
ALTER TABLE identifiers RENAME COLUMN reserved_at TO claimed_at;
ALTER TABLE secrets RENAME COLUMN epoch TO wrapped_by;
ALTER TABLE tombstones RENAME COLUMN count TO gone;
ALTER TABLE keys ADD COLUMN stamp BLOB;
ALTER TABLE identifiers ADD COLUMN stamp BLOB;
ALTER TABLE tombstones ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tombstones ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tombstones ADD COLUMN secrets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tombstones ADD COLUMN proof BLOB;
ALTER TABLE tombstones ADD COLUMN stamp BLOB;
CREATE INDEX identifiers_person ON identifiers (person);
`

// schemas are the steps of the schema in SQLite's words. A published step is
// never edited.
var schemas = []string{schema, schema2}

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

const keyColumns = `key_id, subject, side, class, wrapped, commitment, state, destroyed_by, created_at, epoch, seals, stamp`

// scanKey reads one row of keyColumns. One that no vault can have stored, as it
// is of another length or out of range, is read without its stamp.
func scanKey(row interface{ Scan(...any) error }) (record, error) {
	var r record
	var id, subject, commitment, by []byte
	var created, epoch, sealed int64
	err := row.Scan(&id, &subject, &r.ref.Side, &r.ref.Class, &r.wrapped, &commitment, &r.state, &by, &created, &epoch, &sealed, &r.stamp)
	if errors.Is(err, sql.ErrNoRows) {
		return record{}, ErrKeyMissing
	}
	if err != nil {
		return record{}, err
	}
	sound := fits(r.id[:], id) && fits(r.ref.Subject[:], subject) && fits(r.commitment[:], commitment) &&
		(by == nil || fits(r.destroyedBy.UUID[:], by)) && epoch > 0 && epoch <= math.MaxInt32 && sealed >= 0
	if !sound {
		r.stamp = nil
	}
	r.place, r.epoch, r.sealed, r.created = id, uint32(epoch), uint64(sealed), time.UnixMicro(created).UTC()
	return r, nil
}

// fits copies bytes and reports whether they were as many as there is room for.
func fits(into, from []byte) bool { return copy(into, from) == len(from) && len(from) == len(into) }

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
		r, err := s.lockedKey(ctx, tx, id)
		if err != nil {
			return err
		}
		total = r.sealed + seals
		return s.changeKey(ctx, tx, r, func(r *record) { r.sealed = total })
	})
	return total, err
}

// lockedKey returns a key that is changed next.
func (s *sqlStore) lockedKey(ctx context.Context, tx *sql.Tx, id event.UUID) (record, error) {
	r, err := scanKey(tx.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM keys WHERE key_id = $1`+s.forUpdate, id[:]))
	if err != nil {
		return record{}, fmt.Errorf("key %s: %w", id, err)
	}
	return r, nil
}

// changeKey changes what may change of a locked key.
func (s *sqlStore) changeKey(ctx context.Context, tx *sql.Tx, r record, change func(*record)) error {
	r = s.stamps.changeKey(r, change)
	wrapped, by := keyValues(r)
	_, err := tx.ExecContext(ctx, `UPDATE keys SET wrapped = $1, state = $2, destroyed_by = $3, epoch = $4, seals = $5, stamp = $6 WHERE key_id = $7`,
		wrapped, int(r.state), by, int64(r.epoch), int64(r.sealed), r.stamp, r.id[:])
	return err
}

const stateColumns = `gone, changes, epoch, secrets, proof, stamp`

func scanState(row interface{ Scan(...any) error }) (t state, err error) {
	var gone, changes, epoch, secrets int64
	err = row.Scan(&gone, &changes, &epoch, &secrets, &t.proof, &t.stamp)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotKeystore
	}
	if min(gone, changes, epoch, secrets) < 0 || epoch > math.MaxInt32 {
		t.stamp = nil
	}
	t.gone, t.changes, t.epoch, t.secrets = uint64(gone), uint64(changes), uint32(epoch), uint64(secrets)
	return t, err
}

func (s *sqlStore) state(ctx context.Context) (t state, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		t, err = scanState(s.read.QueryRowContext(ctx, `SELECT `+stateColumns+` FROM tombstones WHERE one = 1`))
		return err
	})
	return t, err
}

// lockedState returns the keystore's state, which others then leave as it is
// until the transaction ends: how is forUpdate or forShare. It is locked before
// any row that depends on it, so that nobody waits in a circle.
func lockedState(ctx context.Context, tx *sql.Tx, how string) (state, error) {
	return scanState(tx.QueryRowContext(ctx, `SELECT `+stateColumns+` FROM tombstones WHERE one = 1`+how))
}

// changeState changes the keystore's state, locked before.
func (s *sqlStore) changeState(ctx context.Context, tx *sql.Tx, t state, change func(*state)) error {
	return putState(ctx, tx, s.stamps.changeState(t, change))
}

func putState(ctx context.Context, tx *sql.Tx, t state) error {
	_, err := tx.ExecContext(ctx, `UPDATE tombstones SET gone = $1, changes = $2, epoch = $3, secrets = $4, proof = $5, stamp = $6 WHERE one = 1`,
		int64(t.gone), int64(t.changes), int64(t.epoch), int64(t.secrets), t.proof, t.stamp)
	return err
}

func (s *sqlStore) retire(ctx context.Context, ids []event.UUID) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t, err := lockedState(ctx, tx, s.forUpdate)
		if err != nil {
			return err
		}
		some := false
		for _, id := range ids {
			r, err := s.lockedKey(ctx, tx, id)
			if err == nil && r.state == live {
				some = true
				err = s.changeKey(ctx, tx, r, (*record).retire)
			}
			if err != nil {
				return err
			}
		}
		if !some {
			return nil
		}
		return s.changeState(ctx, tx, t, func(t *state) { t.changes++ })
	})
}

func (s *sqlStore) destroy(ctx context.Context, keys []Destruction) error {
	buried := make([]record, len(keys))
	for i, k := range keys {
		buried[i] = record{id: k.Key, destroyedBy: k.By}
	}
	_, err := s.entomb(ctx, buried, nil)
	return err
}

func (s *sqlStore) bury(ctx context.Context, keys []record) (int, error) {
	return s.entomb(ctx, keys, func(ctx context.Context, tx *sql.Tx, k record) error {
		k.stamp = s.stamps.ofKey(k)
		args := appendKey(nil, k)
		_, err := tx.ExecContext(ctx, insertKeys+rows(1, len(args)), args...)
		return err
	})
}

// entomb makes keys tombstones and returns how many were not. One that is not
// there is added, or ErrKeyMissing.
func (s *sqlStore) entomb(ctx context.Context, keys []record, add func(context.Context, *sql.Tx, record) error) (done int, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		done = 0
		t, err := lockedState(ctx, tx, s.forUpdate)
		if err != nil {
			return err
		}
		for _, k := range keys {
			r, err := s.lockedKey(ctx, tx, k.id)
			switch {
			case errors.Is(err, ErrKeyMissing) && add != nil:
				done++
				err = add(ctx, tx, k)
			case err == nil && r.state != destroyed:
				done++
				err = s.changeKey(ctx, tx, r, func(r *record) { r.destroy(k.destroyedBy) })
			}
			if err != nil {
				return err
			}
		}
		if done == 0 {
			return nil
		}
		return s.changeState(ctx, tx, t, func(t *state) { t.gone += uint64(done) })
	})
	if err != nil {
		return 0, err
	}
	return done, s.scrubbed(ctx, "keys")
}

// mostScrubs is how often what somebody reads is tried to be removed, with a
// pause in between that outlasts an ordinary question.
const (
	mostScrubs = 8
	scrubPause = 50 * time.Millisecond
)

// scrubbed makes sure that nothing is left of what rows were before.
func (s *sqlStore) scrubbed(ctx context.Context, tables ...string) error {
	for tries := 1; ; tries++ {
		err := s.scrub(ctx, s.write, tables...)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errRead) || tries == mostScrubs {
			return fmt.Errorf("%w: %w", ErrStillInLog, s.named(ctx, err))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrStillInLog, ctx.Err())
		case <-time.After(scrubPause):
		}
	}
}

// errRead: somebody reads, or did a moment ago, what is to be removed.
var errRead = errors.New("a reader holds it")

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

func (s *sqlStore) some(ctx context.Context, ids []event.UUID) (found []record, err error) {
	for part := range slices.Chunk(ids, copiedAtOnce) {
		args, marks := make([]any, len(part)), make([]string, len(part))
		for i, id := range part {
			args[i], marks[i] = id[:], fmt.Sprintf("$%d", i+1)
		}
		err = s.bounded(ctx, func(ctx context.Context) error {
			more, err := list(ctx, s.read, scanKey, `SELECT `+keyColumns+` FROM keys WHERE key_id IN (`+strings.Join(marks, ", ")+`)`, args...)
			found = append(found, more...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
