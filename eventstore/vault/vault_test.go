package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"

	_ "modernc.org/sqlite"
)

var (
	alpha     = event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	bravo     = event.MustUUID("5f0c8a52-2222-4222-8222-222222222222")
	erasure   = event.ID{UUID: event.MustUUID("e0000000-0000-8000-8000-000000000001")}
	erasure2  = event.ID{UUID: event.MustUUID("e0000000-0000-8000-8000-000000000002")}
	noon      = time.Date(2026, 2, 23, 12, 0, 0, 0, time.UTC)
	someplace = []byte("event, stream, type, class")
)

func healthOf(person event.UUID) Ref { return Ref{person, event.NHS, event.Health} }

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// config is of a keystore that does not exist yet, in a file.
func config(t testing.TB) Config {
	dir := t.TempDir()
	return Config{Path: filepath.Join(dir, "keys.db"), KEKPath: filepath.Join(dir, "kek"), Now: (&clock{now: noon}).Now, Rand: rand.Reader}
}

// configs are of keystores that do not exist yet, by where they are.
var configs = map[string]func(testing.TB) Config{"sqlite": config}

func mustOpen(t testing.TB, c Config) *Vault {
	t.Helper()
	v, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

func mustEnsure(t testing.TB, v *Vault, refs ...Ref) []Key {
	t.Helper()
	keys, err := v.Ensure(context.Background(), refs...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func mustSeal(t testing.TB, v *Vault, key event.UUID, plaintext string) []byte {
	t.Helper()
	sealed, err := v.Seal(context.Background(), nil, key, []byte(plaintext), someplace)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantOpen(t *testing.T, v *Vault, key event.UUID, sealed []byte, want string) {
	t.Helper()
	got, err := v.Open(t.Context(), nil, key, sealed, someplace)
	if err != nil || string(got) != want {
		t.Errorf("open under %s: got %q, %v; want %q", key, got, err, want)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// eachStorage runs a test on every durable storage and on their memory double.
func eachStorage(t *testing.T, test func(t *testing.T, v *Vault)) {
	t.Helper()
	eachDurable(t, func(t *testing.T, c Config) { test(t, mustOpen(t, c)) })
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		v, err := OpenMemory(t.Context(), config(t))
		if err != nil {
			t.Fatal(err)
		}
		test(t, v)
	})
}

// eachDurable runs a test on every storage that outlives its process.
func eachDurable(t *testing.T, test func(t *testing.T, c Config)) {
	t.Helper()
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, config(t))
		})
	}
}

func TestABoxOpensOnlyUnderItsKeyAndInItsPlace(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo), Ref{alpha, event.NHS, event.Identity}, Ref{alpha, event.Probation, event.Health})
		sealed := mustSeal(t, v, keys[0].ID, "sleeps badly")
		if len(sealed) != len("sleeps badly")+Overhead {
			t.Errorf("%d bytes sealed, want %d more than the content", len(sealed), Overhead)
		}
		wantOpen(t, v, keys[0].ID, sealed, "sleeps badly")
		for _, other := range keys[1:] {
			_, err := v.Open(t.Context(), nil, other.ID, sealed, someplace)
			wantError(t, err, ErrBroken)
		}
		_, err := v.Open(t.Context(), nil, keys[0].ID, sealed, []byte("elsewhere"))
		wantError(t, err, ErrBroken)
		for i := range sealed {
			sealed[i] ^= 1
			_, err := v.Open(t.Context(), nil, keys[0].ID, sealed, someplace)
			wantError(t, err, ErrBroken)
			sealed[i] ^= 1
		}
		if again := mustSeal(t, v, keys[0].ID, "sleeps badly"); string(again) == string(sealed) {
			t.Error("the same content was sealed to the same bytes twice")
		}
	})
}

func TestEnsureGivesEveryoneTheSameKeys(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c)}
		got := make([]Key, 32)
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() {
				keys, err := vaults[i%2].Ensure(context.Background(), healthOf(bravo), healthOf(alpha), healthOf(alpha))
				if err != nil || keys[1] != keys[2] {
					t.Errorf("ensure: %v, %v", keys, err)
					return
				}
				got[i] = keys[1]
			})
		}
		wait.Wait()
		for _, k := range got {
			if k != got[0] {
				t.Fatalf("keys %v and %v for one reference", k, got[0])
			}
		}
		if _, err := vaults[0].Ensure(t.Context(), Ref{Side: event.NHS, Class: event.Health}); err == nil {
			t.Error("a key was made for nobody")
		}
	})
}

func TestKeysMadeAtOnceAreEachKept(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		ended, end := context.WithCancel(t.Context())
		end()
		if _, err := v.Ensure(ended, healthOf(alpha)); !errors.Is(err, context.Canceled) {
			t.Errorf("after its context ended: %v", err)
		}
		var got [64]Key
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				keys, err := v.Ensure(ctx, healthOf(event.UUID{15: byte(i + 1)}))
				if err != nil {
					t.Error(err)
					return
				}
				got[i] = keys[0]
			})
		}
		wait.Wait()
		after := mustOpen(t, c)
		for i, k := range got {
			if again := mustEnsure(t, after, healthOf(event.UUID{15: byte(i + 1)})); again[0] != k {
				t.Errorf("person %d: key %v on disk, %v was returned", i, again[0], k)
			}
		}
	})
}

func TestAKeyOutlivesACrashBeforeItsFirstAppend(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		before := mustOpen(t, c) // and never closed: what is on disk is all there is
		first := mustEnsure(t, before, healthOf(alpha))
		sealed := mustSeal(t, before, first[0].ID, "x")

		after := mustOpen(t, c)
		if again := mustEnsure(t, after, healthOf(alpha)); again[0] != first[0] {
			t.Errorf("after the crash the key is %v, was %v", again, first)
		}
		wantOpen(t, after, first[0].ID, sealed, "x")
		wantError(t, after.CheckCommitment(t.Context(), first[0].ID, first[0].Commitment), nil)
	})
}

func TestDestroyedIsNotMissing(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
		lost, kept := keys[0], keys[1]
		sealed, other := mustSeal(t, v, lost.ID, "x"), mustSeal(t, v, kept.ID, "y")
		if err := v.Destroy(t.Context(), lost.ID, event.ID{}); err == nil {
			t.Error("destroyed without an event")
		}
		for _, by := range []event.ID{erasure, erasure2} { // the second changes nothing
			if err := v.Destroy(t.Context(), lost.ID, by); err != nil {
				t.Fatal(err)
			}
		}
		_, err := v.Open(t.Context(), nil, lost.ID, sealed, someplace)
		wantError(t, err, ErrErased)
		_, err = v.Seal(t.Context(), nil, lost.ID, nil, nil)
		wantError(t, err, ErrErased)
		wantError(t, v.CheckCommitment(t.Context(), lost.ID, lost.Commitment), nil)
		wantOpen(t, v, kept.ID, other, "y")

		_, err = v.Open(t.Context(), nil, alpha, sealed, someplace) // not a key's id
		wantError(t, err, ErrKeyMissing)
		wantError(t, v.Destroy(t.Context(), alpha, erasure), ErrKeyMissing)
		wantError(t, v.CheckCommitment(t.Context(), alpha, lost.Commitment), ErrKeyMissing)

		next := mustEnsure(t, v, healthOf(alpha))[0]
		if next.ID == lost.ID {
			t.Error("a destroyed key seals again")
		}
		infos, err := v.KeysOf(t.Context(), alpha)
		if err != nil || len(infos) != 2 {
			t.Fatalf("keys of the person: %v, %v", infos, err)
		}
		for _, i := range infos {
			if i.Ref != healthOf(alpha) || i.Sealing != (i.ID == next.ID) || (i.DestroyedBy == erasure) != (i.ID == lost.ID) {
				t.Errorf("%+v", i)
			}
		}
	})
}

func TestADestructionElsewhereIsNoticedWithinASecond(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		here := mustOpen(t, c)
		key := mustEnsure(t, here, healthOf(alpha))[0]
		sealed := mustSeal(t, here, key.ID, "x")

		now := &clock{now: noon}
		c.ReadOnly, c.Now = true, now.Now
		beside := mustOpen(t, c)
		wantOpen(t, beside, key.ID, sealed, "x")
		if err := here.Destroy(t.Context(), key.ID, erasure); err != nil {
			t.Fatal(err)
		}
		now.Advance(recheck)
		_, err := beside.Open(t.Context(), nil, key.ID, sealed, someplace)
		wantError(t, err, ErrErased)
	})
}

func TestAViewOpensOneSide(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		keys := mustEnsure(t, v, healthOf(alpha), Ref{alpha, event.Probation, event.Offence})
		ours, theirs := mustSeal(t, v, keys[0].ID, "ours"), mustSeal(t, v, keys[1].ID, "theirs")
		view := v.View(event.NHS)
		if got, err := view.Open(t.Context(), nil, keys[0].ID, ours, someplace); err != nil || string(got) != "ours" {
			t.Errorf("own box: %q, %v", got, err)
		}
		_, err := view.Open(t.Context(), nil, keys[1].ID, theirs, someplace)
		wantError(t, err, ErrWithheld)
		if err := v.Destroy(t.Context(), keys[1].ID, erasure); err != nil {
			t.Fatal(err)
		}
		_, err = view.Open(t.Context(), nil, keys[1].ID, theirs, someplace)
		wantError(t, err, ErrWithheld) // what became of it is not ours to know
		_, err = view.Open(t.Context(), nil, alpha, ours, someplace)
		wantError(t, err, ErrKeyMissing)
		wantError(t, view.CheckCommitment(t.Context(), keys[0].ID, keys[1].Commitment), ErrCommitment)
	})
}

func TestAViewOpensSomeClassesOfEverySide(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		refs := []Ref{{alpha, event.NHS, event.Operational}, {alpha, event.Probation, event.Decision}, {alpha, event.NHS, event.Health}}
		view := v.ViewClasses(event.Operational, event.Decision)
		for i, key := range mustEnsure(t, v, refs...) {
			_, err := view.Open(t.Context(), nil, key.ID, mustSeal(t, v, key.ID, "x"), someplace)
			wantError(t, err, []error{nil, nil, ErrWithheld}[i])
		}
	})
}

func TestAKeyIsRetiredBeforeItSealsTooMuch(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		v.limit = 10
		first := mustEnsure(t, v, healthOf(alpha))[0]
		var sealed []byte
		for range 10 {
			sealed = mustSeal(t, v, first.ID, "x")
		}
		second := mustEnsure(t, v, healthOf(alpha))[0]
		if second.ID == first.ID {
			t.Fatal("a key past its limit goes on sealing")
		}
		wantOpen(t, v, first.ID, sealed, "x")
		if again := mustEnsure(t, v, healthOf(alpha))[0]; again != second {
			t.Errorf("then %v, want %v", again, second)
		}
	})
}

func TestSealsAreCountedAcrossStarts(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		key := mustEnsure(t, v, healthOf(alpha))[0]
		for range countStep + 1 {
			mustSeal(t, v, key.ID, "")
		}
		again := mustOpen(t, c)
		again.limit = 0
		e, err := again.lookup(t.Context(), key.ID)
		if err != nil {
			t.Fatal(err)
		}
		e.seals.Store(countStep)
		_, err = again.Seal(t.Context(), nil, key.ID, nil, nil)
		wantError(t, err, ErrKeyExhausted)
		again.limit = countStep
		if next := mustEnsure(t, again, healthOf(alpha))[0]; next == key {
			t.Error("the seals of an earlier start were forgotten")
		}
	})
}

func TestTheSealsOfEveryProcessCount(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c)}
		key := mustEnsure(t, vaults[0], healthOf(alpha))[0]
		mustEnsure(t, vaults[1], healthOf(alpha))
		for range countStep {
			mustSeal(t, vaults[0], key.ID, "")
			mustSeal(t, vaults[1], key.ID, "")
		}
		for _, v := range append(vaults[1:], mustOpen(t, c)) { // vaults[0] hears of it at its next step
			v.limit = 2 * countStep
			if next := mustEnsure(t, v, healthOf(alpha))[0]; next == key {
				t.Error("the seals of another process do not count")
			}
		}
	})
}

func TestReadOnlyChangesNothing(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		ro := c
		ro.ReadOnly = true
		if _, err := Open(t.Context(), ro); err == nil {
			t.Error("a keystore that does not exist was opened read-only")
		}
		v := mustOpen(t, c)
		key := mustEnsure(t, v, healthOf(alpha))[0]
		sealed := mustSeal(t, v, key.ID, "x")
		number := Identifier{"crn", "X991234"}
		if err := v.Confirm(t.Context(), number, alpha); err != nil {
			t.Fatal(err)
		}
		beside := mustOpen(t, ro)
		wantOpen(t, beside, key.ID, sealed, "x")
		if same := mustEnsure(t, beside, healthOf(alpha))[0]; same != key {
			t.Errorf("read-only sees key %v, want %v", same, key)
		}
		if who, err := beside.Find(t.Context(), number); err != nil || who != alpha {
			t.Errorf("find: %s, %v", who, err)
		}
		_, err := beside.Ensure(t.Context(), healthOf(bravo))
		wantError(t, err, ErrKeyMissing)
		_, err = beside.Seal(t.Context(), nil, key.ID, nil, nil)
		for _, err := range []error{err,
			beside.Destroy(t.Context(), key.ID, erasure),
			beside.Reserve(t.Context(), number, alpha, bravo),
			beside.Confirm(t.Context(), number, alpha),
			beside.Release(t.Context(), number, alpha, bravo),
			beside.Unlink(t.Context(), number, alpha),
			beside.Reconcile(t.Context(), noon, nil),
		} {
			wantError(t, err, ErrReadOnly)
		}
	})
}

func TestTheCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := newCache[int, int](8)
	_, _, epoch := c.get(-1)
	for i := range 1000 {
		c.put(i, i, epoch)
		if v, ok, _ := c.get(i); !ok || v != i {
			t.Fatalf("%d was not kept", i)
		}
		if _, ok, _ := c.get(0); !ok {
			t.Fatalf("0, used all the time, was dropped at %d", i)
		}
		if held := len(c.young) + len(c.old); held > 16 {
			t.Fatalf("%d values held, want at most 16", held)
		}
	}
	c.clear()
	c.put(1, 1, epoch) // loaded before the clear
	if _, ok, _ := c.get(1); ok {
		t.Error("a value from before a clear was kept")
	}
}

func FuzzOpen(f *testing.F) {
	v, err := OpenMemory(f.Context(), Config{Now: func() time.Time { return noon }, Rand: rand.Reader})
	if err != nil {
		f.Fatal(err)
	}
	key := mustEnsure(f, v, healthOf(alpha))[0]
	sealed := mustSeal(f, v, key.ID, "sleeps badly")
	f.Add(sealed, someplace)
	f.Add(sealed[:Overhead-1], someplace)
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, b, ad []byte) {
		got, err := v.Open(t.Context(), nil, key.ID, b, ad)
		switch same := string(b) == string(sealed) && string(ad) == string(someplace); {
		case same && string(got) != "sleeps badly":
			t.Errorf("what was sealed opens as %q, %v", got, err)
		case !same && !errors.Is(err, ErrBroken):
			t.Errorf("what was not sealed opens: %v", err)
		}
	})
}
