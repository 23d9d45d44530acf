// Package sqlite is the event store in one SQLite file, for one server
// process on one machine. It never holds a database transaction open while a
// caller thinks, and never acknowledges an append that is not on disk.
//
// One goroutine, the sequencer, writes. It gathers the appends that wait and
// commits them in one transaction, so that sixteen writers share one disk
// sync; positions are given inside that transaction. Reads go through a small
// pool of read-only connections, a page at a time.
//
// The program links the driver (modernc.org/sqlite), which registers itself
// with [database/sql] as "sqlite".
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"caseledger/eventstore"
	"caseledger/eventstore/filelock"
)

// Why a database is not opened. Each is in the chain of the error that
// [Open] returns, which names the particulars.
var (
	// ErrSettings: a setting that durability or safety rests on does not hold
	// on a connection. The error names it.
	ErrSettings = errors.New("sqlite: a required setting does not hold")
	// ErrNewer: a later version of this program wrote the database.
	ErrNewer = errors.New("sqlite: the database is newer than this program")
	// ErrForeign: the file is the database of another program.
	ErrForeign = errors.New("sqlite: the file is another program's database")
	// ErrDamaged: the file is not what was written. Stop, keep the file, and
	// restore a backup.
	ErrDamaged = errors.New("sqlite: the database is damaged")
	// ErrInUse: another process, or another store of this one, writes to it.
	ErrInUse = errors.New("sqlite: the database is in use by another writer")
	// ErrReadOnly answers an append to a store opened with ReadOnly.
	ErrReadOnly = errors.New("sqlite: opened read-only")
)

// Options says what to open.
type Options struct {
	// Path of the database file. Beside it stand Path-wal and Path-shm, which
	// are part of the database, and Path.lock, which holds nothing.
	Path string
	// Clock gives recordedAt. A read-only store needs none.
	Clock func() time.Time
	// ReadOnly opens an existing database beside the server that writes to it,
	// or without one. Nothing is ever written; Append answers [ErrReadOnly],
	// and Wait looks for new events four times a second.
	ReadOnly bool
	// Damaged opens, for reading, also a ledger whose end is not whole, so that
	// a verification can say what is wrong with it. It goes with ReadOnly.
	Damaged bool
}

// Store implements [eventstore.Store]. Every method may be called from any
// goroutine.
type Store struct {
	readOnly bool
	reader   *sql.DB
	pages    statements
	seq      *sequencer // nil if read-only
	signal   *signal
	lock     *os.File // nil if read-only

	closing sync.Once
	closed  error
}

var _ eventstore.Store = (*Store)(nil)

// Open opens a database, and makes it if there is none and ReadOnly is not
// set. It refuses, with one of the errors of this package, whatever it could
// not write to durably or read back truly. It looks at the file's shape and
// the end of the ledger only, so it takes no longer on a large database; see
// [Store.Check] for all of it.
func Open(ctx context.Context, o Options) (*Store, error) {
	return open(ctx, o, profiles)
}

func open(ctx context.Context, o Options, p map[role]profile) (_ *Store, err error) {
	if o.Clock == nil && !o.ReadOnly {
		panic("sqlite: a store that is written to needs a clock")
	}
	if o.Damaged && !o.ReadOnly {
		panic("sqlite: what is damaged is only read")
	}
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	s := &Store{readOnly: o.ReadOnly, signal: newSignal()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	if !o.ReadOnly {
		// The file is made before SQLite sees it, so that it, its log and its
		// index are readable by their owner alone.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		switch {
		case err == nil:
			err = f.Close()
		case errors.Is(err, os.ErrExist):
			err = nil
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: make the database: %w", err)
		}
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if !o.ReadOnly {
		switch s.lock, err = filelock.Take(path + ".lock"); {
		case errors.Is(err, filelock.ErrTaken):
			return nil, fmt.Errorf("%w: %s.lock is locked", ErrInUse, path)
		case err != nil:
			return nil, fmt.Errorf("sqlite: lock: %w", err)
		}
	}
	fresh, err := inspect(ctx, path, p[inspection], o.Damaged)
	if err != nil {
		return nil, err
	}
	switch {
	case fresh && o.ReadOnly:
		return nil, fmt.Errorf("%w: it holds no ledger yet", ErrForeign)
	case !o.ReadOnly:
		if s.seq, err = newSequencer(ctx, path, p[writing], o.Clock, s.signal, fresh); err != nil {
			return nil, err
		}
	}
	readers := max(2, runtime.NumCPU())
	s.reader = connect(path, p[reading], readers)
	if err := verify(ctx, s.reader, readers); err != nil {
		return nil, err
	}
	if err := s.pages.prepare(ctx, s.reader); err != nil {
		return nil, opening(err)
	}
	if s.seq != nil {
		go s.seq.run()
	}
	return s, nil
}

// Close lets the appends that wait finish, then releases the file. It may be
// called more than once.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if s.seq != nil {
			s.seq.stop()
		}
		s.signal.close()
		s.closed = s.release()
	})
	return s.closed
}

// release closes what is open. The writer goes last of the connections: the
// last one to leave folds the log into the database.
func (s *Store) release() error {
	var errs []error
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	if s.seq != nil {
		errs = append(errs, s.seq.writer.close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// opening is an error met while opening, as one of this package's if the file
// itself is at fault.
func opening(err error) error {
	if damaged(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("sqlite: open: %w", err)
}
