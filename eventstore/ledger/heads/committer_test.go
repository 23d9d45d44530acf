package heads

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/memory"
)

var anyStream = rapid.Custom(func(t *rapid.T) event.StreamID {
	kind := rapid.SampledFrom([]event.StreamKind{event.CaseStream, event.AccessStream, event.FindingStream, event.PolicyStream}).Draw(t, "kind")
	if kind == event.PolicyStream {
		return event.Policy
	}
	return event.StreamID{Kind: kind, Of: streamNumbered(rapid.IntRange(1, 12).Draw(t, "stream")).Of}
})

// Whatever is recorded between commitments, each is to the heads there were, the
// last three can be proved from, and the entries come to them by both checks.
func TestWhatIsCommittedIsWhatWasRecorded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		c := w.committer(w.shelf)
		var made []Commitment
		for range rapid.IntRange(1, 6).Draw(t, "commitments") {
			for range rapid.IntRange(0, 12).Draw(t, "appends") {
				w.record(anyStream.Draw(t, "stream"), rapid.IntRange(1, 4).Draw(t, "entries"))
			}
			got, err := c.Commit(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if len(made) == 0 || made[0] != got {
				made = slices.Insert(made, 0, got)
			}
			if head, err := w.store.Head(context.Background()); err != nil || head != got.Position {
				t.Fatalf("the commitment is at %d, the end at %d", got.Position, head)
			}
			if again, err := c.Commit(context.Background()); err != nil || again != got {
				t.Fatalf("nothing was recorded, and it commits to %v after %v, %v", again, got, err)
			}
			if rapid.Bool().Draw(t, "another process") {
				c = w.committer(w.shelf)
			}
		}
		all, err := Commitments(context.Background(), w.shelf)
		if err != nil || !slices.Equal(all, made[:min(len(made), kept)]) {
			t.Fatalf("got %v, %v; want the last three of %v", all, err, made)
		}
		for _, one := range all {
			w.mustProve(one)
		}
		w.mustHold(all)
		if len(made) > kept {
			if _, err := Prove(context.Background(), w.shelf, made[kept], event.Policy); !errors.Is(err, ErrNoCommitment) {
				t.Errorf("proved from a tree that is gone: %v", err)
			}
		}
		if err := w.audited(all...); err != nil {
			t.Error(err)
		}
		if err := w.replayed(made...); err != nil {
			t.Error(err)
		}
	})
}

// However a call to the shelf fails, and whether or not it did its work, the
// next commitment is right and nothing is left behind.
func TestACommitmentThatFailsAnywhereLeavesNothingWrong(t *testing.T) {
	t.Parallel()
	for _, moment := range []ledgertest.Moment{ledgertest.Before, ledgertest.Halfway, ledgertest.After} {
		for call := 1; ; call++ {
			w := newWorld(t)
			for n := range 6 { // more commitments than are kept, so that old ones go too
				w.record(streamNumbered(n), 3)
				if n < 4 {
					w.mustCommit()
				}
			}
			faulty := ledgertest.NewFaulty(w.shelf, map[int]ledgertest.Moment{call: moment})
			_, err := w.committer(faulty).Commit(t.Context())
			if faulty.Calls() < call {
				break // the whole of it went well
			}
			if err == nil || !errors.Is(err, ledgertest.ErrInjected) {
				t.Fatalf("call %d, moment %d: %v", call, moment, err)
			}
			w.record(streamNumbered(99), 1)
			next := w.committer(w.shelf)
			next.chunk = 1000 // other sizes than those that were begun
			last, err := next.Commit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			all, err := Commitments(t.Context(), w.shelf)
			if err != nil || all[0] != last || len(all) != kept {
				t.Fatalf("call %d, moment %d: %v, %v", call, moment, all, err)
			}
			for _, one := range all {
				w.mustProve(one)
			}
			w.mustHold(all)
			if call > 60 {
				t.Fatal("a commitment makes more calls than can be")
			}
		}
	}
}

// However the store fails, the next commitment is right, and the same tree is
// never committed to twice.
func TestACommitmentWhoseAppendFails(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]struct {
		op   memory.Op
		call int
		how  memory.Fault
	}{
		"refused": {memory.Append, 1, memory.Fail}, "lost": {memory.Append, 1, memory.LoseBefore}, "recorded, and not told": {memory.Append, 1, memory.LoseAfter},
		"the end unknown": {memory.Head, 1, memory.Fail}, "the entries cut": {memory.ReadAll, 1, memory.FailMidway}, "its own stream cut": {memory.ReadStream, 1, memory.FailMidway},
	} {
		w := newWorld(t)
		w.record(streamNumbered(1), 3)
		if name == "its own stream cut" {
			w.mustCommit()
			w.record(streamNumbered(1), 1)
			w.store.Inject(memory.ReadStream, 1, memory.Fail)
		} else {
			w.store.Inject(plan.op, plan.call, plan.how)
		}
		if _, err := w.committer(w.shelf).Commit(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
		last := w.mustCommit()
		w.mustProve(last)
		seen := map[uint64]bool{}
		for e, err := range w.store.ReadStream(t.Context(), event.Ledger, 0) {
			if err != nil {
				t.Fatal(err)
			}
			said, err := ParseCommitment(e)
			if err != nil || seen[said.Size] {
				t.Errorf("%s: %v is committed to twice, or not at all: %v", name, said, err)
			}
			seen[said.Size] = true
		}
		if want := map[bool]int{true: 2, false: 1}[name == "its own stream cut"]; len(seen) != want {
			t.Errorf("%s: %d commitments, want %d", name, len(seen), want)
		}
	}
}

// Two that commit at once, while others record, spoil nothing.
func TestSeveralCommittersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(streamNumbered(0), 1)
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 10 {
				c, err := w.committer(w.shelf).Commit(context.Background())
				if err != nil {
					if !slices.ContainsFunc(again, func(one error) bool { return errors.Is(err, one) }) {
						t.Error(err)
					}
					continue
				}
				if _, err := Prove(context.Background(), w.shelf, c, event.Ledger); err != nil && !errors.Is(err, ErrNoCommitment) && !errors.Is(err, ledger.ErrAbsent) {
					t.Error(err)
				}
			}
		})
	}
	for n := range 40 {
		w.record(streamNumbered(n%5), 1+n%2)
	}
	all.Wait()
	w.mustProve(w.mustCommit())
	if err := w.replayed(w.commitments()...); err != nil {
		t.Error(err)
	}
}

// A damaged tree proves nothing, and the next commitment is made without it.
func TestADamagedTreeIsMadeAgain(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]func(w *world, c Commitment) error{
		"a bucket is gone": func(w *world, c Commitment) error {
			return w.shelf.Remove(context.Background(), fmt.Sprintf("heads/%d/b", c.Size))
		},
		"the top is gone": func(w *world, c Commitment) error {
			return w.shelf.Remove(context.Background(), fmt.Sprintf("heads/%d/top", c.Size))
		},
		"a bit of a bucket": func(w *world, c Commitment) error { return w.flip(fmt.Sprintf("heads/%d/b", c.Size)) },
		"a bit of the top":  func(w *world, c Commitment) error { return w.flip(fmt.Sprintf("heads/%d/top", c.Size)) },
		"the register": func(w *world, _ Commitment) error {
			was, err := w.shelf.Load(context.Background(), register)
			return errors.Join(err, w.shelf.Swap(context.Background(), register, was, []byte("{")))
		},
	} {
		w := newWorld(t)
		w.record(streamNumbered(1), 3)
		first := w.mustCommit()
		w.record(streamNumbered(2), 3)
		c := w.mustCommit()
		if err := damage(w, c); err != nil {
			t.Fatal(err)
		}
		if _, err := Prove(t.Context(), w.shelf, c, event.Policy); !errors.Is(err, ErrSnapshot) && !errors.Is(err, ledger.ErrAbsent) {
			t.Errorf("%s: proved from a damaged tree: %v", what, err)
		}
		w.record(streamNumbered(3), 1)
		w.mustProve(w.mustCommit())
		if what != "the register" {
			w.mustProve(first)
		}
	}
}

func (w *world) flip(name string) error {
	b, err := w.shelf.Get(context.Background(), name)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 4
	return errors.Join(w.shelf.Remove(context.Background(), name), w.shelf.Put(context.Background(), ledger.Object{Name: name, Bytes: b}))
}

// Run commits when something was recorded, and only then.
func TestRunCommitsWhatWasRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.committer(w.shelf)
	tick, asked := make(chan time.Time), make(chan time.Duration)
	c.After = func(d time.Duration) <-chan time.Time {
		asked <- d
		return tick
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	head := event.Position(0)
	for _, n := range []int{0, 2, 0, 0, 1} {
		if d := <-asked; d != time.Hour {
			t.Errorf("it waits for %s", d)
		}
		if n > 0 {
			w.record(streamNumbered(n), n)
			head += event.Position(n) + 1
		}
		tick <- start
		d := <-asked // and so it is done
		if got, err := w.store.Head(t.Context()); err != nil || got != head {
			t.Errorf("%d recorded: it ends at %d, want %d; %v", n, got, head, err)
		}
		tick <- start
		_ = d
	}
	<-asked
	stop()
	<-ended
}
