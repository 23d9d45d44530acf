// Package kurrent is the event store in an EventStoreDB or KurrentDB cluster.
// It never appends without an exact expected revision, and never lets an event
// be read that has no position.
//
// Each stream of ours is one stream of theirs. The dense order is an index that
// lives in the database too: a stream whose events give positions to events in
// the order of the database's log of all streams (package numbering has the
// bytes). It is appended to at an exact revision, so that of several processes
// one wins and the others read what it numbered. An append is answered when its
// events are numbered; what a process left without numbers when it died, the
// next one numbers.
package kurrent

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"caseledger/eventstore"
	"caseledger/eventstore/numbering"
)

const (
	defaultTimeout = 10 * time.Second
	defaultWatch   = time.Second
)

// Options says what to open.
type Options struct {
	// URL is the connection string of the database: esdb:// or kurrentdb:// with
	// one host or several, or +discover for the hosts behind a DNS name. A setting
	// that is not known is an error.
	URL string
	// CredentialsFile holds "user:password", or the two on a line each, and is
	// readable by its owner alone. It takes the place of what URL says; empty
	// means that URL says it. It needs TLS.
	CredentialsFile string
	// Prefix begins the name of every stream of the ledger, so that several can
	// live in one database: at most 64 of a-z, 0-9 and "-". It must not begin
	// another ledger's prefix.
	Prefix string
	// Clock gives recordedAt. A read-only store needs none.
	Clock func() time.Time
	// Rand is of cryptographic quality; nil means [rand.Reader]. It tells the
	// appends of this process from those of others.
	Rand io.Reader
	// Copy is the local copy of the index; nil means one in memory. It belongs
	// to this store, which closes it.
	Copy numbering.Copy
	// ReadOnly opens a ledger beside the processes that append to it, or without
	// one. Nothing is ever written: Append and Ingest answer [ErrReadOnly], and
	// an event that has no position yet is not shown.
	ReadOnly bool
	// Timeout bounds one call to the server; zero means 10 s. defaultDeadline in
	// the URL prevails. What has not ended by then has an unknown outcome.
	Timeout time.Duration
	// Watch is how often a store looks whether it lags behind the database;
	// zero means 1 s. A subscription that went silent is replaced after two.
	Watch time.Duration
}

var validPrefix = regexp.MustCompile(`^[a-z0-9-]{0,64}$`)

// Store implements [eventstore.Store]. Every method may be called from any
// goroutine.
type Store struct {
	session  *session
	readOnly bool
	names    streamNames
	copy     numbering.Copy
	clock    func() time.Time
	timeout  time.Duration
	watch    time.Duration
	tokens   tokens
	signal   *signal
	order    order
	gates    gates

	ctx     context.Context // of the goroutines
	stop    context.CancelFunc
	running sync.WaitGroup // the goroutines
	calls   sync.WaitGroup // appends under way
	closing sync.Once
	closed  error
}

var (
	_ eventstore.Store    = (*Store)(nil)
	_ eventstore.Ingester = (*Store)(nil)
)

// Open connects to a database and brings the local copy of the index up to
// date. An empty database needs no preparation.
//
// Errors: [ErrConnectionString], [ErrCredentialsFile], [ErrCredentials],
// [ErrDenied], [ErrNotLeader], [ErrUnreachable] for what must be set right
// first; [ErrShrunk], [ErrReordered], [ErrForeign], [ErrHalfIngested] for a
// database that must not be appended to.
func Open(ctx context.Context, o Options) (_ *Store, err error) {
	if o.Clock == nil && !o.ReadOnly {
		panic("kurrent: a store that is appended to needs a clock")
	}
	if o.Copy == nil {
		o.Copy = &numbering.Memory{}
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Watch == 0 {
		o.Watch = defaultWatch
	}
	s := &Store{names: streamNames{o.Prefix}, copy: o.Copy, clock: o.Clock, watch: o.Watch, readOnly: o.ReadOnly, signal: newSignal(), session: &session{}}
	s.ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		if err != nil {
			s.stop()
			s.session.close()
			err = errors.Join(err, s.copy.Close())
		}
	}()
	if !validPrefix.MatchString(o.Prefix) {
		return nil, errors.New("kurrent: a prefix is at most 64 of a-z, 0-9 and -")
	}
	if s.session.config, s.timeout, err = configuration(o.URL, o.CredentialsFile, o.Timeout); err != nil {
		return nil, err
	}
	s.session.timeout, s.session.stillness = s.timeout, 2*s.watch
	if err := s.tokens.seed(o.Rand); err != nil {
		return nil, fmt.Errorf("kurrent: %w", err)
	}
	s.order.init()
	if err := s.load(ctx); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	run := []func(context.Context){s.follow, s.watchOver}
	if !s.readOnly {
		run = append(run, s.number)
	}
	for _, run := range run {
		s.running.Go(func() { run(s.ctx) })
	}
	return s, nil
}

// Close lets the appends under way end, each within the time of a call, and
// leaves the server. It may be called more than once.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.order.refuse()
		s.calls.Wait()
		s.signal.end(eventstore.ErrClosed, true)
		s.stop()
		s.running.Wait()
		s.session.close()
		s.closed = s.copy.Close()
	})
	return s.closed
}

// Ready reports whether the store can take an append now: the server leads and
// answers, the ledger is as it was numbered, and nothing that was appended has
// waited for its position for as long as a call may take.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := s.catchUp(ctx); err != nil {
		return s.failure(ctx, err)
	}
	if !s.readOnly && s.order.behind() {
		return fmt.Errorf("%w: what was appended does not get its positions", eventstore.ErrUnavailable)
	}
	return nil
}

// usable says why a call cannot begin.
func (s *Store) usable(ctx context.Context) error {
	if err := s.signal.failure(); err != nil {
		return err
	}
	return ctx.Err()
}

// failure is what a call that changes nothing answers. After an incident the
// store answers nothing else.
func (s *Store) failure(ctx context.Context, err error) error {
	if incident(err) {
		s.signal.end(err, false)
	}
	switch ended := s.signal.failure(); {
	case ended != nil:
		return ended
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, ErrDeleted):
		return err
	}
	return refused(err)
}
