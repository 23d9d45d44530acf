package kurrent_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/storetest"
)

// recording reports whether a stream is one of the ledger's, not its index.
func recording(stream string) bool { return !strings.Contains(stream, "caseledger-") }

func TestFaults(t *testing.T) {
	as := map[storetest.Fault]kurrenttest.Fault{
		storetest.Refused: kurrenttest.Deny, storetest.LostBefore: kurrenttest.DropBefore, storetest.LostAfter: kurrenttest.DropAfter,
	}
	storetest.Faults(t, func(tb testing.TB, clock func() time.Time) (eventstore.Store, func(int, storetest.Fault)) {
		double := kurrenttest.Start(tb, kurrenttest.Options{})
		s := owned{open(tb, kurrent.Options{URL: double.URL(), Clock: clock}), double}
		return s, func(n int, f storetest.Fault) {
			double.OnAppend(func(stream string) kurrenttest.Fault {
				if !recording(stream) {
					return kurrenttest.None
				}
				if n--; n == 0 {
					return as[f]
				}
				return kurrenttest.None
			})
		}
	})
}

// named is an identifier made of what it is for.
func named(parts ...string) event.UUID {
	return event.DeriveUUID("kurrent_test", []byte(strings.Join(parts, "/")))
}

func fact(parts ...string) eventstore.Event {
	return eventstore.Event{ID: event.ID{UUID: named(parts...)}, Body: []byte(strings.Join(parts, " "))}
}

func mustAppend(t *testing.T, s *kurrent.Store, stream eventstore.StreamID, at eventstore.Revision, events ...eventstore.Event) eventstore.Appended {
	t.Helper()
	got, err := s.Append(t.Context(), stream, at, events)
	if err != nil {
		t.Fatalf("append to %s at %d: %v", stream, at, err)
	}
	return got
}

func all(t *testing.T, s eventstore.Store) []eventstore.Stored {
	t.Helper()
	var got []eventstore.Stored
	for e, err := range s.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatalf("read after %d events: %v", len(got), err)
		}
		if e.Position != eventstore.Position(len(got)+1) {
			t.Fatalf("event %d has position %d", len(got)+1, e.Position)
		}
		got = append(got, e)
	}
	return got
}

func mustFail(t *testing.T, what string, got error, want ...error) {
	t.Helper()
	for _, w := range want {
		if !errors.Is(got, w) {
			t.Errorf("%s: got error %v, want %v", what, got, w)
		}
	}
}

func readError(s eventstore.Store, ctx context.Context) (last error) {
	for _, err := range s.ReadAll(ctx, 0) {
		last = err
	}
	return last
}

// within waits until what is asked is so. It is for what other goroutines of
// the store do, which nothing tells of.
func within(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for !so() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Whatever happens to the index, the order is dense and what was acknowledged
// is in it.
func TestNumberingSurvivesLostConnections(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	var appends atomic.Int64
	double.OnAppend(func(stream string) kurrenttest.Fault {
		if recording(stream) {
			return kurrenttest.None
		}
		switch appends.Add(1) % 7 {
		case 2:
			return kurrenttest.DropBefore
		case 5:
			return kurrenttest.DropAfter
		}
		return kurrenttest.None
	})
	s := open(t, kurrent.Options{URL: double.URL()})
	acknowledged := crowd(t, 8, 20, s)
	double.OnAppend(nil)
	mustHold(t, s, acknowledged)
}

// crowd has writers append to streams of their own, each through one of the
// stores, repeat what has an unknown outcome or is refused for now, and
// returns what was acknowledged.
func crowd(t *testing.T, writers, each int, stores ...*kurrent.Store) map[event.ID]eventstore.Appended {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[event.ID]eventstore.Appended{}
	var writing sync.WaitGroup
	for w := range writers {
		s, stream := stores[w%len(stores)], event.Case(named("crowd", string(rune('a'+w))))
		writing.Go(func() {
			for i := range each {
				e := fact("crowd", string(rune('a'+w)), string(rune('A'+i)))
				for tries := 0; ; tries++ {
					got, err := s.Append(t.Context(), stream, eventstore.Revision(i), []eventstore.Event{e})
					if err == nil {
						mu.Lock()
						acknowledged[e.ID] = got
						mu.Unlock()
						break
					}
					if !errors.Is(err, eventstore.ErrUnknown) && !errors.Is(err, eventstore.ErrUnavailable) || tries == 50 {
						t.Errorf("append: %v", err)
						return
					}
				}
			}
		})
	}
	writing.Wait()
	return acknowledged
}

func mustHold(t *testing.T, s eventstore.Store, acknowledged map[event.ID]eventstore.Appended) {
	t.Helper()
	events := all(t, s)
	if len(events) != len(acknowledged) {
		t.Errorf("the ledger holds %d events, want the %d that were acknowledged", len(events), len(acknowledged))
	}
	for i, e := range events {
		if a, ok := acknowledged[e.ID]; !ok || a.Last != e.Position || a.Revision != e.Revision || !a.RecordedAt.Equal(e.RecordedAt) {
			t.Errorf("position %d: %s is acknowledged as %+v", e.Position, e.ID, a)
		}
		if i > 0 && e.RecordedAt.Before(events[i-1].RecordedAt) {
			t.Errorf("position %d was recorded before the one before it", e.Position)
		}
	}
}

// Two processes number one ledger: it is dense, and both tell the same.
func TestTwoProcessesNumber(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	a, b := open(t, kurrent.Options{URL: double.URL()}), open(t, kurrent.Options{URL: double.URL()})
	acknowledged := crowd(t, 16, 25, a, b)
	mustHold(t, a, acknowledged)
	mustHold(t, b, acknowledged)
	if head, err := b.Wait(t.Context(), eventstore.Position(len(acknowledged)-1)); err != nil || int(head) != len(acknowledged) {
		t.Errorf("the other's head is %d, error %v, want %d", head, err, len(acknowledged))
	}
}

// Of two processes that append the same ids at the same place, one recorded
// them and the other is told so: its own bytes are not what is stored.
func TestOnlyOneProcessRecords(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	stores := []*kurrent.Store{open(t, kurrent.Options{URL: double.URL()}), open(t, kurrent.Options{URL: double.URL()})}
	for round := range 40 {
		name := string(rune('A' + round))
		stream, e := event.Case(named("duel", name)), fact("duel", name)
		var got [2]eventstore.Appended
		var both sync.WaitGroup
		for i, s := range stores {
			both.Go(func() {
				mine := eventstore.Event{ID: e.ID, Body: []byte{byte(i)}}
				var err error
				if got[i], err = s.Append(t.Context(), stream, 0, []eventstore.Event{mine}); err != nil {
					t.Errorf("append: %v", err)
				}
			})
		}
		both.Wait()
		if got[0].Repeated == got[1].Repeated || got[0].Last != got[1].Last || !got[0].RecordedAt.Equal(got[1].RecordedAt) {
			t.Fatalf("round %d: told %+v and %+v", round, got[0], got[1])
		}
		for stored, err := range stores[0].ReadStream(t.Context(), stream, 0) {
			if err != nil || got[stored.Body[0]].Repeated {
				t.Fatalf("round %d: stored are the bytes of store %d, which was told %+v; error %v", round, stored.Body[0], got[stored.Body[0]], err)
			}
		}
	}
}

// A process that dies between an append and its number leaves an event that
// the next one numbers, without being asked to.
func TestLeftoversAreNumbered(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	dying := open(t, kurrent.Options{URL: double.URL(), Timeout: 200 * time.Millisecond})
	stream := event.Case(named("leftover"))
	mustAppend(t, dying, stream, 0, fact("a"))
	double.OnAppend(func(stream string) kurrenttest.Fault {
		if recording(stream) {
			return kurrenttest.None
		}
		return kurrenttest.Hang
	})
	_, err := dying.Append(t.Context(), stream, 1, []eventstore.Event{fact("b"), fact("c")})
	mustFail(t, "an append without numbers", err, eventstore.ErrUnknown)
	if err := dying.Close(); err != nil {
		t.Fatal(err)
	}
	double.OnAppend(nil)

	next := open(t, kurrent.Options{URL: double.URL()})
	if head, err := next.Wait(t.Context(), 1); err != nil || head != 3 {
		t.Fatalf("the head is %d, error %v, want 3", head, err)
	}
	got, err := next.Append(t.Context(), stream, 1, []eventstore.Event{fact("b"), fact("c")})
	if err != nil || !got.Repeated || got.Last != 3 || got.Revision != 3 {
		t.Errorf("the retry: got %+v and error %v", got, err)
	}
}

// Who reads a stream sees what has no number yet, with its number.
func TestReadNumbersLeftovers(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL()})
	stream := event.Case(named("found"))
	double.OnAppend(func(stream string) kurrenttest.Fault {
		if recording(stream) {
			return kurrenttest.DropAfter
		}
		return kurrenttest.None
	})
	_, err := s.Append(t.Context(), stream, 0, []eventstore.Event{fact("found")})
	mustFail(t, "an append whose answer is lost", err, eventstore.ErrUnknown)
	double.OnAppend(nil)
	n := 0
	for e, err := range s.ReadStream(t.Context(), stream, 0) {
		if n++; err != nil || e.Position != 1 || string(e.Body) != "found" {
			t.Errorf("got %+v and error %v", e, err)
		}
	}
	if n != 1 {
		t.Errorf("read %d events, want 1", n)
	}
}

// A store that is opened for reading writes nothing: what has no number is
// not shown until somebody else has numbered it.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	writer := open(t, kurrent.Options{URL: double.URL(), Timeout: 200 * time.Millisecond})
	stream := event.Case(named("watched"))
	mustAppend(t, writer, stream, 0, fact("watched", "1"))
	reader, err := kurrent.Open(t.Context(), kurrent.Options{URL: double.URL(), ReadOnly: true, Watch: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	double.OnAppend(func(stream string) kurrenttest.Fault {
		if recording(stream) {
			return kurrenttest.None
		}
		return kurrenttest.Deny
	})
	_, err = writer.Append(t.Context(), stream, 1, []eventstore.Event{fact("watched", "2")})
	mustFail(t, "an append without numbers", err, eventstore.ErrUnknown)
	shown := func() (n int) {
		for _, err := range reader.ReadStream(t.Context(), stream, 0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		return n
	}
	if n := shown(); n != 1 || len(all(t, reader)) != 1 {
		t.Errorf("%d events are shown of a stream with one number", n)
	}
	_, err = reader.Append(t.Context(), stream, 1, []eventstore.Event{fact("watched", "3")})
	mustFail(t, "append", err, kurrent.ErrReadOnly)
	mustFail(t, "ingest", reader.Ingest(t.Context(), nil), kurrent.ErrReadOnly)
	double.OnAppend(nil)
	if head, err := reader.Wait(t.Context(), 1); err != nil || head != 2 || shown() != 2 {
		t.Errorf("after it was numbered the head is %d, error %v, and %d are shown", head, err, shown())
	}
}

func TestSilentSubscriptionIsReplaced(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	o := kurrent.Options{URL: double.URL(), Watch: 20 * time.Millisecond}
	s, other := open(t, o), open(t, o)
	stream := event.Case(named("silent"))
	mustAppend(t, s, stream, 0, fact("silent", "1"))
	if _, err := other.Wait(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		double.Stall()
		got := mustAppend(t, s, stream, eventstore.Revision(i+1), fact("silent", "2", string(rune('a'+i))))
		if head, err := other.Wait(t.Context(), got.Last-1); err != nil || head != got.Last {
			t.Fatalf("after silence %d the other's head is %d, error %v, want %d", i+1, head, err, got.Last)
		}
	}
}

// A page of the ledger that stops coming is asked for again.
func TestSilentPageIsReadAgain(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL(), Watch: 50 * time.Millisecond})
	acknowledged := crowd(t, 4, 20, s)
	double.StallNext(3)
	mustHold(t, s, acknowledged)
}

func TestLostEventsAreAnIncident(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL(), Watch: 20 * time.Millisecond})
	stream := event.Case(named("lost"))
	for i := range 5 {
		mustAppend(t, s, stream, eventstore.Revision(i), fact("lost", string(rune('a'+i))))
	}
	double.LoseTail(2)
	_, err := s.Wait(t.Context(), 5)
	mustFail(t, "wait", err, kurrent.ErrShrunk)
	_, err = s.Head(t.Context())
	mustFail(t, "head", err, kurrent.ErrShrunk)
	_, err = s.Append(t.Context(), stream, 5, []eventstore.Event{fact("lost", "after")})
	mustFail(t, "append", err, kurrent.ErrShrunk)
	mustFail(t, "read", readError(s, t.Context()), kurrent.ErrShrunk)
	mustFail(t, "ready", s.Ready(t.Context()), kurrent.ErrShrunk)
}

// An index without its events, and an index whose end was written anew.
func TestStartComparesIndexAndLog(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL()})
	stream := event.Case(named("start"))
	mustAppend(t, s, stream, 0, fact("start", "a"), fact("start", "b"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	double.Forget(stream.String(), 1)
	_, err := kurrent.Open(t.Context(), kurrent.Options{URL: double.URL(), Clock: time.Now})
	mustFail(t, "open without the last event", err, kurrent.ErrShrunk)
}

// A server that takes an append and says nothing is waited for so long, and
// the append settled by its repeat.
func TestHangingServer(t *testing.T) {
	t.Parallel()
	for fault, repeated := range map[kurrenttest.Fault]bool{kurrenttest.Hang: false, kurrenttest.HangAfter: true} {
		double := kurrenttest.Start(t, kurrenttest.Options{})
		s := open(t, kurrent.Options{URL: double.URL(), Timeout: 300 * time.Millisecond})
		stream := event.Case(named("hanging"))
		double.OnAppend(func(stream string) kurrenttest.Fault {
			if recording(stream) {
				return fault
			}
			return kurrenttest.None
		})
		_, err := s.Append(t.Context(), stream, 0, []eventstore.Event{fact("hanging")})
		mustFail(t, "an append without an answer", err, eventstore.ErrUnknown)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err = s.Append(ctx, event.Case(named("given up")), 0, []eventstore.Event{fact("given up")})
		mustFail(t, "an append that is given up", err, eventstore.ErrUnknown, context.DeadlineExceeded)
		cancel()
		double.OnAppend(nil)
		if got := mustAppend(t, s, stream, 0, fact("hanging")); got.Repeated != repeated || got.Revision != 1 {
			t.Errorf("the repeat: got %+v, want repeated %v", got, repeated)
		}
	}
}

func TestDeletedStream(t *testing.T) {
	t.Parallel()
	for _, forGood := range []bool{false, true} {
		double := kurrenttest.Start(t, kurrenttest.Options{})
		s := open(t, kurrent.Options{URL: double.URL()})
		stream, other := event.Case(named("deleted")), event.Case(named("kept"))
		mustAppend(t, s, stream, 0, fact("deleted"))
		mustAppend(t, s, other, 0, fact("kept", "1"))
		double.Delete(stream.String(), forGood)
		var failed error
		for _, err := range s.ReadStream(t.Context(), stream, 0) {
			failed = err
		}
		mustFail(t, "read", failed, kurrent.ErrDeleted)
		_, err := s.Append(t.Context(), stream, 9, []eventstore.Event{fact("deleted", "next")})
		mustFail(t, "append", err, kurrent.ErrDeleted)
		mustAppend(t, s, other, 1, fact("kept", "2")) // one stream does not stop the others
		last := event.Case(named("deleted last"))
		mustAppend(t, s, last, 0, fact("deleted last"))
		double.Delete(last.String(), forGood)
		again := open(t, kurrent.Options{URL: double.URL()})
		mustAppend(t, again, other, 2, fact("kept", "3"))
	}
}
