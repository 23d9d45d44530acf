package kurrent_test

import (
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/numbering"
)

func inFile(tb testing.TB, path string) numbering.Copy {
	tb.Helper()
	n, err := keep.OpenNumbers(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// What a crowd does is the same with the copy in a file.
func TestCopyInAFile(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	s := open(t, kurrent.Options{URL: double.URL(), Copy: inFile(t, filepath.Join(t.TempDir(), "numbers.db"))})
	mustHold(t, s, crowd(t, 8, 20, s))
	stream := event.Case(named("crowd", "a"))
	if got := mustAppend(t, s, stream, 3, fact("crowd", "a", "D")); !got.Repeated || got.Revision != 4 {
		t.Errorf("a retry: got %+v", got)
	}
	_, err := s.Append(t.Context(), stream, 7, []eventstore.Event{fact("crowd", "late")})
	mustFail(t, "an append at a wrong revision", err, eventstore.ErrConflict)
	_, err = s.Append(t.Context(), event.Case(named("elsewhere")), 0, []eventstore.Event{fact("crowd", "a", "D")})
	mustFail(t, "an id on another stream", err, eventstore.ErrDuplicate)
}

// A copy in a file is taken up where it ends, made again for another ledger,
// and not believed over the database.
func TestCopyOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "numbers.db")
	first, second := kurrenttest.Start(t, kurrenttest.Options{}), kurrenttest.Start(t, kurrenttest.Options{})
	stream := event.Case(named("copied"))
	run := func(double *kurrenttest.Server, at eventstore.Revision, want int) {
		t.Helper()
		s := open(t, kurrent.Options{URL: double.URL(), Copy: inFile(t, path)})
		if got := len(all(t, s)); got != want {
			t.Fatalf("the ledger holds %d events, want %d", got, want)
		}
		mustAppend(t, s, stream, at, fact("copied", string(rune('a'+at))))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	run(first, 0, 0)
	run(first, 1, 1)
	run(second, 0, 0)
	run(first, 2, 2)
	run(first, 3, 3)
	first.LoseTail(2) // the last event and its number
	_, err := kurrent.Open(t.Context(), kurrent.Options{URL: first.URL(), Clock: time.Now, Copy: inFile(t, path)})
	mustFail(t, "open on a database that lost its end", err, kurrent.ErrShrunk)
}

// A database that lost its end and went on without it has other numbers where
// those of the copy were.
func TestCopySeesAnotherHistory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "numbers.db")
	double := kurrenttest.Start(t, kurrenttest.Options{})
	stream := event.Case(named("history"))
	s := open(t, kurrent.Options{URL: double.URL(), Copy: inFile(t, path)})
	mustAppend(t, s, stream, 0, fact("history", "a"))
	mustAppend(t, s, stream, 1, fact("history", "b"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	double.LoseTail(2) // the last event and its number
	without := open(t, kurrent.Options{URL: double.URL()})
	mustAppend(t, without, stream, 1, fact("history", "c"))
	_, err := kurrent.Open(t.Context(), kurrent.Options{URL: double.URL(), Clock: time.Now, Copy: inFile(t, path)})
	mustFail(t, "open beside another history", err, kurrent.ErrReordered)
}
