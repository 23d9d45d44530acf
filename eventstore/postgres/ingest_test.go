//go:build postgres

package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// history is a ledger of n events on a few streams.
func history(n int) []eventstore.Stored {
	var all []eventstore.Stored
	revisions := map[event.StreamID]eventstore.Revision{}
	for i := range n {
		stream := event.Case(named(1, i%7))
		revisions[stream]++
		all = append(all, eventstore.Stored{
			Position: eventstore.Position(i + 1), RecordedAt: time.UnixMicro(int64(1000 + i/3)).UTC(), ID: event.ID{UUID: named(2, i)},
			Stream: stream, Revision: revisions[stream], Body: fmt.Appendf(nil, "event %d\x00", i),
		})
	}
	return all
}

func yielding(events []eventstore.Stored, last error) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
		if last != nil {
			yield(eventstore.Stored{}, last)
		}
	}
}

func same(a, b eventstore.Stored) bool {
	return a.Position == b.Position && a.RecordedAt.Equal(b.RecordedAt) && a.ID == b.ID && a.Stream == b.Stream &&
		a.Revision == b.Revision && bytes.Equal(a.Body, b.Body)
}

// ledger reads everything.
func ledger(ctx context.Context, s eventstore.Store) (all []eventstore.Stored, err error) {
	for e, err := range s.ReadAll(ctx, 0) {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

func TestIngest(t *testing.T) {
	t.Parallel()
	url := migrated(t, pgtest.Shared(t))
	s := open(t, postgres.Options{URL: url, Clock: func() time.Time { return time.UnixMicro(5) }})
	want := history(1000)
	if err := s.Ingest(t.Context(), yielding(want, nil)); err != nil {
		t.Fatal(err)
	}
	if got, err := ledger(t.Context(), s); err != nil || !slices.EqualFunc(got, want, same) {
		t.Errorf("read %d events and error %v, want the %d that were taken over", len(got), err, len(want))
	}
	if err := s.Ingest(t.Context(), yielding(want, nil)); !errors.Is(err, eventstore.ErrNotEmpty) {
		t.Errorf("a second time: got error %v, want not empty", err)
	}
	got, err := s.Append(t.Context(), want[0].Stream, 143, []eventstore.Event{{ID: event.ID{UUID: named(3)}}})
	if last := want[len(want)-1]; err != nil || got.Last != 1001 || !got.RecordedAt.Equal(last.RecordedAt) {
		t.Errorf("append after it: got %+v and error %v, want position 1001 at the last event's time", got, err)
	}
	mustClose(t, s)
	open(t, postgres.Options{URL: url, Clock: time.Now})
}

func TestWhatIsNoLedgerIsNotTakenOver(t *testing.T) {
	t.Parallel()
	failed := errors.New("the source failed")
	cases := map[string]struct {
		spoil func([]eventstore.Stored)
		last  error
		want  error
	}{
		"a gap":                  {func(e []eventstore.Stored) { e[50].Position++ }, nil, eventstore.ErrBrokenLedger},
		"not from the beginning": {func(e []eventstore.Stored) { e[0].Position = 2 }, nil, eventstore.ErrBrokenLedger},
		"time that runs back":    {func(e []eventstore.Stored) { e[50].RecordedAt = time.UnixMicro(1) }, nil, eventstore.ErrBrokenLedger},
		"a revision left out":    {func(e []eventstore.Stored) { e[99].Revision++ }, nil, eventstore.ErrBrokenLedger},
		"a stream out of order":  {func(e []eventstore.Stored) { e[0].Revision, e[7].Revision = 2, 1 }, nil, eventstore.ErrBrokenLedger},
		"a stream from 0":        {func(e []eventstore.Stored) { e[0].Revision = 0 }, nil, eventstore.ErrBrokenLedger},
		"a revision twice":       {func(e []eventstore.Stored) { e[99].Revision-- }, nil, eventstore.ErrBrokenLedger},
		"an id twice":            {func(e []eventstore.Stored) { e[99].ID = e[3].ID }, nil, eventstore.ErrBrokenLedger},
		"a stream of no kind":    {func(e []eventstore.Stored) { e[99].Stream.Kind = 0 }, nil, eventstore.ErrBrokenLedger},
		"a source that fails":    {func([]eventstore.Stored) {}, failed, failed},
	}
	s := open(t, postgres.Options{URL: migrated(t, pgtest.Shared(t)), Clock: time.Now})
	for name, c := range cases {
		events := history(100)
		c.spoil(events)
		if err := s.Ingest(t.Context(), yielding(events, c.last)); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
		if head, err := s.Head(t.Context()); head != 0 || err != nil {
			t.Errorf("%s: the head is %d (error %v), want nothing kept", name, head, err)
		}
	}
	if err := s.Ingest(t.Context(), yielding(nil, nil)); err != nil {
		t.Errorf("an empty ledger: %v", err)
	}
	if err := s.Ingest(t.Context(), yielding(history(10), nil)); err != nil {
		t.Errorf("a whole ledger afterwards: %v", err)
	}
}
