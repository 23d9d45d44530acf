package ledger_test

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

// checkpointAt seals a world's first n entries on the way to all of them, and
// returns the checkpoint of those n.
func checkpointAt(t *testing.T, w *world, n, all int) []byte {
	t.Helper()
	w.record(t, n)
	w.mustSeal(t, w.sealer(t))
	c := w.value(t, ledger.RegisterCheckpoint)
	w.record(t, all-n)
	w.mustSeal(t, w.sealer(t))
	return c
}

func TestRecoveryGoesOnWhereTheStoreMakesAllThatWasSigned(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, w *world){
		"the memory is lost":        func(_ *testing.T, w *world) { w.memory.set(ledger.Tree{}) },
		"memory and shelf are lost": func(_ *testing.T, w *world) { w.memory.set(ledger.Tree{}); w.shelf = newShelf(w.faults) },
		"the memory is of an older day, and the shelf is lost": func(t *testing.T, w *world) {
			w.memory.set(treeOf(t, w.store, 5))
			w.shelf = newShelf(w.faults)
		},
		"the checkpoint cannot be read": func(t *testing.T, w *world) {
			if err := w.shelf.Swap(t.Context(), ledger.RegisterCheckpoint, w.value(t, ledger.RegisterCheckpoint), []byte("none")); err != nil {
				t.Fatal(err)
			}
		},
		"nothing is": func(*testing.T, *world) {},
	} {
		for _, more := range []int{0, 300} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				accepted := checkpointAt(t, w, 270, 300)
				lose(t, w)
				w.record(t, more)
				tree, err := w.sealer(t).Recover(t.Context(), ledger.Acceptance{Checkpoint: accepted, Reason: "the disk was replaced"})
				if err != nil || tree.N != 270 && tree.N != 300 {
					t.Fatalf("recover: %v, %v", tree, err)
				}
				if got, err := w.memory.LastSigned(t.Context()); err != nil || got != tree {
					t.Errorf("it remembers %v (%v), want %v", got, err, tree)
				}
				w.mustBePublished(t, tree)
				l, err := ledger.ReadLiftings(t.Context(), w.shelf)
				if err != nil || len(l) != 1 || l[0].Reason != "the disk was replaced" || l[0].Alarm.Code != ledger.AlarmRecovery {
					t.Errorf("what was lifted: %+v, %v", l, err)
				}
				w.mustSeal(t, w.sealer(t))
				mustBeConsistent(t, w.store, w.signer.trees(t))
			})
		}
	}
}

func TestRecoveryRefusesAStoreThatDoesNotMakeWhatWasSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, w *world)
		accept func(accepted []byte) ledger.Acceptance
		want   error
	}{
		"a shorter store": {func(t *testing.T, w *world) { w.store = older(t, 290, 0) }, nil, ledger.ErrOtherHistory},
		"a store that is shorter than what is accepted": {func(t *testing.T, w *world) {
			w.store, w.shelf = older(t, 200, 0), newShelf(w.faults)
			w.memory.set(ledger.Tree{})
		}, nil, ledger.ErrOtherHistory},
		"another store": {func(t *testing.T, w *world) { w.store = older(t, 100, 500) }, nil, ledger.ErrOtherHistory},
		"a store that makes what is accepted, but not what was signed after it": {func(t *testing.T, w *world) {
			w.store = older(t, 280, 500)
		}, nil, ledger.ErrOtherHistory},
		"a store that makes all but what the signer remembers": {func(t *testing.T, w *world) {
			w.store, w.shelf = older(t, 280, 500), newShelf(w.faults)
		}, nil, ledger.ErrOtherHistory},
		"a store that makes all but what was published": {func(t *testing.T, w *world) {
			w.store = older(t, 280, 500)
			w.memory.set(ledger.Tree{})
		}, nil, ledger.ErrOtherHistory},
		"a store that makes all but what was witnessed": {func(t *testing.T, w *world) {
			last := w.value(t, ledger.RegisterCheckpoint)
			w.store, w.shelf = older(t, 280, 500), newShelf(w.faults)
			w.memory.set(ledger.Tree{})
			if err := w.shelf.Swap(t.Context(), ledger.RegisterWitnessed, nil, last); err != nil {
				t.Fatal(err)
			}
		}, nil, ledger.ErrOtherHistory},
		"no reason": {func(*testing.T, *world) {}, func(a []byte) ledger.Acceptance {
			return ledger.Acceptance{Checkpoint: a}
		}, ledger.ErrReason},
		"no checkpoint": {func(*testing.T, *world) {}, func([]byte) ledger.Acceptance {
			return ledger.Acceptance{Reason: "x"}
		}, ledger.ErrCheckpoint},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			accepted := checkpointAt(t, w, 270, 300)
			c.spoil(t, w)
			a := ledger.Acceptance{Checkpoint: accepted, Reason: "x"}
			if c.accept != nil {
				a = c.accept(accepted)
			}
			was, signed := string(w.value(t, ledger.RegisterCheckpoint)), len(w.signer.trees(t))
			if _, err := w.sealer(t).Recover(t.Context(), a); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if string(w.value(t, ledger.RegisterCheckpoint)) != was || len(w.signer.trees(t)) != signed {
				t.Error("it signed, or published, nevertheless")
			}
			if raised, err := ledger.ReadAlarm(t.Context(), w.shelf); err != nil || (raised != nil) != (c.want == ledger.ErrOtherHistory) {
				t.Errorf("the alarm is %v, %v", raised, err)
			}
		})
	}
}

// TestARecoveryThatIsCutShortIsRepeated fails every call of it in turn.
func TestARecoveryThatIsCutShortIsRepeated(t *testing.T) {
	t.Parallel()
	for _, moment := range []ledgertest.Moment{ledgertest.Before, ledgertest.Halfway, ledgertest.After} {
		for k, done := 1, false; !done; k++ {
			w := newWorld(t)
			accepted := checkpointAt(t, w, 270, 300)
			w.memory.set(ledger.Tree{})
			w.mustRefuse(t, ledger.AlarmRecovery, "remembers none")
			c := w.config()
			faulty := ledgertest.NewFaulty(w.shelf, map[int]ledgertest.Moment{k: moment})
			c.Shelf = faulty
			s, err := ledger.NewSealer(c)
			if err != nil {
				t.Fatal(err)
			}
			a := ledger.Acceptance{Checkpoint: accepted, Reason: "the disk was replaced"}
			if _, err := s.Recover(t.Context(), a); err == nil {
				if done = faulty.Calls() < k; !done {
					t.Fatalf("call %d failed, and nobody was told", k)
				}
			} else if !errors.Is(err, ledgertest.ErrInjected) {
				t.Fatal(err)
			}
			if !done {
				if _, err := w.sealer(t).Recover(t.Context(), a); err != nil {
					t.Fatalf("after call %d failed: %v", k, err)
				}
			}
			w.record(t, 3)
			w.mustSeal(t, w.sealer(t))
			mustBeConsistent(t, w.store, w.signer.trees(t))
		}
	}
}

func TestALedgerIsSucceededForGood(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWorld(t)
	w.record(t, 20)
	w.mustSeal(t, w.sealer(t))
	w.store = older(t, 10, 5)
	w.mustRefuse(t, ledger.AlarmRecovery, "")

	old, oldPublic, last := w.shelf, w.public, w.value(t, ledger.RegisterCheckpoint)
	successor := ledger.Succession{Origin: origin, Successor: "hub.example/ledger-2", Reason: "ten entries were lost with the disk", EndedAt: noon}
	var fresh keep.ShelfMemory
	for what, c := range map[string]struct {
		change func(*ledger.Succession)
		want   error
	}{
		"no reason": {func(s *ledger.Succession) { s.Reason = "" }, ledger.ErrReason},
		"itself":    {func(s *ledger.Succession) { s.Successor = origin }, ledger.ErrKeyName},
		"nobody":    {func(s *ledger.Succession) { s.Successor = "" }, ledger.ErrKeyName},
	} {
		s := successor
		c.change(&s)
		if err := ledger.Succeed(ctx, old, &fresh, s); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if err := ledger.Succeed(ctx, old, old, successor); !errors.Is(err, ledger.ErrNotFresh) {
		t.Errorf("by its own shelf: %v", err)
	}
	for k := 1; ; k++ {
		faulty := ledgertest.NewFaulty(&fresh, map[int]ledgertest.Moment{k: ledgertest.After})
		if err := ledger.Succeed(ctx, old, faulty, successor); err == nil {
			break
		} else if !errors.Is(err, ledgertest.ErrInjected) {
			t.Fatal(err)
		}
	}
	other := successor
	other.Successor = "hub.example/ledger-3"
	if err := ledger.Succeed(ctx, old, &keep.ShelfMemory{}, other); !errors.Is(err, ledger.ErrRetired) {
		t.Errorf("by a third: %v", err)
	}

	w.mustRefuseForGood(t)
	if _, err := w.sealer(t).Recover(ctx, ledger.Acceptance{Checkpoint: last, Reason: "x"}); !errors.Is(err, ledger.ErrRetired) {
		t.Errorf("recover what is retired: %v", err)
	}

	s, public := ledgertest.Key(t, successor.Successor)
	config := w.config()
	config.Origin, config.Shelf, config.Memory = successor.Successor, &fresh, &remembered{}
	config.Signers, config.Verifiers = []note.Signer{s}, note.VerifierList(public)
	next, err := ledger.NewSealer(config)
	if err != nil {
		t.Fatal(err)
	}
	if tree, err := next.Seal(ctx); err != nil || tree != treeOf(t, w.store, 15) {
		t.Errorf("the successor seals %v, %v", tree, err)
	}
	p, err := ledger.ReadPredecessor(ctx, &fresh)
	if err != nil || p == nil || p.Origin != origin || p.Checkpoint != string(last) || p.Reason != successor.Reason {
		t.Fatalf("its predecessor: %+v, %v", p, err)
	}
	if tree, _, err := ledger.OpenCheckpoint([]byte(p.Checkpoint), p.Origin, note.VerifierList(oldPublic)); err != nil || tree.N != 20 {
		t.Errorf("the predecessor's last checkpoint: %v, %v", tree, err)
	}
	if err := ledger.Succeed(ctx, old, &fresh, successor); !errors.Is(err, ledger.ErrNotFresh) {
		t.Errorf("once more, when it is at work: %v", err)
	}
}

// mustRefuseForGood checks that no alarm can be lifted.
func (w *world) mustRefuseForGood(t *testing.T) {
	t.Helper()
	if _, err := w.sealer(t).Seal(t.Context()); !errors.Is(err, ledger.ErrRetired) {
		t.Errorf("seal what is retired: %v", err)
	}
	a, err := ledger.ReadAlarm(t.Context(), w.shelf)
	if err != nil || a == nil {
		t.Fatalf("no alarm: %v", err)
	}
	if err := ledger.LiftAlarm(t.Context(), w.shelf, *a, "x", noon); !errors.Is(err, ledger.ErrRetired) {
		t.Errorf("lift it: %v", err)
	}
}
