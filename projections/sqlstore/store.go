package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"

	"caseledger/domain/event"
	"caseledger/projections"
)

// Store implements [projections.Store]. It is safe for use by several
// goroutines.
type Store struct {
	dialect dialect
	write   *sql.DB // nil if opened for reading only
	read    *sql.DB
	load    *sql.DB // for rows that are about to be written again
	// compiled are queries of read; empty for PostgreSQL, whose driver keeps its
	// own.
	compiled statements
	// scrub removes from the database's files what was overwritten; it may
	// fail while others read.
	scrub    func(ctx context.Context, tables []string) error
	snapshot *sql.TxOptions // one consistent state over several statements

	mu      sync.Mutex
	changed chan struct{}   // closed when a checkpoint moved in this process
	unclean map[string]bool // tables with erased rows still to be scrubbed
}

var _ projections.Store = (*Store)(nil)

// ErrReadOnly: the store was opened for reading only.
var ErrReadOnly = errors.New("sqlstore: opened for reading only")

// Options say how a store is opened.
type Options struct {
	// ReadOnly opens a store that exists, beside a program that writes it.
	ReadOnly bool
}

func newStore(d dialect) *Store {
	return &Store{dialect: d, changed: make(chan struct{}), unclean: map[string]bool{}}
}

// Close ends all connections. Views and updates must have ended.
func (s *Store) Close() error {
	var err error
	if s.write != nil {
		err = s.write.Close()
	}
	return errors.Join(err, s.read.Close())
}

const checkpointColumns = "tbl, model, version, shape, state, position, parked, epoch"

func scanCheckpoint(scan func(...any) error) (projections.Checkpoint, error) {
	var cp projections.Checkpoint
	err := scan(&cp.Table, &cp.Model, &cp.Version, &cp.Shape, &cp.State, &cp.Position, &cp.Parked, &cp.Epoch)
	return cp, err
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func checkpoints(ctx context.Context, q querier) ([]projections.Checkpoint, error) {
	var all []projections.Checkpoint
	err := each(ctx, q, func(rows *sql.Rows) error {
		cp, err := scanCheckpoint(rows.Scan)
		all = append(all, cp)
		return err
	}, "SELECT "+checkpointColumns+" FROM checkpoints ORDER BY tbl")
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints: %w", err)
	}
	return all, nil
}

// each runs a query and calls scan for each row.
func each(ctx context.Context, q querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return damaged(err)
	}
	defer func() { _ = rows.Close() }() // Err below has the first error
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return damaged(rows.Err())
}

// Checkpoints implements [projections.Store].
func (s *Store) Checkpoints(ctx context.Context) ([]projections.Checkpoint, error) {
	return checkpoints(ctx, s.read)
}

// ParkedStreams implements [projections.Store].
func (s *Store) ParkedStreams(ctx context.Context, table string) ([]projections.Parked, error) {
	var all []projections.Parked
	err := each(ctx, s.read, scanParked(&all),
		"SELECT stream, position, reason FROM parked WHERE tbl = $1 ORDER BY position, stream", table)
	if err != nil {
		return nil, fmt.Errorf("list parked streams: %w", err)
	}
	return all, nil
}

func scanParked(into *[]projections.Parked) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var one projections.Parked
		var stream string
		if err := rows.Scan(&stream, &one.Position, &one.Reason); err != nil {
			return err
		}
		id, err := event.ParseStreamID(stream)
		one.Stream = id
		*into = append(*into, one)
		return err
	}
}

// begin begins a transaction. Sessions that ended while nobody used them, as
// all do when the server restarts, are left for others: nothing was done in
// them yet.
func begin(ctx context.Context, db *sql.DB, options *sql.TxOptions) (*sql.Conn, *sql.Tx, error) {
	for left := readConnections; ; left-- {
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("begin: %w", err)
		}
		begun, err := conn.BeginTx(ctx, options)
		if err == nil {
			return conn, begun, nil
		}
		again := left > 0 && ctx.Err() == nil && broken(err)
		if again {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // which ends it
		}
		_ = conn.Close() // what failed has been told
		if !again {
			return nil, nil, fmt.Errorf("begin: %w", err)
		}
	}
}

// Update implements [projections.Store].
func (s *Store) Update(ctx context.Context, write func(projections.Tx) error) error {
	if s.write == nil {
		return ErrReadOnly
	}
	conn, begun, err := begin(ctx, s.write, nil)
	if err != nil {
		return stated(err)
	}
	t, err := s.update(ctx, conn, begun, write)
	if err = damaged(stated(err)); errors.Is(err, ErrReadOnlyServer) {
		s.distrust(conn)
	}
	_ = conn.Close() // before scrubbing, which may need it; what failed has been told
	if err == nil {
		s.committed(ctx, t)
	}
	return err
}

func (s *Store) update(ctx context.Context, conn *sql.Conn, begun *sql.Tx, write func(projections.Tx) error) (*tx, error) {
	defer func() { _ = begun.Rollback() }() // after a commit it does nothing
	t := &tx{ctx: ctx, conn: conn, sql: begun, dialect: s.dialect}
	if err := write(t); err != nil {
		return nil, err
	}
	if err := begun.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return t, nil
}

// Scrub leaves in the database's files nothing of rows that were overwritten or
// removed, of any of its tables; what earlier commits left of it is tried again.
// It fails where somebody reads what they overwrote: repeat it.
func (s *Store) Scrub(ctx context.Context) error {
	if s.scrub == nil {
		return ErrReadOnly
	}
	all, err := s.Checkpoints(ctx)
	if err != nil {
		return err
	}
	tables := make([]string, 0, len(all))
	for _, one := range all {
		tables = append(tables, one.Table)
	}
	if err := s.scrub(ctx, tables); err != nil {
		return fmt.Errorf("leave nothing of what was overwritten: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.unclean)
	return nil
}

// committed wakes those who wait and scrubs what was erased. Rows are gone
// from every answer already; where scrubbing fails because someone reads, the
// next erasure or the next page tries again.
func (s *Store) committed(ctx context.Context, t *tx) {
	s.mu.Lock()
	if t.moved {
		close(s.changed)
		s.changed = make(chan struct{})
	}
	for _, table := range t.erased {
		s.unclean[table] = true
	}
	for _, table := range t.dropped {
		delete(s.unclean, table)
	}
	tables := make([]string, 0, len(s.unclean))
	for table := range s.unclean {
		tables = append(tables, table)
	}
	s.mu.Unlock()
	if len(tables) == 0 || s.scrub(ctx, tables) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, table := range tables {
		delete(s.unclean, table)
	}
}
