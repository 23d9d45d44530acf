package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

var appends = []promise{
	{"a batch is appended iff the stream holds exactly the expected events", exactRevision},
	{"a refused batch is refused whole", refusedWhole},
	{"positions follow the last without gaps in batch order", positionsFollow},
	{"one of many appends at the same revision wins", oneWinner},
	{"every event of a batch gets the clock's time", clockTime},
	{"recordedAt never decreases when the clock does", clockBackwards},
	{"an access stream is appended to at its end", atEnd},
	{"every kind of stream is kept apart", kinds},
	{"a body may be empty or of the largest size", bodies},
	{"a batch may be of the largest size", largestBatch},
	{"what is too large is refused", tooLarge},
	{"misuse is refused", misuse},
	{"bodies belong to their callers", ownership},
}

func exactRevision(t *testing.T, s *subject) {
	stream := s.person()
	first, second := s.facts("a", "b"), s.facts("c")
	s.mustRefuse(t, eventstore.ErrConflict, stream, 1, s.fact("too early"))
	if got := s.mustAppend(t, stream, eventstore.NoStream, first...); got.Revision != 2 {
		t.Errorf("revision after two events: got %d", got.Revision)
	}
	for _, wrong := range []eventstore.Revision{eventstore.NoStream, 1, 3, 1 << 62, 1<<63 + 1, eventstore.AtEnd - 1} {
		s.mustRefuse(t, eventstore.ErrConflict, stream, wrong, s.facts("x", "y")...)
	}
	if got := s.mustAppend(t, stream, 2, second...); got.Revision != 3 {
		t.Errorf("revision after three events: got %d", got.Revision)
	}
	same(t, s.stream(t, stream), stream, 1, append(first, second...)...)
}

func refusedWhole(t *testing.T, s *subject) {
	stream, other := s.person(), s.person()
	taken := s.fact("taken")
	s.mustAppend(t, other, eventstore.NoStream, taken)
	s.mustRefuse(t, eventstore.ErrDuplicate, stream, eventstore.NoStream, s.fact("a"), s.fact("b"), taken)
	if got := s.stream(t, stream); len(got) != 0 {
		t.Errorf("a refused batch left %d events", len(got))
	}
	s.mustAppend(t, stream, eventstore.NoStream, s.fact("c"))
}

func positionsFollow(t *testing.T, s *subject) {
	var want []event.ID
	streams := []eventstore.StreamID{s.person(), s.person(), s.session()}
	revisions := make([]eventstore.Revision, len(streams))
	for i := range 30 {
		batch := s.facts(strings.Split("abcde"[:1+i%5], "")...)
		got := s.mustAppend(t, streams[i%3], revisions[i%3], batch...)
		revisions[i%3] += eventstore.Revision(len(batch))
		for _, e := range batch {
			want = append(want, e.ID)
		}
		if int(got.Last) != len(want) || got.Revision != revisions[i%3] {
			t.Errorf("append %d: ended at position %d revision %d, want %d and %d", i, got.Last, got.Revision, len(want), revisions[i%3])
		}
	}
	for i, e := range s.all(t, 0) {
		if int(e.Position) != i+1 || e.ID != want[i] {
			t.Errorf("event %d of the ledger: got position %d and %s, want %s", i+1, e.Position, e.ID, want[i])
		}
	}
}

func oneWinner(t *testing.T, s *subject) {
	const writers, rounds = 16, 10
	stream := s.person()
	for round := range eventstore.Revision(rounds) {
		var batches [writers][]eventstore.Event
		for i := range batches {
			batches[i] = s.facts(fmt.Sprint("writer ", i))
		}
		var won [writers]bool
		var all sync.WaitGroup
		for i := range batches {
			all.Go(func() {
				_, err := s.Append(t.Context(), stream, round, batches[i])
				won[i] = err == nil
				if err != nil {
					mustBe(t, "a lost race", err, eventstore.ErrConflict)
				}
			})
		}
		all.Wait()
		winner := slices.Index(won[:], true)
		if winner < 0 || slices.Contains(won[winner+1:], true) {
			t.Fatalf("round %d: winners %v, want exactly one", round, won)
		}
		same(t, s.stream(t, stream)[round:], stream, round+1, batches[winner]...)
	}
}

func clockTime(t *testing.T, s *subject) {
	stream := s.person()
	for i := range eventstore.Revision(3) {
		now := s.clock.move(1234567 * time.Nanosecond)
		got := s.mustAppend(t, stream, 2*i, s.facts("a", "b")...)
		if !got.RecordedAt.Equal(now) || got.RecordedAt.Location() != time.UTC {
			t.Errorf("append %d: recorded at %v, want %v", i, got.RecordedAt, now)
		}
		for _, e := range s.stream(t, stream)[2*i:] {
			if !e.RecordedAt.Equal(now) || e.RecordedAt.Location() != time.UTC {
				t.Errorf("revision %d: recorded at %v, want %v", e.Revision, e.RecordedAt, now)
			}
		}
	}
}

func clockBackwards(t *testing.T, s *subject) {
	first := s.mustAppend(t, s.person(), 0, s.facts("a", "b")...).RecordedAt
	s.clock.move(-time.Hour)
	if got := s.mustAppend(t, s.person(), 0, s.fact("c")).RecordedAt; !got.Equal(first) {
		t.Errorf("an hour back: recorded at %v, want %v", got, first)
	}
	s.clock.move(time.Hour - time.Microsecond)
	if got := s.mustAppend(t, s.person(), 0, s.fact("d")).RecordedAt; !got.Equal(first) {
		t.Errorf("a microsecond back: recorded at %v, want %v", got, first)
	}
	now := s.clock.move(2 * time.Microsecond)
	if got := s.mustAppend(t, s.person(), 0, s.fact("e")).RecordedAt; !got.Equal(now) {
		t.Errorf("a microsecond on: recorded at %v, want %v", got, now)
	}
	events := s.all(t, 0)
	for i, e := range events[1:] {
		if e.RecordedAt.Before(events[i].RecordedAt) {
			t.Errorf("position %d was recorded before position %d", e.Position, events[i].Position)
		}
	}
}

func atEnd(t *testing.T, s *subject) {
	stream := s.session()
	batch := s.facts("a", "b", "c")
	for i := range batch {
		if got := s.mustAppend(t, stream, eventstore.AtEnd, batch[i]); int(got.Revision) != i+1 {
			t.Errorf("revision: got %d, want %d", got.Revision, i+1)
		}
	}
	s.mustRefuse(t, eventstore.ErrConflict, stream, 2, s.fact("x"))
	same(t, s.stream(t, stream), stream, 1, batch...)
}

func kinds(t *testing.T, s *subject) {
	of := s.name()
	streams := []eventstore.StreamID{event.Policy, event.Ledger}
	for _, kind := range []event.StreamKind{event.CaseStream, event.AgreementStream, event.OrgStream, event.AccessStream, event.FindingStream} {
		streams = append(streams, eventstore.StreamID{Kind: kind, Of: of})
	}
	facts := make([]eventstore.Event, len(streams))
	for i, stream := range streams {
		facts[i] = s.fact(stream.String())
		s.mustAppend(t, stream, eventstore.NoStream, facts[i])
	}
	for i, stream := range streams {
		same(t, s.stream(t, stream), stream, 1, facts[i])
	}
}

func bodies(t *testing.T, s *subject) {
	stream := s.person()
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	batch := s.facts("", strings.Repeat("\x00", eventstore.MaxBodyBytes), string(everyByte), "")
	batch = append(batch, eventstore.Event{ID: s.fact("").ID, Body: nil})
	s.mustAppend(t, stream, eventstore.NoStream, batch...)
	same(t, s.stream(t, stream), stream, 1, batch...)
	same(t, s.all(t, 0), stream, 1, batch...)
}

func largestBatch(t *testing.T, s *subject) {
	stream := s.person()
	batch := make([]eventstore.Event, eventstore.MaxBatch)
	for i := range batch {
		batch[i] = s.fact(fmt.Sprint(i))
	}
	s.mustAppend(t, stream, eventstore.NoStream, batch...)
	same(t, s.stream(t, stream), stream, 1, batch...)
}

func tooLarge(t *testing.T, s *subject) {
	s.mustRefuse(t, eventstore.ErrTooLarge, s.person(), 0, s.fact("a"), s.fact(strings.Repeat("b", eventstore.MaxBodyBytes+1)))
	s.mustRefuse(t, eventstore.ErrTooLarge, s.person(), 0, make([]eventstore.Event, eventstore.MaxBatch+1)...)
}

func misuse(t *testing.T, s *subject) {
	twice := s.fact("a")
	s.mustRefuse(t, eventstore.ErrMisuse, s.person(), 0)
	s.mustRefuse(t, eventstore.ErrMisuse, s.person(), 0, twice, s.fact("b"), twice)
	s.mustRefuse(t, eventstore.ErrMisuse, eventstore.StreamID{}, 0, s.fact("a"))
	s.mustRefuse(t, eventstore.ErrMisuse, eventstore.StreamID{Kind: event.CaseStream}, 0, s.fact("a"))
	for _, kind := range []event.StreamKind{event.CaseStream, event.AgreementStream, event.OrgStream, event.FindingStream} {
		s.mustRefuse(t, eventstore.ErrMisuse, eventstore.StreamID{Kind: kind, Of: s.name()}, eventstore.AtEnd, s.fact("a"))
	}
	for _, stream := range []eventstore.StreamID{event.Policy, event.Ledger} {
		s.mustRefuse(t, eventstore.ErrMisuse, stream, eventstore.AtEnd, s.fact("a"))
	}
}

func ownership(t *testing.T, s *subject) {
	stream := s.person()
	given := s.fact("as recorded")
	s.mustAppend(t, stream, eventstore.NoStream, given)
	clear(given.Body)
	for _, e := range append(s.stream(t, stream), s.all(t, 0)...) {
		if !bytes.Equal(e.Body, []byte("as recorded")) {
			t.Errorf("body: got %q, want it as recorded", e.Body)
		}
		clear(e.Body)
	}
	for _, e := range append(s.stream(t, stream), s.all(t, 0)...) {
		if !bytes.Equal(e.Body, []byte("as recorded")) {
			t.Errorf("body read again: got %q, want it as recorded", e.Body)
		}
	}
}
