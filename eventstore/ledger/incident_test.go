package ledger_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/memory"
)

// altered is a store whose events come out otherwise than they went in.
type altered struct {
	eventstore.Store
	reads atomic.Int64
	// alter changes the event of a reading, counted from 1; false leaves it out.
	alter func(reading int64, e *eventstore.Stored) bool
}

func (a *altered) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		reading := a.reads.Add(1)
		for e, err := range a.Store.ReadAll(ctx, after) {
			if err == nil && a.alter != nil && !a.alter(reading, &e) {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// mustRefuse checks that nothing is signed, that the alarm says what is wrong, and
// that it stays so until the alarm is lifted.
func (w *world) mustRefuse(t *testing.T, code, detail string) {
	t.Helper()
	before, was := len(w.signer.trees(t)), string(w.value(t, ledger.RegisterCheckpoint))
	s := w.sealer(t)
	for range 2 {
		_, err := s.Seal(t.Context())
		if !errors.Is(err, ledger.ErrAlarm) || errors.Is(err, ledger.ErrRecoveryRequired) != (code == ledger.AlarmRecovery) {
			t.Fatalf("got %v, want an alarm of %s", err, code)
		}
		a, err := ledger.ReadAlarm(t.Context(), w.shelf)
		if err != nil || a == nil || a.Code != code || !strings.Contains(a.Detail, detail) || !a.RaisedAt.Equal(noon) {
			t.Fatalf("the alarm is %+v (%v), want %s, %q", a, err, code, detail)
		}
		s = w.sealer(t)
	}
	if len(w.signer.trees(t)) != before || string(w.value(t, ledger.RegisterCheckpoint)) != was {
		t.Error("it was signed, or published, nevertheless")
	}
}

func (w *world) mustLift(t *testing.T) {
	t.Helper()
	a, err := ledger.ReadAlarm(t.Context(), w.shelf)
	if err == nil && a != nil {
		err = ledger.LiftAlarm(t.Context(), w.shelf, *a, "it was looked into", noon)
	}
	if a == nil || err != nil {
		t.Fatalf("lift %v: %v", a, err)
	}
}

func TestWhatIsNoEntryIsNotSealed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alter        func(reading int64, e *eventstore.Stored) bool
		code, detail string
	}{
		"recorded before the one in front of it": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 8 {
				e.RecordedAt = e.RecordedAt.Add(-time.Microsecond)
			}
			return true
		}, ledger.AlarmVerification, "position 8 "},
		"the first of a sealing before the last of the one before": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position > 5 {
				e.RecordedAt = e.RecordedAt.Add(-time.Hour)
			}
			return true
		}, ledger.AlarmVerification, "position 6 "},
		"a fraction of a microsecond": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 7 {
				e.RecordedAt = e.RecordedAt.Add(1)
			}
			return true
		}, ledger.AlarmVerification, "position 7 "},
		"left out": {func(_ int64, e *eventstore.Stored) bool { return e.Position != 7 },
			ledger.AlarmVerification, "position 8 follows 6"},
		"of another format": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 9 {
				e.Body = append(append([]byte(nil), e.Body[:32]...), 0, 2)
			}
			return true
		}, ledger.AlarmVerification, "entry 9"},
		"without a revision": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 9 {
				e.Revision = 0
			}
			return true
		}, ledger.AlarmVerification, "entry 9"},
		"another one when it is read again": {func(reading int64, e *eventstore.Stored) bool {
			if e.Position == 10 && reading%3 == 0 {
				e.Body[31] ^= 1
			}
			return true
		}, ledger.AlarmVerification, "entry 10"},
		"not there when it is read again": {func(reading int64, e *eventstore.Stored) bool {
			return e.Position < 10 || reading%3 != 0
		}, ledger.AlarmVerification, "entry 10"},
		"the last that was sealed is another": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 5 {
				e.Body[0] ^= 1
			}
			return true
		}, ledger.AlarmRecovery, "entry 5 "},
		"one in the last tile is another": {func(_ int64, e *eventstore.Stored) bool {
			if e.Position == 2 {
				e.Revision++
			}
			return true
		}, ledger.AlarmRecovery, "entry 2 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(t, 5)
			w.mustSeal(t, w.sealer(t))
			w.record(t, 5)
			store := &altered{Store: w.store, alter: c.alter}
			w.store = store
			w.mustRefuse(t, c.code, c.detail)
			store.alter = nil
			w.mustRefuse(t, c.code, c.detail)
			w.mustLift(t)
			w.mustSeal(t, w.sealer(t))
		})
	}
}

// TestARunningSealerSeesThatTheStoreWasPutBack is of a sealer that need not look at
// anything anew.
func TestARunningSealerSeesThatTheStoreWasPutBack(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]struct {
		entries, others int
		detail          string
	}{
		"shorter":           {7, 0, "ends at entry 7"},
		"empty":             {0, 0, "ends at entry 0"},
		"with other events": {7, 20, "entry 10 "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(t, 10)
			store := &altered{Store: w.store}
			w.store = store
			s := w.sealer(t)
			w.mustSeal(t, s)
			store.Store = older(t, back.entries, back.others)
			signed := len(w.signer.trees(t))
			if _, err := s.Seal(t.Context()); !errors.Is(err, ledger.ErrRecoveryRequired) || !strings.Contains(err.Error(), back.detail) {
				t.Errorf("got %v, want %s", err, back.detail)
			}
			if len(w.signer.trees(t)) != signed {
				t.Error("it signed")
			}
			w.mustRefuse(t, ledger.AlarmRecovery, back.detail)
		})
	}
}

// older is the store of a world as it was after some entries, with others after
// them.
func older(t *testing.T, entries, others int) eventstore.Store {
	t.Helper()
	s := memory.New(func() time.Time { return noon })
	w := newWorld(t)
	appendEntries(t, s, w.stream, 0, entries)
	appendEntries(t, s, w.stream, 1<<32, others)
	return s
}

func TestAStoreThatIsNotWhatWasSignedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, w *world)
		detail string
	}{
		"an old backup": {func(t *testing.T, w *world) { w.store = older(t, 299, 0) }, "ends at entry 299"},
		"an old backup that was written to": {func(t *testing.T, w *world) {
			w.store = older(t, 280, 100)
		}, "entry 281 "},
		"an older backup that was written to": {func(t *testing.T, w *world) {
			w.store = older(t, 100, 400)
		}, "entry 257 "},
		"an old backup of store and shelf": {func(t *testing.T, w *world) {
			w.store, w.shelf = older(t, 280, 0), sealedShelf(t, w, 280)
		}, "the store ends at entry 280, what was signed at entry 300"},
		"an old backup of store and shelf that was written to": {func(t *testing.T, w *world) {
			w.store, w.shelf = older(t, 280, 300), sealedShelf(t, w, 280)
		}, "the 300 entries of the store are not those that the signer remembers"},
		"a memory that is lost": {func(t *testing.T, w *world) { w.memory.set(ledger.Tree{}) }, "the signer remembers none"},
		"a memory of another root": {func(t *testing.T, w *world) {
			w.memory.set(ledger.Tree{N: 300, Hash: ledger.Tree{}.Hash})
		}, "the published root of 300 entries is not the one"},
		"a memory of another tree that is smaller": {func(t *testing.T, w *world) {
			w.memory.set(ledger.Tree{N: 200})
		}, "does not add to the 200"},
		"a checkpoint that is lost, and a store that is another": {func(t *testing.T, w *world) {
			w.store, w.shelf = older(t, 299, 50), newShelf(w.faults)
		}, "the 300 entries of the store are not those"},
		"a checkpoint that nobody signed": {func(t *testing.T, w *world) {
			if err := w.shelf.Swap(t.Context(), ledger.RegisterCheckpoint, w.value(t, ledger.RegisterCheckpoint), []byte("none")); err != nil {
				t.Fatal(err)
			}
		}, "no checkpoint that a known key has signed"},
		"a witnessed checkpoint, and none published": {func(t *testing.T, w *world) {
			signed := w.value(t, ledger.RegisterCheckpoint)
			w.shelf = newShelf(w.faults)
			if err := w.shelf.Swap(t.Context(), ledger.RegisterWitnessed, nil, signed); err != nil {
				t.Fatal(err)
			}
		}, "a checkpoint was witnessed"},
		"a tile that is lost, and a store that is another": {func(t *testing.T, w *world) {
			if err := w.shelf.Remove(t.Context(), ledger.TileName(0, 1, 44)); err != nil {
				t.Fatal(err)
			}
			w.store = older(t, 123, 400)
		}, "entry 124 of the store is not the one"},
		"all tiles lost, and a store that is another": {func(t *testing.T, w *world) {
			if err := w.shelf.Remove(t.Context(), ledger.TileName(0, 1, 44), ledger.TileName(0, 0, 256), ledger.TileName(1, 0, 1)); err != nil {
				t.Fatal(err)
			}
			w.store = older(t, 123, 400)
		}, "does not make the 300 entries"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.record(t, 300)
			w.mustSeal(t, w.sealer(t))
			c.spoil(t, w)
			w.mustRefuse(t, ledger.AlarmRecovery, c.detail)
		})
	}
}

// sealedShelf is the shelf of a world as it was after some entries.
func sealedShelf(t *testing.T, w *world, entries int) *shelf {
	t.Helper()
	was := *newWorld(t)
	was.signer, was.public = w.signer, w.public
	was.record(t, entries)
	was.mustSeal(t, was.sealer(t))
	return was.shelf
}

func TestWhatIsLostAndCanBeMadeAgainIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, w *world){
		"tiles": func(t *testing.T, w *world) {
			if err := w.shelf.Remove(t.Context(), ledger.TileName(0, 1, 44), ledger.TileName(0, 0, 256), ledger.TileName(1, 0, 1)); err != nil {
				t.Fatal(err)
			}
		},
		"a tile's content": func(t *testing.T, w *world) {
			if err := w.shelf.Remove(t.Context(), ledger.TileName(0, 1, 44)); err != nil {
				t.Fatal(err)
			}
			if err := w.shelf.Put(t.Context(), ledger.Object{Name: ledger.TileName(0, 1, 44), Bytes: make([]byte, 44*32)}); err != nil {
				t.Fatal(err)
			}
		},
		"the shelf, checkpoint and all": func(_ *testing.T, w *world) { w.shelf = newShelf(w.faults) },
		"what the signer remembered last, but not all": func(t *testing.T, w *world) {
			w.memory.set(treeOf(t, w.store, 257))
		},
	} {
		for _, more := range []int{0, 5} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				w.record(t, 300)
				w.mustSeal(t, w.sealer(t))
				lose(t, w)
				w.record(t, more)
				w.mustSeal(t, w.sealer(t))
				mustBeConsistent(t, w.store, w.signer.trees(t))
			})
		}
	}
}

func TestATileThatNobodySignedAndIsAnotherIsAnIncident(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 10)
	w.mustSeal(t, w.sealer(t))
	if err := w.shelf.Put(t.Context(), ledger.Object{Name: ledger.TileName(0, 0, 17), Bytes: make([]byte, 17*32)}); err != nil {
		t.Fatal(err)
	}
	w.record(t, 7)
	w.mustRefuse(t, ledger.AlarmRecovery, "a tile that is there already")
	if _, err := w.sealer(t).Recover(t.Context(), ledger.Acceptance{Checkpoint: w.value(t, ledger.RegisterCheckpoint), Reason: "looked into"}); err != nil {
		t.Fatal(err)
	}
	w.mustSeal(t, w.sealer(t))
}

func TestAnAlarmIsRaisedOnceAndLiftedWithAReason(t *testing.T) {
	t.Parallel()
	var s keep.ShelfMemory
	ctx := t.Context()
	if a, err := ledger.ReadAlarm(ctx, &s); a != nil || err != nil {
		t.Fatalf("an alarm before any: %v, %v", a, err)
	}
	first := ledger.Alarm{Code: "verification-failed", Detail: "entry 7", RaisedAt: noon}
	second := ledger.Alarm{Code: "witness-conflict", Detail: "size 9", RaisedAt: noon.Add(time.Second)}
	for _, a := range []ledger.Alarm{first, second} {
		if err := ledger.RaiseAlarm(ctx, &s, a); err != nil {
			t.Fatal(err)
		}
	}
	if a, err := ledger.ReadAlarm(ctx, &s); err != nil || a == nil || *a != first {
		t.Fatalf("got %v, %v, want the first", a, err)
	}
	for what, c := range map[string]struct {
		alarm  ledger.Alarm
		reason string
		want   error
	}{
		"another alarm": {second, "x", ledger.ErrNoAlarm},
		"no reason":     {first, "", ledger.ErrReason},
		"a long reason": {first, strings.Repeat("x", 1001), ledger.ErrReason},
	} {
		if err := ledger.LiftAlarm(ctx, &s, c.alarm, c.reason, noon); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	for i := range 20 {
		if err := ledger.LiftAlarm(ctx, &s, first, "a false alarm", noon.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if a, err := ledger.ReadAlarm(ctx, &s); a != nil || err != nil {
			t.Fatalf("after it was lifted: %v, %v", a, err)
		}
		if err := ledger.LiftAlarm(ctx, &s, first, "again", noon); !errors.Is(err, ledger.ErrNoAlarm) {
			t.Errorf("lifted twice: %v", err)
		}
		if err := ledger.RaiseAlarm(ctx, &s, first); err != nil {
			t.Fatal(err)
		}
	}
	l, err := ledger.ReadLiftings(ctx, &s)
	if err != nil || len(l) != 16 || l[0] != (ledger.Lifting{Alarm: first, Reason: "a false alarm", LiftedAt: noon.Add(19 * time.Minute)}) {
		t.Errorf("what was lifted: %+v, %v", l, err)
	}
}

func TestASealerOfOtherPartsIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, _ := ledgertest.Key(t, "elsewhere.example/ledger")
	for name, spoil := range map[string]func(*ledger.SealerConfig){
		"no store":       func(c *ledger.SealerConfig) { c.Store = nil },
		"no memory":      func(c *ledger.SealerConfig) { c.Memory = nil },
		"no key":         func(c *ledger.SealerConfig) { c.Signers = nil },
		"another's key":  func(c *ledger.SealerConfig) { c.Signers = []note.Signer{other} },
		"another origin": func(c *ledger.SealerConfig) { c.Origin = "elsewhere.example/ledger" },
	} {
		c := w.config()
		spoil(&c)
		if _, err := ledger.NewSealer(c); !errors.Is(err, ledger.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := w.config()
	unknown, _ := ledgertest.Key(t, origin)
	c.Signers = append(c.Signers, unknown)
	s, err := ledger.NewSealer(c)
	if err != nil {
		t.Fatal(err)
	}
	w.record(t, 1)
	if _, err := s.Seal(t.Context()); !errors.Is(err, ledger.ErrCheckpoint) {
		t.Errorf("a signature that nobody can verify: %v", err)
	}
	w.mustSeal(t, w.sealer(t))
}

// TestABitThatFlipsInMemoryIsNotPublished is of every tile and the root, after they
// were made of entries that were read rightly.
func TestABitThatFlipsInMemoryIsNotPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.record(t, 600)
	s := w.sealer(t)
	for name, alter := range map[string]func(full []ledger.Object, edge [][]byte, root *tlog.Hash){
		"in a full tile":                func(full []ledger.Object, _ [][]byte, _ *tlog.Hash) { full[1].Bytes[4000] ^= 1 },
		"in the last tile of leaves":    func(_ []ledger.Object, edge [][]byte, _ *tlog.Hash) { edge[0][100] ^= 1 },
		"in the last tile above leaves": func(_ []ledger.Object, edge [][]byte, _ *tlog.Hash) { edge[1][40] ^= 1 },
		"in the root":                   func(_ []ledger.Object, _ [][]byte, root *tlog.Hash) { root[31] ^= 1 },
		"in the name of a tile":         func(full []ledger.Object, _ [][]byte, _ *tlog.Hash) { full[0].Name = full[1].Name },
	} {
		if err := s.CheckAltered(t.Context(), alter); !errors.Is(err, ledger.ErrAlarm) || errors.Is(err, ledger.ErrRecoveryRequired) {
			t.Errorf("%s: got %v, want an alarm", name, err)
		}
	}
	if err := s.CheckAltered(t.Context(), func([]ledger.Object, [][]byte, *tlog.Hash) {}); err != nil {
		t.Errorf("nowhere: %v", err)
	}
}
