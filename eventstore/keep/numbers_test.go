package keep_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/numbering"
)

func numbers(t *testing.T, path string) *keep.Numbers {
	t.Helper()
	n, err := keep.OpenNumbers(t.Context(), path)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// grown is the tail after n more entries, and those entries.
func grown(from numbering.Tail, n int, draw func() int) (numbering.Tail, []numbering.Entry) {
	to := from
	var entries []numbering.Entry
	for range n {
		to.Position++
		to.RecordedAt = noon.Add(time.Duration(to.Position) * time.Microsecond)
		to.At.Commit += uint64(1 + draw())
		to.At.Prepare = to.At.Commit - 1
		entries = append(entries, numbering.Entry{Position: to.Position, RecordedAt: to.RecordedAt, At: to.At,
			ID: event.ID{UUID: event.UUID{byte(draw()), byte(to.Position >> 8), byte(to.Position)}}, Stream: event.Case(id(byte(1 + draw())))})
	}
	to.Events++
	to.Last = event.UUID{15: byte(to.Events)}
	if to.First.IsZero() {
		to.First = to.Last
	}
	return to, entries
}

// A copy in a file answers what one in memory answers, whatever was added.
func TestNumbersInAFile(t *testing.T) {
	t.Parallel()
	file := numbers(t, filepath.Join(t.TempDir(), "numbers.db"))
	rapid.Check(t, func(rt *rapid.T) {
		if err := file.Clear(t.Context()); err != nil {
			rt.Fatal(err)
		}
		if tail, err := file.Tail(t.Context()); err != nil || tail != (numbering.Tail{}) {
			rt.Fatalf("cleared: the tail is %+v, error %v", tail, err)
		}
		var memory numbering.Memory
		revisions := map[event.StreamID]event.Revision{}
		var tail numbering.Tail
		var all []event.ID
		small := rapid.IntRange(0, 3)
		for range rapid.IntRange(0, 4).Draw(rt, "additions") {
			to, entries := grown(tail, rapid.IntRange(1, 5).Draw(rt, "entries"), func() int { return small.Draw(rt, "drawn") })
			for i := range entries {
				revisions[entries[i].Stream]++
				entries[i].Revision = revisions[entries[i].Stream]
				all = append(all, entries[i].ID)
			}
			for _, c := range []numbering.Copy{file, &memory} {
				if err := c.Add(t.Context(), tail, to, entries); err != nil {
					rt.Fatal(err)
				}
				if err := c.Add(t.Context(), tail, to, entries); !errors.Is(err, numbering.ErrCopyMoved) {
					rt.Fatalf("added twice: got error %v, want ErrCopyMoved", err)
				}
			}
			tail = to
		}
		all = append(all, event.ID{UUID: id(200)})
		if diff := cmp.Diff(answers(t.Context(), rt, &memory, all), answers(t.Context(), rt, file, all), cmpopts.EquateEmpty()); diff != "" {
			rt.Fatalf("the file answers otherwise (-memory +file):\n%s", diff)
		}
	})
}

// answers is all that a copy can be asked.
func answers(ctx context.Context, rt *rapid.T, c numbering.Copy, ids []event.ID) []any {
	var got []any
	say := func(answer any, err error) {
		if err != nil {
			rt.Fatal(err)
		}
		got = append(got, answer)
	}
	tail, err := c.Tail(ctx)
	say(tail, err)
	for _, after := range []event.Position{0, 1, 3, 100, math.MaxInt64, math.MaxUint64} {
		entries, err := c.After(ctx, after, 4)
		say(entries, err)
	}
	for n := range byte(6) {
		revision, err := c.Revision(ctx, event.Case(id(n)))
		say(revision, err)
		for _, from := range []event.Revision{0, 1, 2, math.MaxInt64, math.MaxUint64} {
			entries, err := c.OfStream(ctx, event.Case(id(n)), from, 3)
			say(entries, err)
		}
	}
	entries, err := c.Find(ctx, ids)
	say(entries, err)
	return got
}

func TestNumbersLeaveForeignFilesAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keep.db")
	other, err := keep.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := keep.OpenNumbers(t.Context(), path); !errors.Is(err, keep.ErrForeign) {
		t.Errorf("another keep: got error %v, want ErrForeign", err)
	}
	mine := filepath.Join(t.TempDir(), "numbers.db")
	n := numbers(t, mine)
	to, entries := grown(numbering.Tail{}, 3, func() int { return 0 })
	for i := range entries {
		entries[i].Revision = event.Revision(i + 1)
	}
	if err := n.Add(t.Context(), numbering.Tail{}, to, entries); err != nil {
		t.Fatal(err)
	}
	if again := numbers(t, mine); again != nil {
		if tail, err := again.Tail(t.Context()); err != nil || tail != to {
			t.Errorf("the tail is %+v, error %v, want %+v", tail, err, to)
		}
	}
}
