package postgres

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

	first eventstore.Revision // of the events, once they are placed
	row   int                 // of the last event among those of its group, from 1; of a misfit, of the last before it

	appended eventstore.Appended
	err      error
	done     chan struct{} // closed when appended and err are set
}

// sequencer is the queue before the one connection that writes, and the
// goroutine that empties it. While nothing waits, whoever appends writes by
// themselves: handing a single append over costs as much as half a commit.
type sequencer struct {
	writer *writer
	clock  func() time.Time

	mu       sync.Mutex
	waiting  []*request
	stopping bool
	busy     bool          // somebody writes, and owns what follows
	changed  chan struct{} // holds a token when one of these did
	stopped  chan struct{} // closed when the goroutine has ended

	last     int           // requests in the last group
	duration time.Duration // of the last commit
	told     time.Time     // when another process was last notified
	owed     bool          // a group since then was not
	armed    bool          // announce will be called
}

func newSequencer(w *writer, clock func() time.Time) *sequencer {
	return &sequencer{writer: w, clock: clock, changed: make(chan struct{}, 1), stopped: make(chan struct{})}
}

// Append implements [eventstore.Store]. A context that ends while the append
// is being written may be noticed only when that has ended, within seven
// seconds.
func (s *Store) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	if err := eventstore.CheckAppend(stream, expected, events); err != nil {
		return eventstore.Appended{}, err
	}
	if s.options.ReadOnly {
		return eventstore.Appended{}, ErrReadOnly
	}
	r := newRequest(ctx, stream, expected, events)
	if alone, err := s.seq.put(r); err != nil {
		return eventstore.Appended{}, err
	} else if alone {
		s.seq.write([]*request{r})
		s.seq.release()
		return r.appended, r.err
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

// put takes a request into the queue, unless nobody writes and nobody is
// expected: then the caller is alone, and is the one to write and to release.
func (q *sequencer) put(r *request) (alone bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.stopping:
		return false, eventstore.ErrClosed
	case len(q.waiting) >= maxWaiting:
		return false, fmt.Errorf("%w: %d appends are waiting", eventstore.ErrUnavailable, len(q.waiting))
	case !q.busy && len(q.waiting) == 0 && q.last < 2:
		q.busy = true
		return true, nil
	}
	q.waiting = append(q.waiting, r)
	if !q.busy {
		q.poke()
	}
	return false, nil
}

func (q *sequencer) poke() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
}

// acquire makes the sequencer's goroutine the one that writes, if something
// waits and nobody does.
func (q *sequencer) acquire() (acquired, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy || len(q.waiting) == 0 {
		return false, q.stopping && !q.busy
	}
	q.busy = true
	return true, false
}

// release lets the next one write.
func (q *sequencer) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
	if q.owed && !q.armed {
		q.armed = true
		time.AfterFunc(pace, q.announce)
	}
	if len(q.waiting) > 0 || q.stopping {
		q.poke()
	}
}

// announce notifies other processes of the groups that did not do so themselves.
// While another is written it is left to that one, or to the end of that one.
func (q *sequencer) announce() {
	q.mu.Lock()
	q.armed = false
	if q.busy || q.stopping || !q.owed {
		q.mu.Unlock()
		return
	}
	q.busy = true
	q.mu.Unlock()
	q.owed, q.told = false, q.clock()
	q.writer.announce()
	q.release()
}

// stop refuses further appends and returns when those that wait are answered.
func (q *sequencer) stop() {
	q.mu.Lock()
	q.stopping = true
	q.poke()
	q.mu.Unlock()
	<-q.stopped
}

// run writes group after group until it is stopped and nothing waits.
func (q *sequencer) run() {
	defer close(q.stopped)
	for {
		acquired, ended := q.acquire()
		switch {
		case acquired:
			q.gather()
			q.write(q.take())
			q.release()
		case ended:
			return
		default:
			<-q.changed
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
func (q *sequencer) take() []*request {
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
	group := q.waiting[:n:n]
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	return group
}

// write commits a group and answers its members. The head is known before any
// of them hears, so that what is acknowledged can be read. Where there is no
// server, whoever waits hears so too: it was looked for while they did.
func (q *sequencer) write(group []*request) {
	begun := q.clock()
	others := !q.writer.alone.Load()
	notify := others && begun.Sub(q.told) >= pace
	err := q.writer.write(group, begun.UnixMicro(), notify)
	q.last, q.duration = len(group), q.clock().Sub(begun)
	if q.owed = others && !notify; notify {
		q.told = begun
	}
	for _, r := range group {
		close(r.done)
	}
	if err == nil {
		return
	}
	q.mu.Lock()
	waiting := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	for _, r := range waiting {
		r.err = refused(err)
		close(r.done)
	}
}
