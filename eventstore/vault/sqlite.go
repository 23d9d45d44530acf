package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"caseledger/domain/event"
)

const (
	applicationID = 0x63_6c_6b_73 // "clks"
	schemaVersion = 1
)

// schema is version 1. Times are microseconds since 1970 UTC.
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

// sqliteStore is the storage in one SQLite file: one connection writes, a few
// read.
type sqliteStore struct {
	write, read *sql.DB
	joint       joint
}

// openSQLite opens a keystore file, and makes it unless readOnly.
func openSQLite(ctx context.Context, path string, readOnly bool) (*sqliteStore, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(absolute); err != nil && readOnly {
		return nil, err
	}
	s := &sqliteStore{}
	dsn := func(pragmas ...string) string {
		q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "secure_delete(1)", "synchronous(2)"}, pragmas...)}
		q.Set("_txlock", "immediate")
		return (&url.URL{Scheme: "file", Path: absolute, RawQuery: q.Encode()}).String()
	}
	if s.read, err = sql.Open("sqlite", dsn("query_only(1)")); err != nil {
		return nil, err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	if readOnly {
		if err := s.check(ctx, false); err != nil {
			return nil, errors.Join(err, s.close())
		}
		return s, nil
	}
	if err := s.openWriter(ctx, absolute, dsn("journal_mode(wal)")); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openWriter opens the connection that writes. It touches an existing file
// only once it is known to be a keystore.
func (s *sqliteStore) openWriter(ctx context.Context, path, dsn string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if info.Size() > 0 {
		if err := s.check(ctx, true); err != nil {
			return err
		}
	}
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.check(ctx, false); err != nil {
		return err
	}
	if err := s.settings(ctx); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// migrate makes the schema in an empty file.
func (s *sqliteStore) migrate(ctx context.Context) error {
	return s.tx(ctx, func(tx *sql.Tx) error {
		var version, tables int
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
			return err
		}
		if version != 0 || tables != 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, schema+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion))
		return err
	})
}

// check refuses a file that is no keystore of ours. A database without
// tables is one only where it is about to become one.
func (s *sqliteStore) check(ctx context.Context, orEmpty bool) error {
	var application, version, tables int
	for query, value := range map[string]*int{
		`PRAGMA application_id`: &application, `PRAGMA user_version`: &version, `SELECT count(*) FROM sqlite_schema`: &tables,
	} {
		if err := s.read.QueryRowContext(ctx, query).Scan(value); err != nil {
			return notKeystore(err)
		}
	}
	switch {
	case orEmpty && tables == 0 && application == 0 && version == 0:
		return nil
	case application != applicationID:
		return ErrNotKeystore
	case version > schemaVersion:
		return fmt.Errorf("%w: its format is %d, this program knows %d", ErrNewer, version, schemaVersion)
	}
	return nil
}

// notKeystore names SQLite's "file is not a database" (26).
func notKeystore(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code()&0xff == 26 {
		return fmt.Errorf("%w: %w", ErrNotKeystore, err)
	}
	return err
}

// settings asserts, on the connection that writes, what durability and erasure
// rest on.
func (s *sqliteStore) settings(ctx context.Context) error {
	for _, want := range []struct{ pragma, value string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"secure_delete", "1"},
	} {
		var got string
		if err := s.write.QueryRowContext(ctx, "PRAGMA "+want.pragma).Scan(&got); err != nil {
			return err
		}
		if got != want.value {
			return fmt.Errorf("%w: %s is %s, not %s", ErrSettings, want.pragma, got, want.value)
		}
	}
	return nil
}

func (s *sqliteStore) close() error {
	s.joint.writers.Wait()
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// tx runs f in one transaction on the writing connection. A commit here is on
// disk when it returns.
func (s *sqliteStore) tx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
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

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func liveKeyIn(ctx context.Context, q queryer, ref Ref) (record, error) {
	return scanKey(q.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM keys WHERE subject = ? AND side = ? AND class = ? AND state = 1`,
		ref.Subject[:], string(ref.Side), string(ref.Class)))
}

func (s *sqliteStore) key(ctx context.Context, id event.UUID) (record, error) {
	return scanKey(s.read.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM keys WHERE key_id = ?`, id[:]))
}

func (s *sqliteStore) liveKey(ctx context.Context, ref Ref) (record, error) {
	return liveKeyIn(ctx, s.read, ref)
}

func (s *sqliteStore) counted(ctx context.Context, id event.UUID, sealed uint64) error {
	_, err := s.write.ExecContext(ctx, `UPDATE keys SET sealed = ? WHERE key_id = ? AND sealed < ?`, int64(sealed), id[:], int64(sealed))
	return err
}

func (s *sqliteStore) retire(ctx context.Context, id event.UUID) error {
	_, err := s.write.ExecContext(ctx, `UPDATE keys SET state = 2 WHERE key_id = ? AND state = 1`, id[:])
	return err
}

func (s *sqliteStore) destroy(ctx context.Context, id event.UUID, by event.ID) error {
	err := s.tx(ctx, func(tx *sql.Tx) error {
		var state keyState
		err := tx.QueryRowContext(ctx, `SELECT state FROM keys WHERE key_id = ?`, id[:]).Scan(&state)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return ErrKeyMissing
		case err != nil || state == destroyed:
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE keys SET state = 3, wrapped = NULL, destroyed_by = ? WHERE key_id = ?`, by.UUID[:], id[:]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE tombstones SET count = count + 1 WHERE one = 1`)
		return err
	})
	if err != nil {
		return err
	}
	var busy, logged, moved int
	if err := s.write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved); err != nil {
		return fmt.Errorf("%w: %w", ErrStillInLog, err)
	}
	if busy != 0 {
		return ErrStillInLog
	}
	return nil
}

func (s *sqliteStore) keysOf(ctx context.Context, subject event.UUID) ([]record, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+keyColumns+` FROM keys WHERE subject = ? ORDER BY created_at, key_id`, subject[:])
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []record
	for rows.Next() {
		r, err := scanKey(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}

func (s *sqliteStore) destructions(ctx context.Context) (uint64, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, `SELECT count FROM tombstones WHERE one = 1`).Scan(&n)
	return uint64(n), err
}

func (s *sqliteStore) secret(ctx context.Context, name string) ([]byte, error) {
	var wrapped []byte
	err := s.read.QueryRowContext(ctx, `SELECT wrapped FROM secrets WHERE name = ?`, name).Scan(&wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return wrapped, err
}

func (s *sqliteStore) addSecret(ctx context.Context, name string, wrapped []byte) ([]byte, error) {
	if _, err := s.write.ExecContext(ctx, `INSERT INTO secrets (name, wrapped, epoch) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, name, wrapped, kekEpoch); err != nil {
		return nil, err
	}
	return s.secret(ctx, name)
}
