package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	applicationID = 0x63_6c_6b_73 // "clks"
)

// sqlite writes on one connection in transactions that exclude each other, so
// nothing has to be locked.
var sqlite = dialect{
	scrub: func(ctx context.Context, db *sql.DB, _ ...string) error {
		var busy, logged, moved int
		err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &logged, &moved)
		if err == nil && busy != 0 {
			err = errRead
		}
		return err
	},
	named: func(_ context.Context, err error) error { return err },
}

// openSQLite opens a keystore file, and makes it unless readOnly.
func openSQLite(ctx context.Context, path string, readOnly bool) (*sqlStore, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(absolute); err != nil && readOnly {
		return nil, err
	}
	s := &sqlStore{dialect: sqlite}
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
		if err := s.checkFile(ctx, false); err != nil {
			return nil, errors.Join(err, s.close())
		}
		return s, nil
	}
	for tries := 0; ; tries++ {
		err := s.openWriter(ctx, absolute, dsn("journal_mode(wal)"))
		switch {
		case err == nil:
			return s, nil
		case !locked(err) || tries == mostTries:
			return nil, errors.Join(err, s.close())
		}
		if s.write != nil {
			err, s.write = s.write.Close(), nil
			if err != nil {
				return nil, errors.Join(err, s.close())
			}
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), s.close())
		case <-time.After(tryAgain):
		}
	}
}

// Of several that turn a new file to its log at once, SQLite tells all but one
// that it is locked without waiting as it was asked to.
const (
	mostTries = 100
	tryAgain  = 20 * time.Millisecond
)

// locked reports SQLite's "database is locked" (5).
func locked(err error) bool {
	var coded interface{ Code() int }
	return errors.As(err, &coded) && coded.Code()&0xff == 5
}

// openWriter opens the connection that writes. It touches an existing file
// only once it is known to be a keystore.
func (s *sqlStore) openWriter(ctx context.Context, path, dsn string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if info.Size() > 0 {
		if err := s.checkFile(ctx, true); err != nil {
			return err
		}
	}
	if s.write, err = sql.Open("sqlite", dsn); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := s.makeFile(ctx); err != nil {
		return err
	}
	if err := s.checkFile(ctx, false); err != nil {
		return err
	}
	if err := s.fileSettings(ctx); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// makeFile makes the tables in an empty file, and adds to one of an earlier
// version what it lacks.
func (s *sqlStore) makeFile(ctx context.Context) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var version, tables int
		if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
			return err
		}
		if version == 0 && tables != 0 || version >= len(schemas) {
			return nil
		}
		script := strings.Join(schemas[version:], "")
		_, err := tx.ExecContext(ctx, script+fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, len(schemas)))
		return err
	})
}

// checkFile refuses a file that is no keystore of ours. A database without
// tables, or of an earlier version, is one only before it is brought up to date.
func (s *sqlStore) checkFile(ctx context.Context, before bool) error {
	var application, version, tables int
	for query, value := range map[string]*int{
		`PRAGMA application_id`: &application, `PRAGMA user_version`: &version, `SELECT count(*) FROM sqlite_schema`: &tables,
	} {
		if err := s.read.QueryRowContext(ctx, query).Scan(value); err != nil {
			return notKeystore(err)
		}
	}
	switch {
	case before && tables == 0 && application == 0 && version == 0:
		return nil
	case application != applicationID:
		return ErrNotKeystore
	case version > len(schemas):
		return fmt.Errorf("%w: its format is %d, this program knows %d", ErrNewer, version, len(schemas))
	case version < 1:
		return ErrNotKeystore
	case version < len(schemas) && !before:
		return olderFormat(version)
	}
	return nil
}

func olderFormat(version int) error {
	return fmt.Errorf("%w: its format is %d, which only a process that writes brings up to date", ErrSettings, version)
}

// notKeystore names SQLite's "file is not a database" (26).
func notKeystore(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) && coded.Code()&0xff == 26 {
		return fmt.Errorf("%w: %w", ErrNotKeystore, err)
	}
	return err
}

// fileSettings asserts, on the connection that writes, what durability and erasure
// rest on.
func (s *sqlStore) fileSettings(ctx context.Context) error {
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
