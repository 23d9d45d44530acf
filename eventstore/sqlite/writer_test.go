package sqlite

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

func TestRequiredSettings(t *testing.T) {
	t.Parallel()
	wrong := map[string]string{
		"busy_timeout": "1", "trusted_schema": "ON", "cell_size_check": "OFF", "mmap_size": "65536",
		"locking_mode": "EXCLUSIVE", "ignore_check_constraints": "ON", "query_only": "OFF", "journal_mode": "DELETE",
		"synchronous": "NORMAL", "fullfsync": "OFF", "checkpoint_fullfsync": "OFF",
		"wal_autocheckpoint": "0", "journal_size_limit": "-1",
	}
	for r, p := range profiles {
		for i, s := range p.settings {
			if r == reading && s.name == "journal_mode" {
				continue // the file's, not the connection's: the writer's case covers it
			}
			t.Run(p.mode+" "+s.name, func(t *testing.T) {
				t.Parallel()
				altered := map[role]profile{}
				for r, p := range profiles {
					altered[r] = profile{p.mode, append([]setting(nil), p.settings...)}
				}
				altered[r].settings[i].set = wrong[s.name]
				got, err := open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Clock: time.Now}, altered)
				if err == nil {
					got.Close()
				}
				if !errors.Is(err, ErrSettings) || !strings.Contains(err.Error(), s.name) {
					t.Errorf("open with %s=%s: got error %v, want one that names the setting", s.name, wrong[s.name], err)
				}
			})
		}
	}
}

func TestRequiredVersion(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"3.51.3": true, "3.51.10": true, "3.52.0": true, "4.0.0": true,
		"3.51.2": false, "3.50.9": false, "2.99.99": false, "": false, "3.51": false, "x": false,
	} {
		if err := checkVersion(version); (err == nil) != ok || err != nil && !errors.Is(err, ErrSettings) {
			t.Errorf("version %q: got error %v, want accepted %v", version, err, ok)
		}
	}
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

// However requests fall into groups, each has the outcome that it would have
// alone: no conflict or clash spoils its neighbours, and none makes a gap.
func TestGroupsDoNotShow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	opened := func(name string) *writer {
		made, err := Open(t.Context(), Options{Path: filepath.Join(dir, name), Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		made.seq.stop() // the writer is the test's from here on
		t.Cleanup(func() { made.Close() })
		return made.seq.writer
	}
	alone, grouped := opened("alone.db"), opened("grouped.db")
	run := byte(0)
	rapid.Check(t, func(rt *rapid.T) {
		run++
		base := alone.position
		if base != grouped.position {
			rt.Fatalf("positions %d and %d", base, grouped.position)
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
				alone.write([]*request{one}, 1)
				if one.err == nil {
					held[stream] = int(one.appended.Revision)
				}
				ones = append(ones, one)
				group = append(group, newRequest(t.Context(), stream, expected, events))
			}
			grouped.write(group, 1)
			for i := range ones {
				if !errors.Is(group[i].err, ones[i].err) || group[i].appended != ones[i].appended {
					rt.Fatalf("request %d: in a group %+v and error %v, alone %+v and error %v",
						i, group[i].appended, group[i].err, ones[i].appended, ones[i].err)
				}
			}
		}
	})
}

// A group that cannot be recorded leaves no trace in what the writer
// remembers: not in positions, heads or times.
func TestFailedGroupIsForgotten(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.seq.stop()
	defer s.Close()
	w := s.seq.writer
	first := func(n byte) *request {
		return newRequest(t.Context(), event.Case(event.UUID{n}), 0, []eventstore.Event{{ID: event.ID{UUID: event.UUID{n}}}})
	}
	next, twice := first(2), first(1)
	w.write([]*request{first(1)}, 10)
	for _, failure := range []fault{codeFull, codeIOSync, codeBusy} {
		w.committing = func(func() error) error { return failure }
		lost, clash := first(3), first(1)
		clash.expected = 5
		w.write([]*request{lost, clash}, math.MaxInt64)
		want := eventstore.ErrUnavailable
		if failure == codeIOSync {
			want = eventstore.ErrUnknown
		}
		if !errors.Is(lost.err, want) || !errors.Is(clash.err, eventstore.ErrUnavailable) {
			t.Errorf("commit failing with %v: got %v and %v", failure, lost.err, clash.err)
		}
	}
	w.committing = nil
	w.write([]*request{next, twice}, 20)
	if next.err != nil || next.appended.Last != 2 || next.appended.RecordedAt != time.UnixMicro(20).UTC() {
		t.Errorf("the next append: got %+v and error %v, want position 2 at 20 µs", next.appended, next.err)
	}
	if twice.err != nil || !twice.appended.Repeated || twice.appended.Last != 1 {
		t.Errorf("a retry: got %+v and error %v", twice.appended, twice.err)
	}
}

// A queue that is full refuses at once, and truly: nothing is recorded.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	q := &sequencer{arrived: make(chan struct{}, 1)}
	r := newRequest(t.Context(), event.Policy, 0, nil)
	for range maxWaiting {
		if err := q.put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.put(r); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Errorf("one too many: got error %v, want unavailable", err)
	}
}

func TestGroupsAreBounded(t *testing.T) {
	t.Parallel()
	q := &sequencer{arrived: make(chan struct{}, 1)}
	big := make([]byte, eventstore.MaxBodyBytes)
	for range 400 {
		if err := q.put(newRequest(t.Context(), event.Policy, 0, []eventstore.Event{{Body: big}})); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.put(newRequest(t.Context(), event.Policy, 0, make([]eventstore.Event, eventstore.MaxBatch))); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for group, _ := q.take(); len(group) > 0; group, _ = q.take() {
		events, size := 0, 0
		for _, r := range group {
			events, size = events+len(r.events), size+r.size
		}
		if events > maxGroupEvents || size > maxGroupBytes {
			t.Errorf("a group of %d events and %d bytes", events, size)
		}
		taken += len(group)
	}
	if taken != 401 {
		t.Errorf("took %d requests, want 401", taken)
	}
}

// What a reader holds in memory is a page, however large the ledger.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i, size := range []int{eventstore.MaxBodyBytes, 10} {
		events := make([]eventstore.Event, 600)
		for j := range events {
			events[j] = eventstore.Event{ID: event.ID{UUID: event.UUID{byte(i), byte(j), byte(j >> 8), 1}}, Body: make([]byte, size)}
		}
		stream := event.Case(event.UUID{byte(i + 1)})
		appended, err := s.Append(t.Context(), stream, 0, events)
		if err != nil {
			t.Fatal(err)
		}
		page, more, err := s.page(t.Context(), s.pages.all, pageEvents, int64(appended.Last)-600)
		if err != nil || !more || len(page) > pageEvents || (len(page)-1)*size > pageBytes {
			t.Errorf("a page of %d bodies of %d bytes, more %v, error %v", len(page), size, more, err)
		}
		read := 0
		for _, err := range s.ReadStream(t.Context(), stream, 0) {
			if err != nil {
				t.Fatal(err)
			}
			read++
		}
		if read != 600 {
			t.Errorf("read %d events in pages, want 600", read)
		}
	}
}
