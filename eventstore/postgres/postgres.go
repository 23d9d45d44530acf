// Package postgres is the event store in a PostgreSQL database, for one or
// several server processes at once. It never acknowledges an append that is not
// on the server's disk, and needs no right to change or remove an event.
//
// Every process has one goroutine, the sequencer, that appends. It gathers the
// appends that wait and commits them in one statement, so that sixteen writers
// share one disk sync. The statement takes the ledger's head row first, which
// one transaction holds at a time: positions are dense and in the order of
// commits. Reads go through a small pool, a page at a time.
//
// Every session speaks the extended protocol and keeps prepared statements and
// settings: a pooler that hands one session to many clients does not do.
package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"caseledger/eventstore"
)

// Options says what to open.
type Options struct {
	// URL is the connection string: postgres://… or libpq's key=value form. It
	// may name several hosts; a store that is written to uses the one that
	// takes writes.
	URL string
	// Clock gives recordedAt. A read-only store needs none.
	Clock func() time.Time
	// ReadOnly opens the ledger for reading alone, also on a standby. Append
	// answers [ErrReadOnly].
	ReadOnly bool
	// Damaged opens, for reading, also a ledger whose end is not whole, so that
	// a verification can say what is wrong with it. It goes with ReadOnly.
	Damaged bool
	// AllowOwner accepts a role that may also change or remove events: the
	// schema's owner, or a superuser. For a laptop, where one role does all.
	AllowOwner bool
	// AllowNoFsync accepts a server with fsync off, whose ledger does not
	// outlive a crash. For tests.
	AllowNoFsync bool
	// Readers is the number of connections that read; 0 means twice the number
	// of processors, at least 4.
	Readers int
}

// Store implements [eventstore.Store] and [eventstore.Ingester]. Every method
// may be called from any goroutine.
type Store struct {
	options  Options
	pool     *pgxpool.Pool
	signal   *signal
	seq      *sequencer // nil if read-only
	stop     context.CancelFunc
	followed chan struct{} // closed when the follower has ended

	closing sync.Once
}

var (
	_ eventstore.Store    = (*Store)(nil)
	_ eventstore.Ingester = (*Store)(nil)
)

// Open opens the ledger of a database that [Migrate] has made. It refuses, with
// one of the errors of this package, whatever it could not write to durably or
// read back truly: settings of the server and of the session, the role's
// privileges, the shape of the tables, and the end of the ledger.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Damaged && !o.ReadOnly {
		panic("postgres: what is damaged is only read")
	}
	if o.Clock == nil && !o.ReadOnly {
		panic("postgres: a store that is written to needs a clock")
	}
	config, err := configure(o)
	if err != nil {
		return nil, err
	}
	base := config.ConnConfig.Config.Copy()
	verified := config.ConnConfig.AfterConnect
	config.ConnConfig.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := verified(ctx, conn); err != nil {
			return err
		}
		return prepare(ctx, conn, readStatements)
	}
	s := &Store{options: o, signal: newSignal(), followed: make(chan struct{})}
	if err := s.inspect(ctx, base); err != nil {
		return nil, err
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, named(err)
	}
	if !o.ReadOnly {
		w := &writer{config: base, signal: s.signal, bound: clientBound}
		if err := w.connect(); err != nil {
			s.pool.Close()
			return nil, named(err)
		}
		s.seq = newSequencer(w, o.Clock)
		go s.seq.run()
	}
	following, stop := context.WithCancel(context.Background())
	s.stop = stop
	go (&follower{store: s, config: base}).run(following)
	return s, nil
}

// prepare prepares statements by their names.
func prepare(ctx context.Context, conn *pgconn.PgConn, statements map[string]string) error {
	for name, sql := range statements {
		if _, err := conn.Prepare(ctx, name, sql, nil); err != nil {
			return err
		}
	}
	return nil
}

// Close lets the appends that wait finish, then ends every connection. It may
// be called more than once.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if s.seq != nil {
			s.seq.stop()
			s.seq.writer.drop()
		}
		s.signal.close()
		s.stop()
		<-s.followed
		s.pool.Close()
	})
	return nil
}
