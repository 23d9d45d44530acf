package kurrent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"google.golang.org/grpc/metadata"

	"caseledger/eventstore"
)

const (
	// grace is how long a call may take to notice that its context has ended,
	// before the client it hangs in is torn down.
	grace = 2 * time.Second
	// late is how much later a context may notice that its deadline has passed.
	late = 5 * time.Millisecond
	// pause is the wait before a call that failed is made again; each further
	// one is twice the one before, up to maxPause.
	pause    = 20 * time.Millisecond
	maxPause = 320 * time.Millisecond
)

// session is a connection to the cluster that outlives its clients.
//
// The client is not fit to be held on to. A discovery that fails ends it for
// good, and whoever called meanwhile hangs, deaf to its context; so the first
// call on a client is made by one goroutine, a client that lost its server is
// dropped and another made, and every call runs in a goroutine that can be
// left behind. Closing a client frees those that hang in it, by a panic that
// is caught here.
type session struct {
	config    esdb.Configuration
	timeout   time.Duration // of a call
	stillness time.Duration // how long a subscription that owes events may say nothing

	mu      sync.Mutex
	client  *client
	dialing *dial
	closed  bool
	open    sync.WaitGroup // clients that are not closed
}

// client is a client of the library with a count of who uses it.
type client struct {
	*esdb.Client
	of    *session
	users int
	spent bool // nobody else may begin to use it
	shut  bool
}

// dial is an attempt to make a client, for all who wait for one.
type dial struct {
	done   chan struct{}
	client *client
	err    error
}

// acquire returns a client that has found its server. The caller releases it.
func (s *session) acquire(ctx context.Context) (*client, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, eventstore.ErrClosed
	}
	if c := s.client; c != nil {
		c.users++
		s.mu.Unlock()
		return c, nil
	}
	d := s.dialing
	if d == nil {
		d = &dial{done: make(chan struct{})}
		s.dialing = d
		s.open.Add(1)
		go s.dial(d)
	}
	s.mu.Unlock()
	select {
	case <-d.done:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
	if d.err != nil {
		return nil, d.err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.client.spent {
		return nil, ErrUnreachable
	}
	d.client.users++
	return d.client, nil
}

// dial makes a client and has it find a server.
func (s *session) dial(d *dial) {
	config := s.config
	c, err := esdb.NewClient(&config)
	if err != nil {
		err = fmt.Errorf("%w: its settings do not fit together", ErrConnectionString)
	} else {
		d.client = &client{Client: c, of: s}
		if _, found := c.GetServerVersion(); found != nil {
			if err = named(found); !errors.Is(err, ErrCredentials) && !errors.Is(err, ErrDenied) {
				err = ErrUnreachable
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dialing = nil
	switch {
	case err == nil && s.closed:
		err = eventstore.ErrClosed
		fallthrough
	case err != nil:
		if d.client != nil {
			d.client.spent = true
			d.client.shutLocked()
		} else {
			s.open.Done()
		}
	default:
		s.client = d.client
	}
	d.err = err
	close(d.done)
}

// release ends one use. The last use of a client that is spent closes it.
func (c *client) release() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if c.users--; c.users == 0 && c.spent {
		c.shutLocked()
	}
}

// spend makes the next call use another client.
func (c *client) spend() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.spendLocked()
}

func (c *client) spendLocked() {
	c.spent = true
	if c.of.client == c {
		c.of.client = nil
	}
	if c.users == 0 {
		c.shutLocked()
	}
}

// tear closes a client that a call hangs in.
func (c *client) tear() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.spendLocked()
	c.shutLocked()
}

func (c *client) shutLocked() {
	if !c.shut {
		c.shut = true
		_ = c.Close() // it always returns nil
		c.of.open.Done()
	}
}

// close returns when every client is closed.
func (s *session) close() {
	s.mu.Lock()
	s.closed = true
	if s.client != nil {
		s.client.spendLocked()
	}
	s.mu.Unlock()
	s.open.Wait()
}

// once makes one call. Its error is one of this package's; [ErrUnreachable]
// says that the call was never made.
func (s *session) once(parent context.Context, call func(context.Context, *esdb.Client) error) error {
	ctx, cancel := context.WithTimeout(parent, s.timeout)
	defer cancel()
	c, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		defer c.release()
		done <- caught(leading(ctx), c.Client, call)
	}()
	select {
	case err = <-done:
		if of := (*esdb.Error)(nil); errors.As(err, &of) && of.Code() == esdb.ErrorCodeDeadlineExceeded {
			wait(ctx, late) // the call's deadline is the context's, and may fire first
		}
	case <-ctx.Done():
		if parent.Err() == nil {
			c.spend()
		}
		tear := time.AfterFunc(grace, c.tear)
		go func() {
			<-ended
			tear.Stop()
		}()
		return fmt.Errorf("%w: no answer in time", errLost)
	}
	if err = named(err); errors.Is(err, errLost) && parent.Err() == nil || errors.Is(err, ErrUnreachable) {
		c.spend()
	}
	return err
}

// caught makes a call, and makes an error of the library's panics: it panics
// on messages that it does not expect, and when it is closed in a call.
func caught(ctx context.Context, c *esdb.Client, call func(context.Context, *esdb.Client) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the client panicked", errLost)
		}
	}()
	return call(ctx, c)
}

// leading asks for the leader. The library has an option that should, and puts
// it among the headers that came in.
func leading(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "requires-leader", "true")
}

// transient reports whether a call that changes nothing may do better again.
func transient(err error) bool {
	return errors.Is(err, errLost) || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrNotLeader)
}

// read makes a call that changes nothing until it succeeds, fails for good, or
// the time of a call is over.
func (s *session) read(ctx context.Context, call func(context.Context, *esdb.Client) error) error {
	until, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for rest := pause; ; rest = min(2*rest, maxPause) {
		err := s.once(until, call)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !transient(err) || until.Err() != nil:
			return err
		}
		if !wait(until, rest) {
			return err
		}
	}
}

// wait returns after a while, false if the context ended before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
