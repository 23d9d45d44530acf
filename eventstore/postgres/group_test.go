//go:build postgres

package postgres

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres/pgtest"
)

// opened is a writer that is the test's alone, in a ledger of its own.
func opened(t *testing.T, url string) *writer {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: url, Clock: time.Now, AllowOwner: true, AllowNoFsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // it never fails
	return s.seq.writer
}

func write(t *testing.T, w *writer, group ...*request) {
	t.Helper()
	if err := w.write(group, 1, false); err != nil {
		t.Fatal(err)
	}
}

func vacant(t *testing.T) string {
	t.Helper()
	url := pgtest.Database(t)
	if _, err := Migrate(t.Context(), url, MigrateOptions{}); err != nil {
		t.Fatal(err)
	}
	return url
}

// However requests fall into groups, and whichever of two processes writes
// them, each has the outcome that it would have alone: no conflict or clash
// spoils its neighbours, and none makes a gap.
func TestGroupsDoNotShow(t *testing.T) {
	t.Parallel()
	alone := opened(t, vacant(t))
	shared := vacant(t)
	processes := []*writer{opened(t, shared), opened(t, shared)}
	run := byte(0)
	rapid.Check(t, func(rt *rapid.T) {
		run++
		base := alone.signal.current()
		if other := max(processes[0].signal.current(), processes[1].signal.current()); base != other {
			rt.Fatalf("positions %d and %d", base, other)
		}
		draw := func(name string, most int) int { return rapid.IntRange(0, most).Draw(rt, name) }
		held := map[event.StreamID]int{}
		for start := draw("groups", 4); start >= 0; start-- {
			var ones, group []*request
			for range 1 + draw("requests", 8) {
				stream := event.Case(event.UUID{run, byte(base), byte(base >> 8), byte(base >> 16), byte(draw("stream", 1)), 1})
				expected := eventstore.Revision(draw("expected", 4))
				if draw("usual", 2) > 0 {
					expected = eventstore.Revision(held[stream])
				}
				if draw("kind", 4) == 0 {
					stream.Kind, expected = event.AccessStream, eventstore.AtEnd
				}
				var events []eventstore.Event
				for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 1, 3, rapid.ID).Draw(rt, "ids") {
					id := event.ID{UUID: event.UUID{run, byte(base), byte(base >> 8), byte(base >> 16), byte(n), 2}}
					events = append(events, eventstore.Event{ID: id, Body: []byte{byte(n)}})
				}
				one := newRequest(t.Context(), stream, expected, events)
				write(t, alone, one)
				if one.err == nil {
					held[stream] = int(one.appended.Revision)
				}
				ones = append(ones, one)
				group = append(group, newRequest(t.Context(), stream, expected, events))
			}
			write(t, processes[draw("process", 1)], group...)
			for i := range ones {
				if !errors.Is(group[i].err, ones[i].err) || group[i].appended != ones[i].appended {
					rt.Fatalf("request %d: in a group %+v and error %v, alone %+v and error %v",
						i, group[i].appended, group[i].err, ones[i].appended, ones[i].err)
				}
			}
		}
	})
}

func TestHeadsForgetTheLongestUnused(t *testing.T) {
	t.Parallel()
	var h heads
	stream := func(n int) event.StreamID { return event.Case(event.UUID{byte(n), byte(n >> 8), byte(n >> 16), 1}) }
	h.set(stream(0), 7)
	for n := 1; n <= 3*maxHeads; n++ {
		h.set(stream(n), eventstore.Revision(n))
		if got, ok := h.get(stream(0)); !ok || got != 7 {
			t.Fatalf("after %d others: a stream in use is forgotten", n)
		}
	}
	if _, ok := h.get(stream(1)); ok {
		t.Error("a stream long unused is remembered")
	}
	if len(h.young) > maxHeads || len(h.old) > maxHeads {
		t.Errorf("%d and %d heads are remembered, want at most %d each", len(h.young), len(h.old), maxHeads)
	}
}
