package main

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
)

// stuckShelf is a shelf on a server that no longer answers.
type stuckShelf struct {
	keep.ShelfMemory
	asked chan struct{}
}

func (s *stuckShelf) Load(ctx context.Context, _ string) ([]byte, error) {
	s.asked <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

func (*stuckShelf) Close() error { return nil }

// Every answer says whether an alarm is raised, as it was seen last, and waits for
// no shelf.
func TestWhatWasSeenOfTheLedgerIsSaidWhileTheShelfIsStuck(t *testing.T) {
	t.Parallel()
	s := &stuckShelf{asked: make(chan struct{})}
	p := &proofs{shelf: s, sealing: func() *sealing { return nil }, now: time.Now, last: seenLedger{code: ledger.AlarmRecovery}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.look(ctx) }()
	<-s.asked
	said := make(chan string, 1)
	go func() { said <- p.Failed() }()
	select {
	case code := <-said:
		if code != ledger.AlarmRecovery {
			t.Errorf("the alarm is %q", code)
		}
	case <-time.After(5 * time.Second):
		t.Error("an answer waits for the shelf")
	}
	stop()
	if err := <-ended; err == nil {
		t.Error("a shelf that does not answer was read")
	}
}

// A shelf whose list of keys is empty is one that cannot be read, to every command.
func TestAnEmptyListOfKeysIsNone(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	fillLedger(t, dataDir(data), 1)
	if _, err := sealData(t, data); err != nil {
		t.Fatal(err)
	}
	o := opening{dir: dataDir(data), mode: writing}
	shelf, err := o.openShelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	was, err := shelf.Load(t.Context(), ledger.RegisterKeys)
	if err == nil {
		err = shelf.Swap(t.Context(), ledger.RegisterKeys, was, []byte("\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := shelf.Close(); err != nil {
		t.Fatal(err)
	}
	mustEnd(t, exitError, "ledger", "checkpoint", "--data", data)
}
