package verify_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/vault"
)

// keystore is one that anything may be done to; the corpus does it to real ones.
type keystore struct {
	keys    map[event.UUID]vault.Standing
	asked   func()
	altered func() []vault.Alteration
}

func (k *keystore) Standings(_ context.Context, ids []event.UUID) ([]vault.Standing, error) {
	if k.asked != nil {
		k.asked()
	}
	standings := make([]vault.Standing, len(ids))
	for i, id := range ids {
		standings[i] = k.keys[id]
	}
	return standings, nil
}

func (k *keystore) Alterations(context.Context) iter.Seq2[vault.Alteration, error] {
	return func(yield func(vault.Alteration, error) bool) {
		for _, a := range k.altered() {
			if !yield(a, nil) {
				return
			}
		}
	}
}

func (k *keystore) Keys(context.Context) iter.Seq2[vault.Row, error] {
	return func(yield func(vault.Row, error) bool) {
		for id := range k.keys {
			if !yield(vault.Row{KeyInfo: vault.KeyInfo{Key: vault.Key{ID: id}}}, nil) {
				return
			}
		}
	}
}

// keyed is a ledger that commits to n keys, each twice, and its keystore.
func keyed(t testing.TB, n int) ([]eventstore.Stored, *keystore) {
	t.Helper()
	store := &keystore{keys: map[event.UUID]vault.Standing{}, altered: func() []vault.Alteration { return nil }}
	events := made(t, 2*n)
	for i := range events {
		id, c := keyNumber(i%n), event.Commitment{byte(i % n), 1}
		events[i].Body = clearBody(t, "key.created", event.KeyCreated{Key: id, Commitment: c})
		store.keys[id] = vault.Standing{State: vault.KeyThere, Commitment: c}
	}
	return events, store
}

func keyNumber(i int) event.UUID { return event.DeriveUUID("a key", fmt.Append(nil, i)) }

// clearBody is the body of an event of the kernel.
func clearBody(t testing.TB, name string, data any) []byte {
	t.Helper()
	content, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := codec.AppendBody(nil, codec.Body{Meta: event.Meta{Type: name, Version: 1, Effective: event.On(20000), Origin: event.Live},
		Boxes: []codec.Box{{Holder: event.Controller, Sealed: content}}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// destroys appends the event that records a key's destruction.
func destroys(t testing.TB, events []eventstore.Stored, key int) []eventstore.Stored {
	t.Helper()
	e := events[len(events)-1]
	e.Position, e.Revision = e.Position+1, e.Revision+1
	e.ID.UUID[0] ^= byte(e.Position) | 0x80
	e.Body = clearBody(t, "key.destroyed", event.KeyDestroyed{Key: keyNumber(key)})
	return append(slices.Clone(events), e)
}

func TestKeysAreThoseCommittedToOrDestroyedOnTheRecord(t *testing.T) {
	t.Parallel()
	const n = 600
	tombstone := func(k *keystore, key int, by event.ID) {
		s := k.keys[keyNumber(key)]
		k.keys[keyNumber(key)] = vault.Standing{State: vault.KeyGone, Commitment: s.Commitment, DestroyedBy: by}
	}
	for name, c := range map[string]struct {
		alter   func(e []eventstore.Stored, k *keystore) []eventstore.Stored
		want    verdict.Verdict
		code    verdict.Code
		erased  uint64
		notices int
	}{
		"every key there": {func(e []eventstore.Stored, _ *keystore) []eventstore.Stored { return e }, verdict.Intact, "", 0, 0},
		"a key that no entry knows": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			k.keys[keyNumber(n)] = vault.Standing{State: vault.KeyThere}
			return e
		}, verdict.Intact, "", 0, 1},
		"destroyed on the record": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			e = destroys(t, e, 7)
			tombstone(k, 7, e[len(e)-1].ID)
			return e
		}, verdict.IntactErased, "", 1, 0},
		"recorded twice, the first is named": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			e = destroys(t, e, 7)
			tombstone(k, 7, e[len(e)-1].ID)
			return destroys(t, e, 7)
		}, verdict.IntactErased, "", 1, 0},
		"recorded, and not yet destroyed": {func(e []eventstore.Stored, _ *keystore) []eventstore.Stored { return destroys(t, e, 7) },
			verdict.Intact, "", 0, 1},
		"recorded, and no tombstone": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			delete(k.keys, keyNumber(7))
			return destroys(t, e, 7)
		}, verdict.IntactErased, "", 1, 1},
		"absent": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored { delete(k.keys, keyNumber(7)); return e },
			verdict.KeyMissing, verdict.KeyAbsent, 0, 0},
		"a tombstone of no event": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored { tombstone(k, 7, e[0].ID); return e },
			verdict.KeyMissing, verdict.KeyTombstone, 0, 0},
		"a tombstone of another key's event": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			e = destroys(t, e, 8)
			tombstone(k, 8, e[len(e)-1].ID)
			tombstone(k, 7, e[len(e)-1].ID)
			return e
		}, verdict.KeyMissing, verdict.KeyTombstone, 1, 0},
		"another commitment": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			k.keys[keyNumber(7)] = vault.Standing{State: vault.KeyThere, Commitment: event.Commitment{9}}
			return e
		}, verdict.KeyMissing, verdict.KeyAltered, 0, 0},
		"broken": {func(e []eventstore.Stored, k *keystore) []eventstore.Stored {
			s := k.keys[keyNumber(7)]
			s.State = vault.KeyBroken
			k.keys[keyNumber(7)] = s
			return e
		}, verdict.KeyMissing, verdict.KeyAltered, 0, 0},
	} {
		for _, atOnce := range []int{0, 64} { // all of them in one reading, and in many
			events, store := keyed(t, n)
			events = c.alter(events, store)
			k := newKey(t, origin)
			with := k.config(&list{events: events}, k.shelf(t, hash(t, slices.Values(events)), len(events)))
			with.Keys, with.KeysAtOnce = store, atOnce
			r := run(t, with)
			if r.Verdict() != c.want || r.Erased != c.erased || len(r.Notices) != c.notices {
				t.Errorf("%s, %d at once: %s, %d erased, %q", name, atOnce, r.Headline(), r.Erased, r.Notices)
			}
			if c.code == "" {
				continue
			}
			if f := r.Findings; len(f) != 1 || f[0].Code != c.code || f[0].Key != keyNumber(7).String() || f[0].Entry != 8 {
				t.Errorf("%s, %d at once: %+v", name, atOnce, f)
			}
		}
	}
}

// A key may be destroyed while the verification is under way: the tombstone is
// there, and its event behind what was read.
func TestAKeyDestroyedMeanwhileIsNotMissing(t *testing.T) {
	t.Parallel()
	events, store := keyed(t, 10)
	k := newKey(t, origin)
	all := &list{events: events}
	with := k.config(all, k.shelf(t, hash(t, slices.Values(events)), len(events)))
	with.Keys = store
	store.asked = func() {
		store.asked = nil
		all.events = destroys(t, events, 7)
		s := store.keys[keyNumber(7)]
		store.keys[keyNumber(7)] = vault.Standing{State: vault.KeyGone, Commitment: s.Commitment, DestroyedBy: all.events[20].ID}
	}
	if r := run(t, with); r.Verdict() != verdict.IntactErased || r.Erased != 1 {
		t.Errorf("%s: %+v", r.Headline(), r.Findings)
	}
}

// A number in the keystore that is another one the next moment is no alteration.
func TestWhatTheKeystoreCountsIsWrongIfItIsSoTwice(t *testing.T) {
	t.Parallel()
	events, store := keyed(t, 10)
	k := newKey(t, origin)
	with := k.config(&list{events: events}, k.shelf(t, hash(t, slices.Values(events)), len(events)))
	with.Keys = store
	wrong := []vault.Alteration{{Table: "tombstones", Row: "1", What: "1 is counted, 2 are there"}}
	calls := 0
	store.altered = func() []vault.Alteration { calls++; return wrong[:calls%2] }
	if r := run(t, with); r.Verdict() != verdict.Intact || calls != 2 {
		t.Errorf("once: %s: %+v, %d calls", r.Headline(), r.Findings, calls)
	}
	store.altered = func() []vault.Alteration { return wrong }
	if r := run(t, with); r.Verdict() != verdict.KeyMissing || r.Findings[0].Code != verdict.KeystoreAltered {
		t.Errorf("twice: %s: %+v", r.Headline(), r.Findings)
	}
}
