package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

func TestEverythingInTheStoreIsSealed(t *testing.T) {
	t.Parallel()
	for _, chunk := range []int64{1, 256, 512, 1 << 14} {
		t.Run(fmt.Sprint(chunk), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.chunk = chunk
			s := w.sealer(t)
			if tree := w.mustSeal(t, s); tree.N != 0 || len(w.signer.texts) > 0 {
				t.Errorf("of nothing %v is signed", tree)
			}
			for _, n := range []int{1, 1, 5, 248, 1, 1, 255, 0, 600, 1000} {
				w.record(t, n)
				w.mustSeal(t, s)
			}
			w.mustSeal(t, w.sealer(t))
			mustBeConsistent(t, w.store, w.signer.trees(t))
		})
	}
}

// TestAFaultAtAnyCallLosesNothing fails every call of the shelf, in turn, before it
// did anything, halfway, and after it did all, and every call of the memory.
// Whatever happened, the next sealer goes on.
func TestAFaultAtAnyCallLosesNothing(t *testing.T) {
	t.Parallel()
	for _, first := range []int{0, 3, 256, 300} {
		for _, moment := range []ledgertest.Moment{ledgertest.Before, ledgertest.Halfway, ledgertest.After} {
			for _, at := range []string{"shelf", "memory"} {
				for k, done := 1, false; !done; k++ {
					w := newWorld(t)
					w.chunk = 256
					w.record(t, first)
					w.mustSeal(t, w.sealer(t))
					w.record(t, 270)
					c := w.config()
					faulty := ledgertest.NewFaulty(w.shelf, nil)
					if at == "shelf" {
						faulty = ledgertest.NewFaulty(w.shelf, map[int]ledgertest.Moment{k: moment})
					} else {
						w.memory.fail(k, moment == ledgertest.After)
					}
					c.Shelf = faulty
					s, err := ledger.NewSealer(c)
					if err != nil {
						t.Fatal(err)
					}
					if _, err = s.Seal(t.Context()); err == nil {
						done = faulty.Calls() < k || at == "memory" && w.memory.calls < k
					} else if !errors.Is(err, ledgertest.ErrInjected) {
						t.Fatalf("call %d of the %s: %v", k, at, err)
					}
					w.memory.fail(0, false)
					w.record(t, 20)
					if k%2 == 0 || done { // whoever failed is gone
						s = w.sealer(t)
					}
					w.mustSeal(t, s)
					mustBeConsistent(t, w.store, w.signer.trees(t))
					if a, err := ledger.ReadAlarm(t.Context(), w.shelf); a != nil || err != nil {
						t.Fatalf("call %d of the %s: an alarm: %v, %v", k, at, a, err)
					}
				}
			}
		}
	}
}
