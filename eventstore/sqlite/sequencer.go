package sqlite

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

const (
	// maxGroupEvents and maxGroupBytes bound one transaction. A single append
	// may exceed the bytes.
	maxGroupEvents = 1024
	maxGroupBytes  = 8 << 20
	// maxWaiting bounds the appends that wait to be written; more are
	// answered ErrUnavailable.
	maxWaiting = 8192
	// maxWindow bounds the wait for companions, also when a test's clock
	// says that a commit took an hour.
	maxWindow = 5 * time.Millisecond
)

// request is an append on its way through the sequencer.
type request struct {
	ctx      context.Context
	stream   event.StreamID
	expected eventstore.Revision
	events   []eventstore.Event
	size     int // bytes of the bodies

	appended eventstore.Appended
	err      error
	done     chan struct{} // closed when appended and err are set
}

// sequencer is the one goroutine that writes, and the queue before it.
type sequencer struct {
	using  sync.Mutex // writer: by a group, or by a ledger that is taken over
	writer *writer
	clock  func() time.Time
	signal *signal

	mu       sync.Mutex
	waiting  []*request
	stopping bool
	arrived  chan struct{} // holds a token when waiting or stopping changed
	stopped  chan struct{} // closed when the goroutine has ended

	last     int           // requests in the last group
	duration time.Duration // of the last commit
}

func newSequencer(ctx context.Context, path string, p profile, clock func() time.Time, signal *signal, fresh bool) (*sequencer, error) {
	w := &writer{db: connect(path, p, 1)}
	if err := w.open(ctx, fresh); err != nil {
		_ = w.close() // nothing was written; the first error says why
		return nil, err
	}
	signal.set(w.position)
	return &sequencer{writer: w, clock: clock, signal: signal,
		arrived: make(chan struct{}, 1), stopped: make(chan struct{})}, nil
}

// Append implements [eventstore.Store].
func (s *Store) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, expected, events); err != nil {
		return eventstore.Appended{}, err
	}
	if s.readOnly {
		return eventstore.Appended{}, ErrReadOnly
	}
	r := newRequest(ctx, stream, expected, events)
	if err := s.seq.put(r); err != nil {
		return eventstore.Appended{}, err
	}
	select {
	case <-r.done:
		return r.appended, r.err
	case <-ctx.Done():
		return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, ctx.Err())
	}
}

// newRequest copies the bodies: the caller gets them back when its context
// ends, and the sequencer may still be writing then.
func newRequest(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) *request {
	r := &request{ctx: ctx, stream: stream, expected: expected,
		events: make([]eventstore.Event, len(events)), done: make(chan struct{})}
	for _, e := range events {
		r.size += len(e.Body)
	}
	bodies := make([]byte, 0, r.size)
	for i, e := range events {
		start := len(bodies)
		bodies = append(bodies, e.Body...)
		r.events[i] = eventstore.Event{ID: e.ID, Body: bodies[start:len(bodies):len(bodies)]}
	}
	return r
}

func (q *sequencer) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.stopping:
		return eventstore.ErrClosed
	case len(q.waiting) >= maxWaiting:
		return fmt.Errorf("%w: %d appends are waiting", eventstore.ErrUnavailable, len(q.waiting))
	}
	q.waiting = append(q.waiting, r)
	q.poke()
	return nil
}

func (q *sequencer) poke() {
	select {
	case q.arrived <- struct{}{}:
	default:
	}
}

// stop refuses further appends and returns when those that wait are answered.
func (q *sequencer) stop() {
	q.mu.Lock()
	q.stopping = true
	q.poke()
	q.mu.Unlock()
	<-q.stopped
	q.using.Lock() // until whoever takes a ledger over has noticed
	defer q.using.Unlock()
}

func (q *sequencer) ending() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopping
}

// run writes group after group until it is stopped and nothing waits.
func (q *sequencer) run() {
	defer close(q.stopped)
	for {
		q.gather()
		group, stopping := q.take()
		switch {
		case len(group) > 0:
			q.write(group)
		case stopping:
			return
		default:
			<-q.arrived
		}
	}
}

// gather waits for as many requests as the last group had, at most a quarter
// of its commit's duration. Those whose commit has just been answered would
// otherwise miss the next one and wait for the one after.
func (q *sequencer) gather() {
	window := min(q.duration/4, maxWindow)
	if q.last < 2 || window <= 0 {
		return
	}
	timer := time.NewTimer(window)
	defer timer.Stop()
	for q.length() < q.last {
		select {
		case <-timer.C:
			q.last = 0 // once: an idle store must not wait again
			return
		default:
			// Far shorter than the kernel's timers are precise: let the
			// callers run, and look again.
			runtime.Gosched()
		}
	}
}

func (q *sequencer) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopping {
		return maxWaiting
	}
	return len(q.waiting)
}

// take removes the next group from the queue, in order of arrival.
func (q *sequencer) take() (group []*request, stopping bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	events, size, n := 0, 0, 0
	for ; n < len(q.waiting); n++ {
		events += len(q.waiting[n].events)
		size += q.waiting[n].size
		if n > 0 && (events > maxGroupEvents || size > maxGroupBytes) {
			break
		}
	}
	group = q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return group, q.stopping
}

// write commits a group and answers its members. The head moves before any
// of them hears, so that what is acknowledged can be read.
func (q *sequencer) write(group []*request) {
	q.using.Lock()
	defer q.using.Unlock()
	begun := q.clock()
	q.writer.write(group, begun.UnixMicro())
	q.last, q.duration = len(group), q.clock().Sub(begun)
	if !q.writer.ready {
		// Find out what is recorded, as far as the file allows; the next
		// group tries again.
		_ = q.writer.reopen()
	}
	if q.writer.ready && q.writer.position != q.signal.current() {
		q.signal.set(q.writer.position)
	}
	for _, r := range group {
		close(r.done)
	}
}
