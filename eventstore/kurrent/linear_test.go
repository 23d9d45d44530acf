package kurrent_test

import (
	"context"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/storetest"
)

// histories is how many histories are made, 6 unless
// CASELEDGER_TEST_KURRENT_HISTORIES says otherwise.
func histories(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CASELEDGER_TEST_KURRENT_HISTORIES")
	if text == "" {
		return 6
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CASELEDGER_TEST_KURRENT_HISTORIES is %q, want a number of histories", text)
	}
	return n
}

// Appends with an expected revision, and reads, through two processes, are
// linearizable for each stream, whatever connections are cut meanwhile; and the
// checker finds a store that looks before it appends.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	const operations = 1500
	double := kurrenttest.Start(t, kurrenttest.Options{})
	var appends atomic.Int64
	double.OnAppend(func(string) kurrenttest.Fault {
		switch appends.Add(1) % 199 {
		case 50:
			return kurrenttest.DropBefore
		case 120:
			return kurrenttest.DropAfter
		}
		return kurrenttest.None
	})
	o := kurrent.Options{URL: double.URL()}
	a, b := open(t, o), open(t, o)
	for n := range histories(t) {
		got, total, unknown := storetest.Linearizable(n, operations, a, b)
		if got != porcupine.Ok {
			t.Errorf("history %d: the checker says %s", n, got)
		}
		t.Logf("history %d: %d operations, %d of them left open", n, total, unknown)
	}
	double.OnAppend(nil)
	all(t, a)

	planted := careless{memory.New(time.Now)}
	if got, _, _ := storetest.Linearizable(0, operations, planted); got != porcupine.Illegal {
		t.Errorf("a store that looks and then appends: the checker says %s, want %s", got, porcupine.Illegal)
	}
}

// careless is the planted fault: it looks at what a stream holds, and then
// appends wherever the stream ends.
type careless struct{ *memory.Store }

func (c careless) Append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	held := func() (n eventstore.Revision) {
		for range c.ReadStream(ctx, stream, 0) {
			n++
		}
		return n
	}
	if held() != expected {
		return eventstore.Appended{}, eventstore.ErrConflict
	}
	<-time.After(time.Millisecond) // for others to look, too
	for {
		if got, err := c.Store.Append(ctx, stream, held(), events); err == nil {
			return got, nil
		}
	}
}
