package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"testing"
	"time"

	"caseledger/eventstore"
)

// RunIngest checks every promise written on [eventstore.Ingester], of a store
// that is one; open is as for [Run]. Where a ledger was not taken over, a store
// that cannot be empty again may answer [eventstore.ErrBrokenLedger] to
// everything until it is emptied.
func RunIngest(t *testing.T, open Open) {
	for _, p := range ingests {
		t.Run(p.name, func(t *testing.T) { p.keep(t, start(t, open)) })
	}
}

var ingests = []promise{
	{"a ledger is taken over as it is", takenOver},
	{"a store goes on where the ledger it took over ends", goesOn},
	{"a ledger may be empty", takenOverEmpty},
	{"a store that holds anything takes nothing over", notEmpty},
	{"what is no whole ledger is refused and nothing of it kept", broken},
	{"an error of the ledger is returned and nothing of it kept", failing},
	{"a context that has ended takes nothing over", ingestContext},
	{"a closed store takes nothing over", ingestClosed},
}

// ledger is n events that no clock here has stamped: on streams of every kind
// that grow beside each other, several at one instant, bodies of every size up
// to the largest.
func (s *subject) ledger(n int) []eventstore.Stored {
	streams := []eventstore.StreamID{s.person(), s.session(), s.person()}
	at := time.Date(2019, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	revisions := map[eventstore.StreamID]eventstore.Revision{}
	var all []eventstore.Stored
	for i := range n {
		stream := streams[i%7%3]
		if i%10 == 9 { // a stream of its own
			stream = s.person()
		}
		if i%3 == 0 {
			at = at.Add(time.Duration(i) * time.Microsecond)
		}
		revisions[stream]++
		size := i % 300
		if i == n/2 {
			size = eventstore.MaxBodyBytes
		}
		all = append(all, eventstore.Stored{Position: eventstore.Position(i + 1), RecordedAt: at, ID: s.fact("").ID,
			Stream: stream, Revision: revisions[stream], Body: bytes.Repeat([]byte{byte(i), 0xff, 0}, size/3)})
	}
	return all
}

// yielding is a ledger that ends with err, where it is not nil. Each body is
// the receiver's.
func yielding(all []eventstore.Stored, err error) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, e := range all {
			e.Body = bytes.Clone(e.Body)
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(eventstore.Stored{}, err)
		}
	}
}

func (s *subject) ingest(ctx context.Context, all []eventstore.Stored, err error) error {
	return s.Store.(eventstore.Ingester).Ingest(ctx, yielding(all, err))
}

// mustHold compares all a store holds, and how it gives it back, with want.
func (s *subject) mustHold(t *testing.T, want []eventstore.Stored) {
	t.Helper()
	if head := s.head(t); head != eventstore.Position(len(want)) {
		t.Fatalf("the head is %d, want %d", head, len(want))
	}
	equal := func(what string, got, want []eventstore.Stored) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: read %d events, want %d", what, len(got), len(want))
		}
		for i, g := range got {
			w := want[i]
			if g.Position != w.Position || !g.RecordedAt.Equal(w.RecordedAt) || g.RecordedAt.Location() != time.UTC || g.ID != w.ID ||
				g.Stream != w.Stream || g.Revision != w.Revision || !bytes.Equal(g.Body, w.Body) {
				t.Fatalf("%s: event %d is not what was taken over: position %d, %s, %s, revision %d, %d bytes",
					what, i, g.Position, g.RecordedAt, g.Stream, g.Revision, len(g.Body))
			}
		}
	}
	equal("the ledger", s.all(t, 0), want)
	streams := map[eventstore.StreamID][]eventstore.Stored{}
	for _, e := range want {
		streams[e.Stream] = append(streams[e.Stream], e)
	}
	n := 0
	for id, held := range streams {
		if n++; n <= 20 {
			equal(id.String(), s.stream(t, id), held)
		}
	}
}

func takenOver(t *testing.T, s *subject) {
	all := s.ledger(2500)
	waited := make(chan error, 1)
	go func() {
		head, err := s.Wait(hasty(t), 0)
		if err == nil && head != eventstore.Position(len(all)) {
			err = fmt.Errorf("woken at %d", head)
		}
		waited <- err
	}()
	if err := s.ingest(hasty(t), all, nil); err != nil {
		t.Fatalf("ingest: %v", err)
	}
	s.mustHold(t, all)
	if err := <-waited; err != nil {
		t.Errorf("who waited for the first event: %v", err)
	}
}

func goesOn(t *testing.T, s *subject) {
	all := s.ledger(40)
	last := all[len(all)-1]
	s.clock.move(last.RecordedAt.Add(-time.Hour).Sub(s.clock.read())) // the ledger comes from a clock ahead of ours
	if err := s.ingest(hasty(t), all, nil); err != nil {
		t.Fatalf("ingest: %v", err)
	}
	held := map[eventstore.StreamID][]eventstore.Event{}
	for _, e := range all {
		held[e.Stream] = append(held[e.Stream], eventstore.Event{ID: e.ID, Body: e.Body})
	}
	stream := all[0].Stream
	end := eventstore.Revision(len(held[stream]))
	first := all[0]
	s.mustRepeat(t, eventstore.Appended{Last: 1, Revision: 1, RecordedAt: first.RecordedAt}, stream, 0, held[stream][0])
	s.mustRefuse(t, eventstore.ErrDuplicate, s.person(), 0, held[stream][0])
	s.mustRefuse(t, eventstore.ErrConflict, stream, end-1, s.fact("late"))
	got := s.mustAppend(t, stream, end, s.fact("next"))
	if want := (eventstore.Appended{Last: 41, Revision: end + 1, RecordedAt: last.RecordedAt}); got != want {
		t.Errorf("the first append: got %+v, want %+v", got, want)
	}
}

func takenOverEmpty(t *testing.T, s *subject) {
	if err := s.ingest(hasty(t), nil, nil); err != nil {
		t.Fatalf("ingest: %v", err)
	}
	s.mustHold(t, nil)
	if got := s.mustAppend(t, s.person(), 0, s.fact("first")); got.Last != 1 {
		t.Errorf("the first append has position %d", got.Last)
	}
}

func notEmpty(t *testing.T, s *subject) {
	s.mustAppend(t, s.person(), 0, s.fact("first"))
	before := s.all(t, 0)
	mustBe(t, "beside an append", s.ingest(hasty(t), s.ledger(3), nil), eventstore.ErrNotEmpty)
	s.mustHold(t, before)
}

// mustKeepNothing checks that what was refused left the store empty, and that it
// takes a ledger over then; or that it refuses everything.
func (s *subject) mustKeepNothing(t *testing.T, what string) {
	t.Helper()
	if _, err := s.Head(hasty(t)); errors.Is(err, eventstore.ErrBrokenLedger) {
		mustBe(t, what+": a read", failure(s.ReadAll(hasty(t), 0)), eventstore.ErrBrokenLedger)
		_, err := s.Append(hasty(t), s.person(), 0, s.facts("x"))
		mustBe(t, what+": an append", err, eventstore.ErrBrokenLedger)
		return
	}
	if got := s.all(t, 0); len(got) != 0 {
		t.Fatalf("%s: %d events were kept", what, len(got))
	}
	if head := s.head(t); head != 0 {
		t.Errorf("%s: the head is %d", what, head)
	}
}

// breaks are ways in which a ledger of 40 events, with a stream of its own at
// every tenth, is none.
var breaks = []struct {
	name  string
	spoil func(all []eventstore.Stored) []eventstore.Stored
}{
	{"the first event is missing", func(all []eventstore.Stored) []eventstore.Stored { return all[1:] }},
	{"a position is missing", func(all []eventstore.Stored) []eventstore.Stored { all[39].Position++; return all }},
	{"a position comes twice", func(all []eventstore.Stored) []eventstore.Stored { all[39].Position--; return all }},
	{"time runs back", func(all []eventstore.Stored) []eventstore.Stored {
		all[39].RecordedAt = all[38].RecordedAt.Add(-time.Microsecond)
		return all
	}},
	{"a time is finer than is kept", func(all []eventstore.Stored) []eventstore.Stored {
		all[39].RecordedAt = all[39].RecordedAt.Add(time.Nanosecond)
		return all
	}},
	{"a stream begins late", func(all []eventstore.Stored) []eventstore.Stored { all[39].Revision = 2; return all }},
	{"a stream begins at none", func(all []eventstore.Stored) []eventstore.Stored { all[39].Revision = 0; return all }},
	{"a stream has a gap", func(all []eventstore.Stored) []eventstore.Stored { all[37].Revision++; return all }},
	{"a revision comes twice", func(all []eventstore.Stored) []eventstore.Stored { all[37].Revision--; return all }},
	{"an id comes twice", func(all []eventstore.Stored) []eventstore.Stored { all[39].ID = all[2].ID; return all }},
	{"an id comes twice, far apart", func(all []eventstore.Stored) []eventstore.Stored { all[39].ID = all[0].ID; return all }},
	{"a stream is of no kind", func(all []eventstore.Stored) []eventstore.Stored { all[39].Stream.Kind = 0; return all }},
	{"a body is too large", func(all []eventstore.Stored) []eventstore.Stored {
		all[39].Body = make([]byte, eventstore.MaxBodyBytes+1)
		return all
	}},
}

func broken(t *testing.T, s *subject) {
	for _, b := range breaks {
		err := s.ingest(hasty(t), b.spoil(s.ledger(40)), nil)
		mustBe(t, b.name, err, eventstore.ErrBrokenLedger)
		s.mustKeepNothing(t, b.name)
	}
	whole := s.ledger(40)
	if _, err := s.Head(hasty(t)); err == nil {
		if err := s.ingest(hasty(t), whole, nil); err != nil {
			t.Fatalf("a whole ledger after broken ones: %v", err)
		}
		s.mustHold(t, whole)
	}
}

func failing(t *testing.T, s *subject) {
	for _, n := range []int{0, 1, 2000} {
		what := fmt.Sprintf("after %d events", n)
		mustBe(t, what, s.ingest(hasty(t), s.ledger(n), io.ErrUnexpectedEOF), io.ErrUnexpectedEOF)
		s.mustKeepNothing(t, what)
	}
}

func ingestContext(t *testing.T, s *subject) {
	ended, end := context.WithCancel(t.Context())
	end()
	mustBe(t, "an ended context", s.ingest(ended, s.ledger(3), nil), context.Canceled)
	s.mustKeepNothing(t, "an ended context")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	all := s.ledger(2000)
	err := s.Store.(eventstore.Ingester).Ingest(ctx, func(yield func(eventstore.Stored, error) bool) {
		for i, e := range all {
			if i == 1500 {
				cancel()
			}
			if !yield(e, nil) {
				return
			}
		}
	})
	mustBe(t, "a context that ends meanwhile", err, context.Canceled)
	s.mustKeepNothing(t, "a context that ends meanwhile")
}

func ingestClosed(t *testing.T, s *subject) {
	if err := s.Store.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	mustBe(t, "a closed store", s.ingest(hasty(t), s.ledger(3), nil), eventstore.ErrClosed)
}
