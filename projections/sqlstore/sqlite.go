package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"strings"

	"caseledger/projections"
)

// applicationID marks our files (PRAGMA application_id): "CLrm".
const applicationID = 0x434c726d

// OpenSQLite opens the read-model file of one side, and makes it, readable by
// its owner only, where there is none. Commits are durable when they return
// (WAL, synchronous=FULL), and what is deleted is overwritten (secure_delete).
//
// A file that was not closed in order is checked as a whole before it is
// written. Damage elsewhere in one that was is found where it is read, and by
// [Store.Verify]: that takes time in proportion to the file.
//
// Errors: [projections.ErrDamaged] for a file that is damaged or is not ours,
// [projections.ErrNewer], [projections.ErrSettings] if a setting does not hold,
// [os.ErrNotExist] if there is no file and it was opened for reading only.
func OpenSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	s := newStore(sqlite)
	log, err := os.Stat(path + "-wal") // which closing in order removes
	unclean := err == nil && log.Size() > 0 && !o.ReadOnly
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(10000)&_pragma=secure_delete(1)&_pragma=synchronous(2)"
	if o.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		name += "&mode=ro"
	} else {
		// SQLite would make it readable by others.
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := file.Close(); err != nil {
			return nil, err
		}
		if s.write, err = sql.Open("sqlite", name+"&_txlock=immediate"); err != nil {
			return nil, err
		}
		s.write.SetMaxOpenConns(1)
		s.scrub = s.truncateLog
	}
	if s.read, err = sql.Open("sqlite", name+"&_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	s.load, s.compiled.db = s.read, s.read
	s.read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	s.read.SetMaxIdleConns(max(4, runtime.NumCPU()))
	if err := s.openSQLite(ctx, unclean); err != nil {
		return nil, errors.Join(fmt.Errorf("open the read models: %w", err), s.Close())
	}
	return s, nil
}

func (s *Store) openSQLite(ctx context.Context, unclean bool) error {
	db := s.write
	if db == nil {
		db = s.read
	}
	var id, tables int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return damaged(err)
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return damaged(err)
	}
	switch {
	case id == applicationID:
	case id != 0 || tables != 0 || s.write == nil:
		return fmt.Errorf("%w: the file is not a read-model store", projections.ErrDamaged)
	}
	if unclean {
		if err := s.Verify(ctx); err != nil {
			return err
		}
	}
	if s.write != nil {
		for _, pragma := range []string{"PRAGMA journal_mode = WAL", fmt.Sprintf("PRAGMA application_id = %d", applicationID)} {
			if _, err := s.write.ExecContext(ctx, pragma); err != nil {
				return damaged(err)
			}
		}
		if err := s.assert(ctx, s.write); err != nil {
			return err
		}
	}
	if err := s.assert(ctx, s.read); err != nil {
		return err
	}
	return s.migrate(ctx, func(*sql.Tx) error { return nil }) // BEGIN IMMEDIATE keeps others out
}

// Verify reads the whole file and returns [projections.ErrDamaged] if its
// structure is. PostgreSQL looks after its own: there it returns nil. Whether
// the rows are those of the ledger, [projections.Runner.Check] tells.
func (s *Store) Verify(ctx context.Context) error {
	if s.dialect.verify == "" {
		return nil
	}
	var verdict string
	if err := s.read.QueryRowContext(ctx, s.dialect.verify).Scan(&verdict); err != nil {
		return damaged(err)
	}
	if verdict != "ok" {
		return fmt.Errorf("%w: SQLite's quick check fails", projections.ErrDamaged)
	}
	return nil
}

// assert refuses to run with settings other than those promised.
func (s *Store) assert(ctx context.Context, db *sql.DB) error {
	for _, setting := range []struct{ pragma, want string }{
		{"journal_mode", "wal"}, {"synchronous", "2"}, {"secure_delete", "1"}, {"encoding", "UTF-8"},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+setting.pragma).Scan(&got); err != nil {
			return damaged(err)
		}
		if got != setting.want {
			return fmt.Errorf("%w: %s is %q, must be %q", projections.ErrSettings, setting.pragma, got, setting.want)
		}
	}
	return nil
}

// damaged names SQLite's own errors for a file that is none of its databases
// (26) or is malformed (11).
func damaged(err error) error {
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		if code := coded.Code() & 0xff; code == 11 || code == 26 {
			return fmt.Errorf("%w: %w", projections.ErrDamaged, err)
		}
	}
	return err
}

// truncateLog empties the write-ahead log, where overwritten pages linger.
func (s *Store) truncateLog(ctx context.Context, _ []string) error {
	var busy, log, moved int
	err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &moved)
	if err == nil && busy != 0 {
		err = errors.New("sqlstore: the log is being read")
	}
	return err
}

// cleanName keeps a schema's name to what needs no quoting anywhere.
func cleanName(name string) bool {
	return name != "" && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
