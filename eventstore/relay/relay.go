package relay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Audience is one controller on one side: whoever receives a message belongs to
// one.
type Audience struct {
	Side       event.Side
	Controller event.UUID
}

// Viewer is how one audience reads the ledger.
type Viewer interface {
	// Decode opens what the audience's keys open.
	Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error)
	// Part says how an event that it decoded is part of what the audience holds.
	Part(ctx context.Context, e event.Recorded) (Part, error)
}

// Destination is where an audience is told.
type Destination struct {
	// Name names the consumer in the keep, in logs and in metrics; it must stay.
	Name string
	Audience
	Format Format
	// Types are the event types that are wanted of those that are published to the
	// audience; nil means all.
	Types []string
	// Publisher takes one message at a time, its UUID the event's id, its payload
	// in the format, under the topic "caseledger.<side>.<type>". Its errors are
	// [Failure]s; any other is [NoAnswer]. The relay closes it.
	Publisher message.Publisher
	// Retries are the waits before each further attempt at a message, after which
	// it is parked; meanwhile others go on. nil: the destination is waited for, for
	// as long as it takes, and with it everybody: the ledger is the queue.
	Retries []time.Duration
	// Lanes is the most messages under way at a time; 0 means 1.
	Lanes int
}

// Config is what a relay is made of. All fields but the last three are required.
type Config struct {
	Store  eventstore.Store
	Keep   Keep
	Viewer func(Audience) (Viewer, error)
	// Broken reports whether an error of a viewer's means that an event cannot be
	// read, whoever tries again, rather than now.
	Broken func(error) bool
	Names
	Destinations []Destination
	Clock        func() time.Time
	After        func(time.Duration) <-chan time.Time
	Log          *slog.Logger

	// Window, SaveEvery and Again are those of [SubscriberConfig].
	Window           int
	SaveEvery, Again time.Duration
}

// Relay publishes to every destination. One per keep does any work: the last to
// start takes over, and the one before gets [ErrFenced].
type Relay struct {
	Config
	consumers []*consumer
	running   sync.Mutex
}

// ErrRunning: Run was called while it runs.
var ErrRunning = errors.New("relay: already running")

// New returns a relay. An error names a destination that cannot be served.
func New(c Config) (*Relay, error) {
	if c.Again <= 0 {
		c.Again = time.Second
	}
	r := &Relay{Config: c}
	names := map[string]bool{}
	for _, d := range c.Destinations {
		if d.Name == "" || names[d.Name] {
			return nil, fmt.Errorf("relay: destination %q: the name is missing or used twice", d.Name)
		}
		names[d.Name] = true
		viewer, err := c.Viewer(d.Audience)
		if err != nil {
			return nil, fmt.Errorf("relay: destination %q: %w", d.Name, err)
		}
		r.consumers = append(r.consumers, newConsumer(r, d, viewer))
	}
	return r, nil
}

// Run publishes until ctx ends, and then returns ctx's error; or until another
// relay has taken a destination over, with [ErrFenced], or the store is closed.
// A destination that cannot be reached holds up nobody else's, and no failure of
// one, of the store or of the keep ends Run: each is tried again, and logged.
func (r *Relay) Run(ctx context.Context) error {
	if !r.running.TryLock() {
		return ErrRunning
	}
	defer r.running.Unlock()
	all, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var group sync.WaitGroup
	for _, c := range r.consumers {
		group.Go(func() {
			if err := c.run(all); err != nil && all.Err() == nil {
				stop(err)
			}
		})
	}
	group.Wait()
	if len(r.consumers) == 0 {
		<-ctx.Done()
	}
	return context.Cause(all)
}

// Close closes every destination's publisher. Run must have returned.
func (r *Relay) Close() error {
	var failed []error
	for _, d := range r.Destinations {
		failed = append(failed, d.Publisher.Close())
	}
	return errors.Join(failed...)
}

// Status is how far a destination is. The position and the head are for
// operators.
type Status struct {
	Destination string
	Consumer
	Head event.Position
	// Waiting is when the first event that was not handled was recorded; zero if
	// there is none.
	Waiting time.Time
	Counts
}

// Counts is what happened since the relay was made.
type Counts struct {
	Published  uint64 // messages that the destination has taken
	Retried    uint64 // failed attempts
	EverParked uint64 // messages that were parked, those that were replayed since included
}

// Status tells how far every destination is, in their order. It may be asked
// while Run runs, and of a relay that does not.
func (r *Relay) Status(ctx context.Context) ([]Status, error) {
	head, err := r.Store.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("relay: find the head: %w", err)
	}
	var all []Status
	for _, c := range r.consumers {
		s := Status{Destination: c.Name, Head: head, Counts: c.counted()}
		if s.Consumer, err = r.Keep.Consumer(ctx, c.Name); err != nil {
			return nil, err
		}
		if s.Position < head {
			for e, err := range r.Store.ReadAll(ctx, s.Position) {
				if err != nil {
					return nil, fmt.Errorf("relay: read the ledger: %w", err)
				}
				s.Waiting = e.RecordedAt
				break
			}
		}
		all = append(all, s)
	}
	return all, nil
}
