package storetest

import (
	"context"
	"fmt"
	"iter"
	"math"
	"sync"
	"testing"
	"time"

	"caseledger/eventstore"
)

var reads = []promise{
	{"a stream is read from a revision on", fromRevision},
	{"the ledger is read from a position on", fromPosition},
	{"long reads keep their order", longReads},
	{"a read sees every append that was acknowledged", acknowledged},
	{"a reader of the ledger gets up to the head of that moment", movingHead},
	{"a slow reader never holds up an append", slowReader},
	{"a read may be left early", leftEarly},
	{"a read ends with its context", readContext},
	{"the head is the last acknowledged event", head},
	{"waiters are woken by an append", waiters},
	{"a wait ends with its context", waitContext},
}

// failure returns the error that a read ends with.
func failure(events iter.Seq2[eventstore.Stored, error]) error {
	var last error
	for _, err := range events {
		last = err
	}
	return last
}

func fromRevision(t *testing.T, s *subject) {
	stream := s.person()
	batch := s.facts("a", "b", "c", "d")
	s.mustAppend(t, stream, 0, batch[:3]...)
	s.mustAppend(t, s.person(), 0, s.facts("elsewhere")...)
	s.mustAppend(t, stream, 3, batch[3])
	for from := range eventstore.Revision(7) {
		skip := max(1, min(from, 5))
		same(t, collect(t, s.ReadStream(hasty(t), stream, from)), stream, skip, batch[skip-1:]...)
	}
	if got := collect(t, s.ReadStream(hasty(t), stream, math.MaxUint64)); len(got) != 0 {
		t.Errorf("from the largest revision: read %d events", len(got))
	}
	if got := s.stream(t, s.person()); len(got) != 0 {
		t.Errorf("a stream that holds nothing: read %d events", len(got))
	}
}

func fromPosition(t *testing.T, s *subject) {
	if got := s.all(t, 0); len(got) != 0 {
		t.Errorf("an empty store: read %d events", len(got))
	}
	for range 5 {
		s.mustAppend(t, s.person(), 0, s.fact("a"))
	}
	for _, after := range []eventstore.Position{0, 1, 4, 5, 6, 1 << 40, math.MaxInt64, math.MaxUint64} {
		got := s.all(t, after)
		if want := 5 - int(min(after, 5)); len(got) != want {
			t.Errorf("after %d: read %d events, want %d", after, len(got), want)
		}
		for i, e := range got {
			if e.Position != after+eventstore.Position(i)+1 {
				t.Errorf("after %d: event %d has position %d", after, i, e.Position)
			}
		}
	}
}

func longReads(t *testing.T, s *subject) {
	stream := s.person()
	var all []eventstore.Event
	for range 5 {
		batch := make([]eventstore.Event, 500)
		for i := range batch {
			batch[i] = s.fact(fmt.Sprint("event ", len(all)+i))
		}
		s.mustAppend(t, stream, eventstore.Revision(len(all)), batch...)
		all = append(all, batch...)
	}
	same(t, s.stream(t, stream), stream, 1, all...)
	same(t, s.all(t, 0), stream, 1, all...)
	same(t, s.all(t, 999), stream, 1000, all[999:]...)
}

func acknowledged(t *testing.T, s *subject) {
	var all sync.WaitGroup
	for range 8 {
		stream := s.person()
		all.Go(func() {
			for n := range eventstore.Revision(20) {
				appended, err := s.Append(t.Context(), stream, n, s.facts("a"))
				if err != nil {
					t.Errorf("append: %v", err)
					return
				}
				got, last := 0, eventstore.Position(0)
				for _, err := range s.ReadStream(t.Context(), stream, 0) {
					if err == nil {
						got++
					}
				}
				for e, err := range s.ReadAll(t.Context(), appended.Last-1) {
					if err == nil {
						last = e.Position
					}
				}
				head, _ := s.Head(t.Context())
				if got != int(n)+1 || last < appended.Last || head < appended.Last {
					t.Errorf("after event %d, position %d: the stream has %d, the ledger goes to %d, the head is %d", n+1, appended.Last, got, last, head)
				}
			}
		})
	}
	all.Wait()
}

func movingHead(t *testing.T, s *subject) {
	s.mustAppend(t, s.person(), 0, s.fact("first"))
	got := 0
	for _, err := range s.ReadAll(hasty(t), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if got++; got < 600 {
			s.mustAppend(t, s.person(), 0, s.fact("one more"))
		}
	}
	if got != 600 {
		t.Errorf("read %d events, want all 600 that were there when the reader got there", got)
	}
}

func slowReader(t *testing.T, s *subject) {
	stream := s.person()
	s.mustAppend(t, stream, 0, s.facts("a", "b", "c")...)
	const depth = 20 // more readers than any pool has connections
	var descend func(level int)
	descend = func(level int) {
		if level == depth {
			s.mustAppend(t, s.person(), 0, s.fact("in the middle of every read"))
			return
		}
		read := s.ReadAll(hasty(t), 0)
		if level%2 == 1 {
			read = s.ReadStream(hasty(t), stream, 0)
		}
		for _, err := range read {
			if err != nil {
				t.Fatal(err)
			}
			descend(level + 1)
			return
		}
	}
	descend(0)
	if got := s.head(t); got != 4 {
		t.Errorf("head: got %d, want 4", got)
	}
}

func leftEarly(t *testing.T, s *subject) {
	stream := s.person()
	s.mustAppend(t, stream, 0, s.facts("a", "b", "c")...)
	for range 50 {
		for range s.ReadAll(hasty(t), 0) {
			break
		}
		for range s.ReadStream(hasty(t), stream, 0) {
			break
		}
	}
	s.mustAppend(t, stream, 3, s.fact("d"))
}

func readContext(t *testing.T, s *subject) {
	stream := s.person()
	s.mustAppend(t, stream, 0, s.facts("a", "b", "c")...)
	for name, read := range map[string]func(context.Context) iter.Seq2[eventstore.Stored, error]{
		"stream": func(ctx context.Context) iter.Seq2[eventstore.Stored, error] { return s.ReadStream(ctx, stream, 0) },
		"ledger": func(ctx context.Context) iter.Seq2[eventstore.Stored, error] { return s.ReadAll(ctx, 0) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		mustBe(t, name, failure(read(ctx)), context.Canceled)

		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		var last error
		for _, err := range read(ctx) {
			cancel()
			last = err
		}
		mustBe(t, name+" cancelled in the middle", last, context.Canceled)
	}
}

func head(t *testing.T, s *subject) {
	if got := s.head(t); got != 0 {
		t.Errorf("head of an empty store: got %d", got)
	}
	s.mustAppend(t, s.person(), 0, s.facts("a", "b", "c")...)
	if got := s.head(t); got != 3 {
		t.Errorf("head: got %d, want 3", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Head(ctx)
	mustBe(t, "head with an ended context", err, context.Canceled)
}

func waiters(t *testing.T, s *subject) {
	s.mustAppend(t, s.person(), 0, s.facts("a", "b")...)
	for after := range eventstore.Position(2) {
		if got, err := s.Wait(hasty(t), after); err != nil || got != 2 {
			t.Errorf("wait after %d: got %d and error %v, want 2", after, got, err)
		}
	}
	ctx := hasty(t)
	var started, all sync.WaitGroup
	for i := range 20 {
		after := eventstore.Position(2 + i%2)
		started.Add(1)
		all.Go(func() {
			started.Done()
			got, err := s.Wait(ctx, after)
			if err != nil || got <= after {
				t.Errorf("wait after %d: got %d and error %v", after, got, err)
			}
		})
	}
	started.Wait()
	s.mustAppend(t, s.person(), 0, s.fact("c"))
	s.mustAppend(t, s.person(), 0, s.fact("d"))
	all.Wait()
}

func waitContext(t *testing.T, s *subject) {
	s.mustAppend(t, s.person(), 0, s.fact("a"))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Wait(ctx, 1)
		ended <- err
	}()
	cancel()
	mustBe(t, "a wait that was under way", <-ended, context.Canceled)
	_, err := s.Wait(ctx, 1)
	mustBe(t, "a wait with an ended context", err, context.Canceled)
	ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = s.Wait(ctx, 1)
	mustBe(t, "a wait with a deadline", err, context.DeadlineExceeded)
}
