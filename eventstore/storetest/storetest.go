// Package storetest is the contract of [eventstore.Store] as tests: each
// sentence there has a test here, and no test here is without its sentence.
// It never looks behind the interface; what only an adapter can show (that an
// append outlives a crash, that memory stays small) is that adapter's test.
package storetest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Open returns an empty store that stamps events by the clock. The store
// implements [io.Closer]; it is closed at the end of each subtest and may be
// closed twice.
type Open func(tb testing.TB, clock func() time.Time) eventstore.Store

// Run checks every promise written on [eventstore.Store]. open is called once
// per subtest. Each subtest also checks that it left no goroutine behind, so
// a test that calls Run must not itself run in parallel.
func Run(t *testing.T, open Open) {
	for _, group := range [][]promise{appends, outcomes, reads, order} {
		for _, p := range group {
			t.Run(p.name, func(t *testing.T) { p.keep(t, start(t, open)) })
		}
	}
}

// promise is one sentence of the contract and its test.
type promise struct {
	name string
	keep func(*testing.T, *subject)
}

// subject is a store under test with its clock and a supply of names.
type subject struct {
	eventstore.Store
	clock *clock

	mu    sync.Mutex
	named uint64
}

func start(t *testing.T, open Open) *subject {
	t.Helper()
	others := goleak.IgnoreCurrent()
	c := &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 123_456_789, time.UTC)}
	s := &subject{Store: open(t, c.read), clock: c}
	closer, ok := s.Store.(io.Closer)
	if !ok {
		t.Fatal("the store has no Close() error")
	}
	t.Cleanup(func() {
		if err := closer.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := goleak.Find(others); err != nil {
			t.Error(err)
		}
	})
	return s
}

// clock is set by the test.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now.Truncate(time.Microsecond)
}

// name returns an identifier that the subject has not returned before.
func (s *subject) name() event.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.named++
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], s.named)
	return event.DeriveUUID("storetest", n[:])
}

func (s *subject) person() eventstore.StreamID  { return event.Case(s.name()) }
func (s *subject) session() eventstore.StreamID { return event.Access(s.name()) }

// fact is an event with a new id.
func (s *subject) fact(body string) eventstore.Event {
	return eventstore.Event{ID: event.ID{UUID: s.name()}, Body: []byte(body)}
}

func (s *subject) facts(bodies ...string) []eventstore.Event {
	var events []eventstore.Event
	for _, b := range bodies {
		events = append(events, s.fact(b))
	}
	return events
}

// hasty gives an operation that must not block a bound.
func hasty(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (s *subject) mustAppend(t *testing.T, stream eventstore.StreamID, at eventstore.Revision, events ...eventstore.Event) eventstore.Appended {
	t.Helper()
	got, err := s.Append(hasty(t), stream, at, events)
	if err != nil {
		t.Fatalf("append %d events to %s at revision %d: %v", len(events), stream, at, err)
	}
	if got.Repeated {
		t.Fatalf("append to %s at revision %d: repeated, want recorded", stream, at)
	}
	return got
}

// mustRefuse makes an append that must fail with want and change nothing.
func (s *subject) mustRefuse(t *testing.T, want error, stream eventstore.StreamID, at eventstore.Revision, events ...eventstore.Event) {
	t.Helper()
	before := s.head(t)
	got, err := s.Append(hasty(t), stream, at, events)
	if !errors.Is(err, want) || got != (eventstore.Appended{}) {
		t.Errorf("append to %s at revision %d: got %+v and error %v, want error %v", stream, at, got, err, want)
	}
	if after := s.head(t); after != before {
		t.Errorf("a refused append moved the head from %d to %d", before, after)
	}
}

func (s *subject) head(t *testing.T) eventstore.Position {
	t.Helper()
	head, err := s.Head(hasty(t))
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return head
}

func (s *subject) stream(t *testing.T, stream eventstore.StreamID) []eventstore.Stored {
	t.Helper()
	return collect(t, s.ReadStream(hasty(t), stream, 0))
}

func (s *subject) all(t *testing.T, after eventstore.Position) []eventstore.Stored {
	t.Helper()
	return collect(t, s.ReadAll(hasty(t), after))
}

func collect(t *testing.T, events iter.Seq2[eventstore.Stored, error]) []eventstore.Stored {
	t.Helper()
	var got []eventstore.Stored
	for e, err := range events {
		if err != nil {
			t.Fatalf("read after %d events: %v", len(got), err)
		}
		got = append(got, e)
	}
	return got
}

// same compares what was read with what was appended.
func same(t *testing.T, got []eventstore.Stored, stream eventstore.StreamID, first eventstore.Revision, want ...eventstore.Event) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("read %d events of %s, want %d", len(got), stream, len(want))
	}
	for i, e := range got {
		revision := first + eventstore.Revision(i)
		if e.ID != want[i].ID || e.Stream != stream || e.Revision != revision || string(e.Body) != string(want[i].Body) {
			t.Errorf("event %d: got %s on %s revision %d with %d bytes, want %s on %s revision %d with %d bytes",
				i, e.ID, e.Stream, e.Revision, len(e.Body), want[i].ID, stream, revision, len(want[i].Body))
		}
	}
}
