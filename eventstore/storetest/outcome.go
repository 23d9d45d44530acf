package storetest

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"caseledger/eventstore"
)

var outcomes = []promise{
	{"a retry changes nothing and returns the first outcome", retry},
	{"a retry at the end of an access stream is found anywhere", retryAtEnd},
	{"simultaneous retries record once", retriesTogether},
	{"any other clash of ids is a duplicate", duplicates},
	{"a context that has ended records nothing", endedContext},
	{"a context that ends during an append leaves it whole or absent", endingContext},
	{"a closed store says so", closed},
}

func mustBe(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

// mustRepeat makes an append that must be recognised as a retry.
func (s *subject) mustRepeat(t *testing.T, want eventstore.Appended, stream eventstore.StreamID, at eventstore.Revision, events ...eventstore.Event) {
	t.Helper()
	before := s.head(t)
	got, err := s.Append(hasty(t), stream, at, events)
	want.Repeated = true
	if err != nil || got != want {
		t.Errorf("retry on %s at revision %d: got %+v and error %v, want %+v", stream, at, got, err, want)
	}
	if after := s.head(t); after != before {
		t.Errorf("a retry moved the head from %d to %d", before, after)
	}
}

func retry(t *testing.T, s *subject) {
	stream := s.person()
	s.mustAppend(t, stream, 0, s.facts("before")...)
	batch := s.facts("a", "b")
	first := s.mustAppend(t, stream, 1, batch...)
	s.clock.move(time.Second)
	s.mustRepeat(t, first, stream, 1, batch...)

	s.mustAppend(t, stream, 3, s.facts("after")...)
	s.mustAppend(t, s.person(), 0, s.facts("elsewhere")...)
	s.mustRepeat(t, first, stream, 1, batch...)
	sealedAnew := []eventstore.Event{{ID: batch[0].ID, Body: []byte("other bytes")}, {ID: batch[1].ID}}
	s.mustRepeat(t, first, stream, 1, sealedAnew...)
	same(t, s.stream(t, stream)[1:3], stream, 2, batch...)

	first.Last, first.Revision = first.Last-1, first.Revision-1
	s.mustRepeat(t, first, stream, 1, batch[0])
}

func retryAtEnd(t *testing.T, s *subject) {
	stream := s.session()
	s.mustAppend(t, stream, eventstore.AtEnd, s.fact("before"))
	batch := s.facts("a", "b")
	first := s.mustAppend(t, stream, eventstore.AtEnd, batch...)
	s.mustAppend(t, stream, eventstore.AtEnd, s.fact("after"))
	s.mustRepeat(t, first, stream, eventstore.AtEnd, batch...)
	s.mustRepeat(t, first, stream, 1, batch...)
	s.mustRefuse(t, eventstore.ErrDuplicate, stream, eventstore.AtEnd, batch[1], batch[0])
	s.mustRefuse(t, eventstore.ErrDuplicate, stream, eventstore.AtEnd, batch[1], s.fact("c"))
}

func retriesTogether(t *testing.T, s *subject) {
	const callers = 16
	for range 5 {
		stream, batch := s.person(), s.facts("a", "b")
		var got [callers]eventstore.Appended
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() {
				var err error
				if got[i], err = s.Append(t.Context(), stream, 0, batch); err != nil {
					t.Errorf("append: %v", err)
				}
			})
		}
		all.Wait()
		recorded := 0
		for i := range got {
			if !got[i].Repeated {
				recorded++
			}
			got[i].Repeated = false
			if got[i] != got[0] {
				t.Errorf("outcomes differ: %+v and %+v", got[i], got[0])
			}
		}
		if recorded != 1 {
			t.Errorf("%d callers were told that they recorded it, want 1", recorded)
		}
		same(t, s.stream(t, stream), stream, 1, batch...)
	}
}

func duplicates(t *testing.T, s *subject) {
	stream, other := s.person(), s.person()
	b := s.facts("a", "b", "c")
	s.mustAppend(t, stream, 0, b...)
	s.mustAppend(t, other, 0, s.fact("d"))
	cases := []struct {
		name   string
		stream eventstore.StreamID
		at     eventstore.Revision
		events []eventstore.Event
	}{
		{"on another stream", other, 1, b[:1]},
		{"on another stream, at a wrong revision", other, 7, b[:1]},
		{"on an empty stream", s.person(), 0, b},
		{"later in the stream", stream, 3, b[:1]},
		{"earlier than recorded", stream, 0, b[1:]},
		{"later than recorded", stream, 1, b[:1]},
		{"beyond the stream", stream, 9, b[:1]},
		{"in another order", stream, 0, []eventstore.Event{b[0], b[2], b[1]}},
		{"with one left out", stream, 0, []eventstore.Event{b[0], b[2]}},
		{"longer than recorded", stream, 0, append(b[:3:3], s.fact("e"))},
		{"partly new", stream, 0, []eventstore.Event{b[0], s.fact("e")}},
		{"new, then recorded", stream, 3, []eventstore.Event{s.fact("e"), b[0]}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { s.mustRefuse(t, eventstore.ErrDuplicate, c.stream, c.at, c.events...) })
	}
	same(t, s.stream(t, stream), stream, 1, b...)
}

func endedContext(t *testing.T, s *subject) {
	stream := s.person()
	s.mustAppend(t, stream, 0, s.fact("a"))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	expired, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, ctx := range []context.Context{cancelled, expired} {
		_, err := s.Append(ctx, stream, 1, s.facts("b"))
		mustBe(t, "append", err, ctx.Err())
		if errors.Is(err, eventstore.ErrUnknown) {
			t.Errorf("append: got %v, want the context's error alone", err)
		}
	}
	if head := s.head(t); head != 1 {
		t.Errorf("head: got %d, want 1", head)
	}
}

func endingContext(t *testing.T, s *subject) {
	for range 200 {
		stream, batch := s.person(), s.facts("a", "b")
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(cancel)
		_, err := s.Append(ctx, stream, 0, batch)
		both.Wait()
		unknown := errors.Is(err, eventstore.ErrUnknown)
		if err != nil {
			mustBe(t, "append", err, context.Canceled)
		}
		got := len(s.stream(t, stream))
		if err == nil && got != 2 || err != nil && !unknown && got != 0 {
			t.Fatalf("append answered %v and left %d events", err, got)
		}
		again, err := s.Append(t.Context(), stream, 0, batch)
		if err != nil || again.Revision != 2 {
			t.Fatalf("repeated after a context that ended: %+v and error %v", again, err)
		}
		same(t, s.stream(t, stream), stream, 1, batch...)
	}
}

func closed(t *testing.T, s *subject) {
	stream, ctx := s.person(), hasty(t)
	s.mustAppend(t, stream, 0, s.fact("a"))
	waiting := make(chan error)
	go func() {
		_, err := s.Wait(ctx, 1)
		waiting <- err
	}()
	if err := s.Store.(io.Closer).Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	mustBe(t, "a wait that was under way", <-waiting, eventstore.ErrClosed)
	_, err := s.Append(ctx, stream, 1, s.facts("b"))
	mustBe(t, "append", err, eventstore.ErrClosed)
	_, err = s.Wait(ctx, 0)
	mustBe(t, "wait", err, eventstore.ErrClosed)
	_, err = s.Head(ctx)
	mustBe(t, "head", err, eventstore.ErrClosed)
	mustBe(t, "read stream", failure(s.ReadStream(ctx, stream, 0)), eventstore.ErrClosed)
	mustBe(t, "read all", failure(s.ReadAll(ctx, 0)), eventstore.ErrClosed)
}
