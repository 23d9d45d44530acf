package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

var order = []promise{
	{"32 writers and 4 readers see one dense order", denseOrder},
	{"a store does what a simple model does", model},
}

func denseOrder(t *testing.T, s *subject) {
	const writers, appendsEach, readers = 32, 25, 4
	ctx := hasty(t)
	shared := s.session()
	contested := s.person()
	var total atomic.Int64
	var writing, reading sync.WaitGroup
	last := s.fact("the last event of all")
	for w := range writers {
		own := s.person()
		writing.Go(func() {
			revision := eventstore.Revision(0)
			for i := range appendsEach {
				batch := s.facts([]string{"a", "b", "c"}[:1+i%3]...)
				stream, at := own, revision
				switch i % 5 {
				case 1:
					stream, at = shared, eventstore.AtEnd
				case 2:
					stream, at = contested, eventstore.Revision(w) // most of these are refused
				}
				_, err := s.Append(ctx, stream, at, batch)
				switch {
				case err == nil:
					total.Add(int64(len(batch)))
				case stream != contested || !errors.Is(err, eventstore.ErrConflict):
					t.Errorf("append to %s: %v", stream, err)
				}
				if err == nil && stream == own {
					revision += eventstore.Revision(len(batch))
				}
			}
		})
	}
	seen := make([][]eventstore.Stored, readers)
	for r := range readers {
		reading.Go(func() {
			var after eventstore.Position
			for len(seen[r]) == 0 || seen[r][len(seen[r])-1].ID != last.ID {
				if _, err := s.Wait(ctx, after); err != nil {
					t.Errorf("wait: %v", err)
					return
				}
				for e, err := range s.ReadAll(ctx, after) {
					if err != nil {
						t.Errorf("read: %v", err)
						return
					}
					seen[r] = append(seen[r], e)
					after = e.Position
				}
			}
		})
	}
	writing.Wait()
	s.mustAppend(t, s.person(), 0, last)
	total.Add(1)
	reading.Wait()

	all := s.all(t, 0)
	if len(all) != int(total.Load()) || s.head(t) != eventstore.Position(len(all)) {
		t.Fatalf("the ledger holds %d events and its head is %d, but %d were acknowledged", len(all), s.head(t), total.Load())
	}
	revisions := map[eventstore.StreamID]eventstore.Revision{}
	for i, e := range all {
		revisions[e.Stream]++
		if int(e.Position) != i+1 || e.Revision != revisions[e.Stream] {
			t.Fatalf("event %d: position %d, revision %d of %s, want revision %d", i+1, e.Position, e.Revision, e.Stream, revisions[e.Stream])
		}
	}
	for r, events := range seen {
		if !slices.EqualFunc(events, all, equal) {
			t.Errorf("reader %d saw %d events that are not the ledger's %d", r, len(events), len(all))
		}
	}
}

func equal(a, b eventstore.Stored) bool {
	return a.Position == b.Position && a.ID == b.ID && a.Stream == b.Stream && a.Revision == b.Revision &&
		a.RecordedAt.Equal(b.RecordedAt) && bytes.Equal(a.Body, b.Body)
}

// model compares random appends with the contract read as a program over
// plain lists: a few streams, few ids, so that clashes of each kind are common.
func model(t *testing.T, s *subject) {
	rapid.Check(t, func(rt *rapid.T) {
		names := []eventstore.StreamID{s.person(), s.person(), s.session()}
		pool := make([]event.ID, 8)
		for i := range pool {
			pool[i] = s.fact("").ID
		}
		held := map[eventstore.StreamID][]event.ID{}
		first := s.head(t)
		head := first
		for range rapid.IntRange(1, 25).Draw(rt, "appends") {
			stream := names[rapid.IntRange(0, 2).Draw(rt, "stream")]
			at := eventstore.Revision(rapid.IntRange(0, 6).Draw(rt, "expected"))
			if usual := rapid.IntRange(0, 2).Draw(rt, "usual"); usual == 0 {
				at = eventstore.Revision(len(held[stream]))
			} else if usual == 1 && stream.Kind == event.AccessStream {
				at = eventstore.AtEnd
			}
			ids := rapid.SliceOfNDistinct(rapid.IntRange(0, len(pool)-1), 1, 3, rapid.ID).Draw(rt, "ids")
			var batch []eventstore.Event
			var batchIDs []event.ID
			for _, i := range ids {
				batch = append(batch, eventstore.Event{ID: pool[i], Body: []byte(fmt.Sprint(i))})
				batchIDs = append(batchIDs, pool[i])
			}
			want, repeated := predict(held, stream, at, batchIDs)
			got, err := s.Append(t.Context(), stream, at, batch)
			if !errors.Is(err, want) || got.Repeated != repeated {
				rt.Fatalf("append %v at %d to %v of %v: got %+v, error %v, want error %v, repeated %v", ids, at, stream, held, got, err, want, repeated)
			}
			if err == nil && !repeated {
				held[stream] = append(held[stream], batchIDs...)
				head += eventstore.Position(len(batch))
			}
			if now := s.head(t); now != head {
				rt.Fatalf("head: got %d, want %d", now, head)
			}
		}
		for _, stream := range names {
			var got []event.ID
			for _, e := range s.stream(t, stream) {
				got = append(got, e.ID)
			}
			if !slices.Equal(got, held[stream]) {
				rt.Fatalf("%s holds %v, want %v", stream, got, held[stream])
			}
		}
	})
}

// predict is the second paragraph of Append's contract.
func predict(held map[eventstore.StreamID][]event.ID, stream eventstore.StreamID, at eventstore.Revision, batch []event.ID) (want error, repeated bool) {
	own := held[stream]
	if start := slices.Index(own, batch[0]); start >= 0 && (at == eventstore.AtEnd || int(at) == start) &&
		len(own)-start >= len(batch) && slices.Equal(own[start:start+len(batch)], batch) {
		return nil, true
	}
	for _, ids := range held {
		if slices.ContainsFunc(batch, func(id event.ID) bool { return slices.Contains(ids, id) }) {
			return eventstore.ErrDuplicate, false
		}
	}
	if at != eventstore.AtEnd && int(at) != len(own) {
		return eventstore.ErrConflict, false
	}
	return nil, false
}
