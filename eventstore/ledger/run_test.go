package ledger_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

// running is a sealer at work, until the test ends or it is stopped.
func running(t *testing.T, s *ledger.Sealer) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
}

func TestWhatIsAcknowledgedIsSealedWithinTheBound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var published []time.Time
		covered := map[int64]time.Time{}
		c := w.config()
		c.Published = func(tree ledger.Tree, _ []byte) {
			published = append(published, time.Now())
			for n := tree.N; n > 0 && covered[n].IsZero(); n-- {
				covered[n] = time.Now()
			}
		}
		s, err := ledger.NewSealer(c)
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, s)
		synctest.Wait()
		if err := s.Run(t.Context()); !errors.Is(err, ledger.ErrSealing) {
			t.Errorf("a second run ended with %v", err)
		}
		acknowledged := map[int64]time.Time{}
		for i := range 600 {
			pause := time.Duration(1+i%17) * 3 * time.Millisecond
			if i%50 == 0 {
				pause = 3 * time.Second
			}
			<-time.After(pause)
			w.record(t, 1)
			acknowledged[int64(w.count)] = time.Now()
		}
		<-time.After(time.Second)
		synctest.Wait()
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		for i, at := range published[1:] {
			if since := at.Sub(published[i]); since < 200*time.Millisecond {
				t.Errorf("a checkpoint %v after another", since)
			}
		}
		for n, at := range acknowledged {
			if lag := covered[n].Sub(at); covered[n].IsZero() || lag > 200*time.Millisecond {
				t.Errorf("entry %d is covered %v after it was acknowledged", n, lag)
			}
		}
		if len(published) < 50 {
			t.Errorf("%d checkpoints", len(published))
		}
	})
}

func TestSealingGoesOnOnceTheAlarmIsLifted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stop := running(t, w.sealer(t))
		w.record(t, 1)
		<-time.After(time.Second)
		w.mustBePublished(t, treeOf(t, w.store, 1))
		if err := ledger.RaiseAlarm(t.Context(), w.shelf, ledger.Alarm{Code: "witness-conflict", Detail: "size 1", RaisedAt: noon}); err != nil {
			t.Fatal(err)
		}
		w.record(t, 1)
		<-time.After(time.Minute)
		w.mustBePublished(t, treeOf(t, w.store, 1))
		w.mustLift(t)
		<-time.After(2 * time.Second)
		w.mustBePublished(t, treeOf(t, w.store, 2))
		if err := stop(); !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

func TestASealerOutlivesFaultsAndEndsWithTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.config()
		faults := map[int]ledgertest.Moment{}
		for i := range 40 {
			faults[1+i*3] = ledgertest.Moment(i % 3)
		}
		c.Shelf = ledgertest.NewFaulty(w.shelf, faults)
		s, err := ledger.NewSealer(c)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Run(t.Context()) }()
		for range 300 {
			w.record(t, 1)
			<-time.After(time.Second)
		}
		w.mustBePublished(t, treeOf(t, w.store, 300))
		mustBeConsistent(t, w.store, w.signer.trees(t))
		closer, ok := w.store.(interface{ Close() error })
		if !ok {
			t.Fatal("the store cannot be closed")
		}
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; !errors.Is(err, eventstore.ErrClosed) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestSealersThatRaceAgree has several sealers at work on one store, shelf and
// memory, all of whose signatures are kept.
func TestSealersThatRaceAgree(t *testing.T) {
	others := goleak.IgnoreCurrent()
	w := newWorld(t)
	shelf, err := keep.OpenShelfFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	w.instead = shelf
	moved := make(chan struct{}, 1<<16)
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		s := w.sealer(t)
		group.Go(func() {
			for ctx.Err() == nil {
				_, err := s.Seal(ctx)
				if errors.Is(err, ledger.ErrMoved) {
					moved <- struct{}{}
				} else if err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for range 60 {
		w.record(t, 1+rand.IntN(20))
		s := w.sealer(t)
		for {
			if _, err := s.Seal(ctx); err == nil {
				break
			} else if !errors.Is(err, ledger.ErrMoved) {
				t.Fatal(err)
			}
		}
	}
	cancel()
	group.Wait()
	if len(moved) == 0 {
		t.Error("nobody was overtaken: nothing was tested")
	}
	w.mustSeal(t, w.sealer(t))
	mustBeConsistent(t, w.store, w.signer.trees(t))
	if err := goleak.Find(others); err != nil {
		t.Error(err)
	}
}

// TestEveryCheckpointIsAPrefixOfEachLaterOne draws histories of appends, of
// sealings that fail somewhere, and of losses that can be made good again.
func TestEveryCheckpointIsAPrefixOfEachLaterOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.chunk = rapid.SampledFrom([]int64{256, 512, 1 << 14}).Draw(rt, "chunk")
		s := w.sealer(t)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "seal", "fail", "fail", "forget", "lose tiles", "lose the shelf", "restart"}).Draw(rt, "step") {
			case "append":
				w.record(t, rapid.SampledFrom([]int{1, 2, 3, 7, 100, 255, 256, 257, 600}).Draw(rt, "events"))
			case "seal":
				w.mustSeal(t, s)
			case "fail":
				if rapid.Bool().Draw(rt, "the memory") {
					w.memory.fail(rapid.IntRange(1, 3).Draw(rt, "call"), rapid.Bool().Draw(rt, "after"))
				}
				c := w.config()
				c.Shelf = ledgertest.NewFaulty(w.shelf, map[int]ledgertest.Moment{
					rapid.IntRange(1, 12).Draw(rt, "call"): rapid.SampledFrom([]ledgertest.Moment{ledgertest.Before, ledgertest.Halfway, ledgertest.After}).Draw(rt, "moment")})
				failing, err := ledger.NewSealer(c)
				if err != nil {
					rt.Fatal(err)
				}
				if _, err := failing.Seal(t.Context()); err != nil && !errors.Is(err, ledgertest.ErrInjected) {
					rt.Fatal(err)
				}
				w.memory.fail(0, false)
				s = w.sealer(t) // whoever failed is gone
			case "forget":
				if trees := w.signer.trees(t); len(trees) > 0 && w.value(t, ledger.RegisterCheckpoint) != nil {
					w.memory.set(trees[rapid.IntRange(0, len(trees)-1).Draw(rt, "remembers")])
					s = w.sealer(t)
				}
			case "lose tiles":
				var names []string
				for n := range int64(4) {
					for width := 1; width <= ledger.TileWidth; width++ {
						names = append(names, ledger.TileName(0, n, width), ledger.TileName(1, n, width))
					}
				}
				if err := w.shelf.Remove(t.Context(), names...); err != nil {
					rt.Fatal(err)
				}
				s = w.sealer(t)
			case "lose the shelf":
				w.shelf = newShelf(w.faults)
				s = w.sealer(t)
			case "restart":
				s = w.sealer(t)
			}
		}
		tree, err := w.sealer(t).Seal(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		if head, err := w.store.Head(t.Context()); err != nil || tree != treeOf(t, w.store, int64(head)) {
			rt.Fatalf("sealed %v of %d (%v)", tree, head, err)
		}
		mustBeConsistent(t, w.store, w.signer.trees(t))
	})
}
