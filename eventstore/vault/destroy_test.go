package vault

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
)

// Nobody seals with a retired key any more once the time has passed that the
// package gives, whoever has the keystore open and has the key at hand.
func TestNobodySealsWithARetiredKey(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		here := mustOpen(t, c)
		now := &clock{now: noon}
		c.Now = now.Now
		there := mustOpen(t, c)
		key := mustEnsure(t, there, healthOf(alpha))[0]
		sealed := mustSeal(t, there, key.ID, "x")
		unused := mustEnsure(t, here, healthOf(bravo))[0]

		wantError(t, here.Retire(t.Context(), key.ID, unused.ID), nil)
		wantError(t, here.Retire(t.Context(), key.ID, unused.ID), nil)
		_, err := here.Seal(t.Context(), nil, key.ID, nil, nil)
		wantError(t, err, ErrKeyRetired)
		mustSeal(t, there, key.ID, "x") // not noticed yet: that is what an erasure waits for

		now.Advance(Noticed)
		_, err = there.Seal(t.Context(), nil, key.ID, nil, nil)
		wantError(t, err, ErrKeyRetired)
		wantOpen(t, there, key.ID, sealed, "x")
		next := mustEnsure(t, there, healthOf(alpha))[0]
		if next.ID == key.ID {
			t.Error("a retired key is given out")
		}
		mustSeal(t, there, next.ID, "x")
		if same := mustEnsure(t, here, healthOf(alpha))[0]; same != next {
			t.Errorf("two keys for one reference: %v and %v", same, next)
		}
		infos, err := here.KeysOf(t.Context(), alpha)
		if err != nil || len(infos) != 2 || infos[0].Sealing == infos[1].Sealing {
			t.Errorf("%v, %v", infos, err)
		}
		wantError(t, here.Retire(t.Context(), next.ID, alpha), ErrKeyMissing)
		mustSeal(t, here, next.ID, "x") // all or none
	})
}

// slow is a storage that answers for a key late: the clock goes on after it has
// read, and before it answers.
type slow struct {
	storage
	meanwhile func()
}

func (s *slow) key(ctx context.Context, id event.UUID) (record, error) {
	r, err := s.storage.key(ctx, id)
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		f()
	}
	return r, err
}

func TestASlowKeystoreDoesNotMakeARetiredKeySeal(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		here := mustOpen(t, c)
		key := mustEnsure(t, here, healthOf(alpha))[0]
		now := &clock{now: noon}
		c.Now = now.Now
		there := mustOpen(t, c)
		there.store = &slow{there.store, func() {
			wantError(t, here.Retire(t.Context(), key.ID), nil)
			now.Advance(Noticed)
		}}
		_, err := there.Seal(t.Context(), nil, key.ID, nil, nil)
		wantError(t, err, ErrKeyRetired)
	})
}

// While keys are retired and sealed with at once, by two processes, whatever
// was sealed more than the bound after a retirement is refused; all that was
// sealed opens.
func TestRetiringAndSealingAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		c.Now = time.Now
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c)}
		var mu sync.Mutex
		sealed := map[event.UUID][]byte{}
		ctx, stop := context.WithCancel(context.Background())
		var wait sync.WaitGroup
		for _, v := range vaults {
			wait.Go(func() {
				for ctx.Err() == nil {
					keys, err := v.Ensure(context.Background(), healthOf(alpha))
					if err != nil {
						t.Error(err)
						return
					}
					box, err := v.Seal(context.Background(), nil, keys[0].ID, []byte("x"), someplace)
					if errors.Is(err, ErrKeyRetired) {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					sealed[keys[0].ID] = box
					mu.Unlock()
				}
			})
		}
		for range 10 {
			wantError(t, vaults[0].Retire(context.Background(), mustEnsure(t, vaults[0], healthOf(alpha))[0].ID), nil)
		}
		stop()
		wait.Wait()
		after := mustOpen(t, c)
		for key, box := range sealed {
			wantOpen(t, after, key, box, "x")
		}
	})
}

func TestManyKeysAreDestroyedTogether(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		var refs []Ref
		for i := range 30 {
			refs = append(refs, healthOf(somebody(i)))
		}
		var all []Destruction
		sealed := map[event.UUID][]byte{}
		for _, k := range mustEnsure(t, v, refs...) {
			sealed[k.ID] = mustSeal(t, v, k.ID, "x")
			all = append(all, Destruction{k.ID, erasure})
		}
		wantError(t, v.DestroyAll(t.Context(), append(slices.Clone(all), Destruction{alpha, erasure})...), ErrKeyMissing)
		wantError(t, v.DestroyAll(t.Context(), all[0], Destruction{Key: all[1].Key}), errNoEvent)
		for key, box := range sealed { // all or none
			wantOpen(t, v, key, box, "x")
		}
		gone := all[:20]
		for range 2 {
			wantError(t, v.DestroyAll(t.Context(), gone...), nil)
			if n, err := v.Destroyed(t.Context()); err != nil || n != 20 {
				t.Errorf("%d destroyed, %v", n, err)
			}
		}
		for i, d := range all {
			if i >= len(gone) {
				wantOpen(t, v, d.Key, sealed[d.Key], "x")
				continue
			}
			_, err := v.Open(t.Context(), nil, d.Key, sealed[d.Key], someplace)
			wantError(t, err, ErrErased)
		}
		wantError(t, v.DestroyAll(t.Context()), nil)
	})
}

func TestEverythingOfAPersonIsUnlinked(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		crn := Identifier{"crn", "X991234"}
		wantError(t, v.Confirm(t.Context(), number, alpha), nil)
		wantError(t, v.Reserve(t.Context(), crn, alpha, command), nil)
		wantError(t, v.Confirm(t.Context(), Identifier{"crn", "X995678"}, bravo), nil)
		claims, err := v.ClaimsOf(t.Context(), alpha)
		if err != nil || len(claims) != 2 || claims[0].Confirmed == claims[1].Confirmed {
			t.Errorf("claims: %+v, %v", claims, err)
		}
		for _, c := range claims {
			if want := map[bool]Blinded{true: v.Blind(number), false: v.Blind(crn)}[c.Confirmed]; c.Blinded != want || !c.ReservedAt.Equal(noon) {
				t.Errorf("%+v", c)
			}
		}
		if n, err := v.UnlinkAll(t.Context(), alpha, number, crn); err != nil || n != 0 {
			t.Errorf("%d unlinked, %v, and both are to be kept", n, err)
		}
		if n, err := v.UnlinkAll(t.Context(), alpha, number); err != nil || n != 1 {
			t.Errorf("%d unlinked, %v, and one of two is to be kept", n, err)
		}
		wantFound(t, v, number, alpha)
		for _, want := range []int{1, 0} {
			if n, err := v.UnlinkAll(t.Context(), alpha); err != nil || n != want {
				t.Errorf("%d unlinked, %v; want %d", n, err, want)
			}
		}
		wantFound(t, v, number, event.UUID{})
		wantFound(t, v, Identifier{"crn", "X995678"}, bravo)
		wantError(t, v.Confirm(t.Context(), number, bravo), nil) // somebody else may have it
		if claims, err := v.ClaimsOf(t.Context(), alpha); err != nil || len(claims) != 0 {
			t.Errorf("then: %+v, %v", claims, err)
		}
	})
}

func TestNoFileHoldsABlindValueThatWasUnlinked(t *testing.T) {
	t.Parallel()
	c := config(t)
	v := mustOpen(t, c)
	wantError(t, v.Confirm(t.Context(), number, alpha), nil)
	blind := v.Blind(number)
	if grep(t, filepath.Dir(c.Path), blind[:]) == nil {
		t.Fatal("it was not found before: the search is broken")
	}
	if _, err := v.UnlinkAll(t.Context(), alpha); err != nil {
		t.Fatal(err)
	}
	if found := grep(t, filepath.Dir(c.Path), blind[:]); found != nil {
		t.Errorf("it stands in %v", found)
	}
}

// sequence is what a ledger says, and the error that it ends with.
func sequence(all []Buried, last error) iter.Seq2[Buried, error] {
	return func(yield func(Buried, error) bool) {
		for _, b := range all {
			if !yield(b, nil) {
				return
			}
		}
		if last != nil {
			yield(Buried{}, last)
		}
	}
}

// A keystore that is older than the ledger forgets again what the ledger says
// was destroyed, also keys that it has never had.
func TestDestructionsAreRepeatedInAnOlderKeystore(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		var refs []Ref
		for i := range atOnce + 10 {
			refs = append(refs, healthOf(somebody(i)))
		}
		keys := mustEnsure(t, v, refs...)
		wantError(t, v.Destroy(t.Context(), keys[0].ID, erasure2), nil)
		kept := mustEnsure(t, v, healthOf(bravo))[0]
		later := Key{event.MustUUID("4b000000-0000-4000-8000-00000000000a"), event.Commitment{7}}
		ledger := []Buried{{Destruction{later.ID, erasure}, healthOf(alpha), later.Commitment}}
		for i, k := range keys {
			ledger = append(ledger, Buried{Destruction{k.ID, erasure}, refs[i], k.Commitment})
		}
		failing := errors.New("the ledger cannot be read")
		n, err := v.Reapply(t.Context(), sequence(ledger[:atOnce+1], failing))
		if wantError(t, err, failing); n != atOnce-1 {
			t.Errorf("%d repeated before it failed", n)
		}
		n, err = v.Reapply(t.Context(), sequence(ledger, nil))
		if err != nil || n != uint64(len(ledger)-atOnce) {
			t.Errorf("%d repeated, %v", n, err)
		}
		if gone, err := v.Destroyed(t.Context()); err != nil || gone != uint64(len(ledger)) {
			t.Errorf("%d destroyed, %v; want %d", gone, err, len(ledger))
		}
		if n, err := v.Reapply(t.Context(), sequence(ledger, nil)); n != 0 || err != nil {
			t.Errorf("once more: %d, %v", n, err)
		}
		for _, b := range ledger {
			_, err := v.Open(t.Context(), nil, b.Key, nil, nil)
			wantError(t, err, ErrErased)
			wantError(t, v.CheckCommitment(t.Context(), b.Key, b.Commitment), nil)
		}
		mustSeal(t, v, kept.ID, "x")
		infos, err := v.KeysOf(t.Context(), somebody(0))
		if err != nil || len(infos) != 1 || infos[0].DestroyedBy != erasure2 {
			t.Errorf("the first event is kept: %+v, %v", infos, err)
		}
		_, err = v.Reapply(t.Context(), sequence([]Buried{{}}, nil))
		wantError(t, err, errNoEvent)
	})
}
