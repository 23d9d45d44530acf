package vault

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/event"
)

// eachPair runs a test on every pair of storages that outlive their process: a
// keystore and one that does not exist yet, of one key-encryption key.
func eachPair(t *testing.T, test func(t *testing.T, from, to Config)) {
	t.Helper()
	for source, a := range configs {
		for target, b := range configs {
			t.Run(source+" to "+target, func(t *testing.T) {
				t.Parallel()
				from, to := a(t), b(t)
				to.KEKPath = from.KEKPath
				test(t, from, to)
			})
		}
	}
}

// somebody is one of many people: more than are copied at once.
func somebody(i int) event.UUID { return event.UUID{0: byte(i >> 8), 1: byte(i), 15: 1} }

var crowd = copiedAtOnce + 7

// furnished fills a keystore with everything that there is: more than a page of
// live keys, a retired one, a tombstone, seals, claims in both states, a
// secret and a mark. It returns what opens, and what is gone.
func furnished(t *testing.T, c Config) (opens map[event.UUID][]byte, gone event.UUID) {
	t.Helper()
	return furnishedWith(t, c, crowd)
}

// furnishedWith is furnished for some people, at least four.
func furnishedWith(t *testing.T, c Config, people int) (opens map[event.UUID][]byte, gone event.UUID) {
	t.Helper()
	v := mustOpen(t, c)
	wantError(t, v.Mark(t.Context(), "synthetic"), nil)
	refs := make([]Ref, people)
	for i := range refs {
		refs[i] = healthOf(somebody(i))
	}
	keys := mustEnsure(t, v, refs...)
	opens = map[event.UUID][]byte{}
	_, err := v.store.counted(t.Context(), keys[0].ID, countStep)
	wantError(t, err, nil)
	for _, k := range keys[:3] {
		opens[k.ID] = mustSeal(t, v, k.ID, "x")
	}
	wantError(t, v.store.retire(t.Context(), []event.UUID{keys[1].ID}), nil)
	v.forget()
	again := mustEnsure(t, v, refs[1])[0]
	opens[again.ID] = mustSeal(t, v, again.ID, "x")
	gone = keys[3].ID
	wantError(t, v.Destroy(t.Context(), gone, erasure), nil)
	var claims []any
	for i := range people {
		blind, who := v.Blind(Identifier{"crn", somebody(i).String()}), somebody(i)
		claims = append(claims, blind[:], command[:], who[:], "reserved", noon.UnixMicro(),
			v.stamps.ofClaim(claim{blind: blind, command: command, person: who, reserved: noon}))
	}
	wantError(t, v.store.(*sqlStore).exec(t.Context(), insertClaims+rows(people, len(claims)), claims...), nil)
	wantError(t, v.Confirm(t.Context(), number, alpha), nil)
	draw, _ := drawn("token")
	if _, err := v.Secret(t.Context(), "tokens", draw); err != nil {
		t.Fatal(err)
	}
	wantError(t, v.Close(), nil)
	return opens, gone
}

// stored is every row of a keystore.
func stored(t *testing.T, c Config) (all struct {
	holding
	keys    []record
	claims  []claim
	secrets []secret
}) {
	t.Helper()
	s, err := openStore(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.close() }()
	if all.holding, err = s.counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all.secrets, err = s.allSecrets(t.Context(), s.read); err != nil {
		t.Fatal(err)
	}
	for page := range slicesOf(t, s.keysPage(s.read)) {
		all.keys = append(all.keys, page...)
	}
	for page := range slicesOf(t, s.claimsPage(s.read)) {
		all.claims = append(all.claims, page...)
	}
	return all
}

// slicesOf are the pages of a table.
func slicesOf[T any](t *testing.T, next pager[T]) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		if err := eachPage(t.Context(), next, func(page []T) error { yield(page); return nil }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAKeystoreIsCopiedWhole(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, from, to Config) {
		opens, gone := furnished(t, from)
		mustOpen(t, from) // somebody has it open and does nothing
		before := stored(t, from)
		copied, err := Copy(t.Context(), from, to)
		want := Copied{Keys: uint64(crowd) + 1, Destroyed: 1, Claims: uint64(crowd) + 1, Secrets: 4}
		if err != nil || copied != want {
			t.Fatalf("copied %+v, %v; want %+v", copied, err, want)
		}
		if after := stored(t, to); !reflect.DeepEqual(after, before) {
			t.Errorf("the copy holds %+v, the keystore %+v, or other rows", after.holding, before.holding)
		}
		if !reflect.DeepEqual(stored(t, from), before) {
			t.Error("the keystore itself was changed")
		}

		v := mustOpen(t, to)
		for key, sealed := range opens {
			wantOpen(t, v, key, sealed, "x")
		}
		_, err = v.Open(t.Context(), nil, gone, opens[gone], someplace)
		wantError(t, err, ErrErased)
		wantFound(t, v, number, alpha)
		old := mustOpen(t, from)
		if v.MintPerson(alpha, command) != old.MintPerson(alpha, command) || v.Blind(number) != old.Blind(number) {
			t.Error("the copy mints and blinds otherwise")
		}
		if left, err := v.Leftovers(t.Context(), noon.Add(time.Hour)); err != nil || len(left) != crowd {
			t.Errorf("%d reservations, %v; want %d", len(left), err, crowd)
		}
		draw, _ := drawn("another")
		if secret, err := v.Secret(t.Context(), "tokens", draw); err != nil || string(secret) != "token" {
			t.Errorf("an installation's secret is %q, %v", secret, err)
		}
		if marked, err := v.Marked(t.Context(), "synthetic"); err != nil || !marked {
			t.Errorf("the mark is lost: %v", err)
		}
		if r, err := v.store.liveKey(t.Context(), healthOf(somebody(0))); err != nil || r.sealed < countStep {
			t.Errorf("a key's seals are %d, %v", r.sealed, err)
		}

		_, err = Copy(t.Context(), from, to)
		wantError(t, err, ErrInUse)

		later := mustEnsure(t, old, healthOf(alpha))[0]
		_, err = v.Open(t.Context(), nil, later.ID, mustSeal(t, old, later.ID, "x"), someplace)
		wantError(t, err, ErrKeyMissing)
	})
}

// A keystore that was opened, and marked as the copy is, may be copied into; one
// that holds more is refused and stays as it is.
func TestOnlyAnUntouchedKeystoreIsCopiedInto(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, from, to Config) {
		mustEnsure(t, mustOpen(t, from), healthOf(alpha))
		for what, touch := range map[string]func(v *Vault) error{
			"a key":   func(v *Vault) error { _, err := v.Ensure(t.Context(), healthOf(bravo)); return err },
			"a claim": func(v *Vault) error { return v.Reserve(t.Context(), number, alpha, command) },
			"a secret": func(v *Vault) error {
				draw, _ := drawn("token")
				_, err := v.Secret(t.Context(), "tokens", draw)
				return err
			},
			"another mark": func(v *Vault) error { return v.Mark(t.Context(), "genuine") },
		} {
			into := to
			if to.Path != "" {
				into.Path = to.Path + what[len(what)-3:]
			} else {
				into.URL = configs["postgres"](t).URL
			}
			v := mustOpen(t, into)
			if err := touch(v); err != nil {
				t.Fatal(err)
			}
			before := stored(t, into)
			_, err := Copy(t.Context(), from, into, "synthetic")
			wantError(t, err, ErrInUse)
			if !reflect.DeepEqual(stored(t, into), before) {
				t.Errorf("with %s: it was changed", what)
			}
		}
		wantError(t, mustOpen(t, to).Mark(t.Context(), "synthetic"), nil)
		if copied, err := Copy(t.Context(), from, to, "synthetic"); err != nil || copied != (Copied{Keys: 1, Secrets: 3}) {
			t.Errorf("into one that is marked: %+v, %v", copied, err)
		}
		if marked, err := mustOpen(t, to).Marked(t.Context(), "synthetic"); err != nil || !marked {
			t.Errorf("the copy is marked: %v, %v", marked, err)
		}
	})
}

// meddling does something when the key-encryption key is asked for the n-th
// time.
type meddling struct {
	KEK
	n  atomic.Int64
	do func()
}

func meddlingAt(kek KEK, n int64, do func()) *meddling {
	m := &meddling{KEK: kek, do: do}
	m.n.Store(n)
	return m
}

func (m *meddling) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	if m.n.Add(-1) == 0 {
		m.do()
	}
	return m.KEK.Decrypt(ciphertext, ad)
}

func TestACopyThatStopsHalfwayLeavesNothing(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, from, to Config) {
		furnished(t, from)
		mustOpen(t, to)
		before := stored(t, to)
		kek := kekOf(t, from)
		for _, n := range []int64{1, 10, copiedAtOnce + 5} { // the last is in the second page
			ctx, cancel := context.WithCancel(t.Context())
			half := to
			b := meddlingAt(kek, n, cancel)
			half.KEK = b
			_, err := Copy(ctx, from, half)
			wantError(t, err, context.Canceled)
			if b.n.Load() > 0 {
				t.Fatalf("it did not come to the %d-th key", n)
			}
			if !reflect.DeepEqual(stored(t, to), before) {
				t.Errorf("stopped at the %d-th key, the copy holds something", n)
			}
		}
		if _, err := Copy(t.Context(), from, to); err != nil {
			t.Errorf("a copy after those: %v", err)
		}
	})
}

// What the target loses or alters on the way is noticed, and so is what the
// source is changed by meanwhile.
func TestACopyThatDiffersIsNotMade(t *testing.T) {
	t.Parallel()
	// Each swallows, or alters, one kind of row of the target as it is stored.
	faults := map[string][2]string{
		"a key left out":   trigger("BEFORE INSERT ON keys", "WHEN NEW.state = 2", "lose"),
		"a claim left out": trigger("BEFORE INSERT ON identifiers", "WHEN NEW.state = 'confirmed'", "lose"),
		"a mark left out":  trigger("BEFORE INSERT ON secrets", "WHEN NEW.name = 'mark/synthetic'", "lose"),
		"seals forgotten":  trigger("AFTER INSERT ON keys", "WHEN NEW.seals > 0", "UPDATE keys SET seals = 0 WHERE key_id = NEW.key_id"),
		"a claim of somebody else": trigger("AFTER INSERT ON identifiers", "WHEN NEW.state = 'confirmed'",
			"UPDATE identifiers SET person = command WHERE blind = NEW.blind"),
		"a secret of another": trigger("AFTER INSERT ON secrets", "WHEN NEW.name = 'installation/tokens'",
			"UPDATE secrets SET wrapped = name_other WHERE name = NEW.name"),
		"tombstones not counted": trigger("AFTER INSERT ON keys", "WHEN NEW.state = 3", "UPDATE tombstones SET gone = 0 WHERE one = 1"),
	}
	eachPair(t, func(t *testing.T, from, to Config) {
		furnished(t, from)
		mustOpen(t, to)
		before := stored(t, to)
		for what, plant := range faults {
			script, remove := plant[0], `DROP TRIGGER fault`
			if to.URL != "" {
				script, remove = plant[1], `DROP FUNCTION fault CASCADE`
			}
			for statement := range strings.SplitSeq(script, ";;") {
				meddle(t, to, statement)
			}
			_, err := Copy(t.Context(), from, to)
			if wantError(t, err, ErrCopyDiffers); t.Failed() {
				t.Fatal(what)
			}
			meddle(t, to, remove)
			if !reflect.DeepEqual(stored(t, to), before) {
				t.Errorf("%s: the copy holds something", what)
			}
		}

		late, first := mustOpen(t, from), stored(t, from).keys[0].id
		busy := to
		busy.KEK = meddlingAt(kekOf(t, from), 10, func() { // when the first page has been read
			_, err := late.store.counted(t.Context(), first, countStep)
			wantError(t, err, nil)
		})
		_, err := Copy(t.Context(), from, busy)
		wantError(t, err, ErrCopyDiffers)
		if !reflect.DeepEqual(stored(t, to), before) {
			t.Error("the source was used meanwhile: the copy holds something")
		}
	})
}

// trigger is a fault planted in a keystore's tables, as SQLite and as
// PostgreSQL are told it.
func trigger(when, which, does string) [2]string {
	file, server := does+"; ", does+"; RETURN NEW;"
	if does == "lose" {
		file, server = "SELECT RAISE(IGNORE); ", "RETURN NULL;"
	}
	return [2]string{
		"CREATE TRIGGER fault " + when + " " + which + " BEGIN " + strings.ReplaceAll(file, "name_other", "x'00'") + "END",
		"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + strings.ReplaceAll(server, "name_other", `'\x00'`) + " END $$;;" +
			"CREATE TRIGGER fault " + when + " FOR EACH ROW " + strings.Replace(which, "WHEN ", "WHEN (", 1) + ") EXECUTE FUNCTION fault()",
	}
}

// Whoever copies into a keystore while somebody else does is refused.
func TestOneOfManyCopiesIsMade(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, from, to Config) {
		furnished(t, from)
		mustOpen(t, to)
		kek := kekOf(t, to)
		var others sync.WaitGroup
		first := to
		first.KEK = meddlingAt(kek, 10, func() { // its transaction has begun
			for range 3 {
				others.Go(func() {
					_, err := Copy(context.Background(), from, to)
					wantError(t, err, ErrInUse)
				})
			}
		})
		_, err := Copy(t.Context(), from, first)
		wantError(t, err, nil)
		others.Wait()
		if there := stored(t, to); there.Keys != uint64(crowd)+1 {
			t.Errorf("the copy holds %+v", there.holding)
		}
	})
}

func TestACopyWantsOneKeyEncryptionKeyAndSoundKeys(t *testing.T) {
	t.Parallel()
	eachPair(t, func(t *testing.T, from, to Config) {
		v := mustOpen(t, from)
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
		other := to
		other.KEKPath = config(t).KEKPath
		_, err := Copy(t.Context(), from, other)
		wantError(t, err, ErrKEKMissing)
		wantError(t, CreateKEK(other.KEKPath, other.Rand, nil, ""), nil)
		_, err = Copy(t.Context(), from, other)
		wantError(t, err, ErrKeyBroken)
		_, err = Copy(t.Context(), from, to, "")
		wantError(t, err, errName)

		meddle(t, from, `UPDATE keys SET commitment = $1 WHERE key_id = $2`, keys[0].Commitment[:], keys[1].ID[:])
		_, err = Copy(t.Context(), from, to)
		wantError(t, err, ErrKeyBroken)
		if holds := stored(t, to); holds.Keys != 0 || len(holds.secrets) != 0 {
			t.Errorf("the copy holds %+v", holds.holding)
		}
	})
}
