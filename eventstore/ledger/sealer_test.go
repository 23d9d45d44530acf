package ledger_test

import (
	"errors"
	"fmt"
	"testing"

	"caseledger/eventstore/ledger"
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

// TestAFaultAtAnyCallLosesNothing fails every call of the shelf and the memory, in
// turn, before it did anything and after it did all. Whatever happened, the next
// sealer goes on.
func TestAFaultAtAnyCallLosesNothing(t *testing.T) {
	t.Parallel()
	for _, stored := range []bool{false, true} {
		for _, first := range []int{0, 3, 256, 300} {
			for k, done := 1, false; !done; k++ {
				w := newWorld(t)
				w.chunk = 256
				w.record(t, first)
				w.mustSeal(t, w.sealer(t))
				w.record(t, 270)
				w.fail(k, stored)
				if _, err := w.sealer(t).Seal(t.Context()); err == nil {
					done = len(w.called()) < k
				} else if !errors.Is(err, errFault) {
					t.Fatalf("call %d (%v): %v", k, w.called(), err)
				}
				w.fail(0, false)
				w.record(t, 20)
				w.mustSeal(t, w.sealer(t))
				mustBeConsistent(t, w.store, w.signer.trees(t))
				if a, err := ledger.ReadAlarm(t.Context(), w.shelf); a != nil || err != nil {
					t.Fatalf("call %d: an alarm: %v, %v", k, a, err)
				}
			}
		}
	}
}
