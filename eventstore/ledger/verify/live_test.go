package verify_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/memory"
)

// A record may be written and sealed while it is verified: tiles grow, and the
// narrower ones are removed.
func TestSealingMeanwhileIsNoAlteration(t *testing.T) {
	t.Parallel()
	k, shelf, store := newKey(t, origin), &keep.ShelfMemory{}, memory.New(time.Now)
	remembered := ledger.NewMemoryFile(filepath.Join(t.TempDir(), "signed"), origin)
	sealer, err := ledger.NewSealer(ledger.SealerConfig{Store: store, Shelf: shelf, Memory: remembered, Origin: origin,
		Signers: []note.Signer{k.signer}, Verifiers: note.VerifierList(k.verifier), Clock: time.Now, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	events := made(t, 1500)
	seal := func(n int) error {
		for _, e := range events[:n] {
			if _, err := store.Append(context.Background(), e.Stream, e.Revision-1, []eventstore.Event{{ID: e.ID, Body: e.Body}}); err != nil {
				return err
			}
		}
		events = events[n:]
		_, err := sealer.Seal(context.Background())
		return err
	}
	if err := seal(100); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		var err error
		for len(events) > 0 && err == nil {
			err = seal(min(7, len(events)))
		}
		ended <- err
	}()
	c := k.config(store, shelf)
	c.Memory = remembered
	for verified := 0; ; verified++ {
		wantIntact(t, "meanwhile", run(t, c))
		select {
		case err := <-ended:
			if err != nil || verified == 0 {
				t.Errorf("%v, after %d verifications", err, verified)
			}
			if r := run(t, c); r.Entries != 1500 || len(r.Notices) != 0 {
				t.Errorf("in the end: %s, %q", r.Headline(), r.Notices)
			}
			return
		default:
		}
	}
}
