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
	"caseledger/eventstore/storetest"
)

func inFile(tb testing.TB, path string) numbering.Copy {
	tb.Helper()
	n, err := keep.OpenNumbers(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestStoreWithCopyInAFile(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) eventstore.Store {
		double := kurrenttest.Start(tb, kurrenttest.Options{})
		return owned{open(tb, kurrent.Options{URL: double.URL(), Clock: clock, Copy: inFile(tb, filepath.Join(tb.TempDir(), "numbers.db"))}), double}
	})
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
