package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
)

func mustRewrap(t *testing.T, v *Vault, r Rewrapping) Rewrapped {
	t.Helper()
	done, err := v.Rewrap(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func mustEpochs(t *testing.T, c Config) (numbers []uint32) {
	t.Helper()
	epochs, err := readEpochs(c.KEKPath)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range epochs {
		numbers = append(numbers, e.number)
	}
	return numbers
}

// copied is a copy of a file that a backup has.
func copied(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(into, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return into
}

// wantUsable sees that everything which furnished left opens, and that what it
// destroyed does not.
func wantUsable(t *testing.T, c Config, opens map[event.UUID][]byte, gone event.UUID) {
	t.Helper()
	v := mustOpen(t, c)
	for key, sealed := range opens {
		wantOpen(t, v, key, sealed, "x")
	}
	_, err := v.Open(t.Context(), nil, gone, opens[gone], someplace)
	wantError(t, err, ErrErased)
	wantFound(t, v, number, alpha)
	if marked, err := v.Marked(t.Context(), "synthetic"); err != nil || !marked {
		t.Errorf("the mark: %v, %v", marked, err)
	}
	draw, _ := drawn("another")
	if secret, err := v.Secret(t.Context(), "tokens", draw); err != nil || string(secret) != "token" {
		t.Errorf("an installation's secret is %q, %v", secret, err)
	}
	wantError(t, v.Close(), nil)
}

func TestRewrappingLeavesNothingForTheOldKey(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnished(t, c)
		oldKEK := copied(t, c.KEKPath)
		before := stored(t, c)
		v := mustOpen(t, c)
		var told []uint64
		done := mustRewrap(t, v, Rewrapping{Progress: func(n, total uint64) { told = append(told, n, total) }})
		want := Rewrapped{Epoch: 2, Removed: []uint32{1}, Keys: uint64(crowd), Secrets: 4}
		if done.Epoch != want.Epoch || !slices.Equal(done.Removed, want.Removed) || done.Keys != want.Keys || done.Secrets != want.Secrets {
			t.Errorf("wrapped %+v, want %+v", done, want)
		}
		if n := len(told); n == 0 || told[n-1] != told[n-2] {
			t.Errorf("progress ended at %v", told[max(0, n-2):])
		}
		if got := mustEpochs(t, c); !slices.Equal(got, []uint32{2}) {
			t.Errorf("the file has the epochs %v", got)
		}
		wantUsable(t, c, opens, gone)

		// With the old key nothing opens, neither in the keystore ...
		old := c
		old.KEKPath = oldKEK
		_, err := Open(t.Context(), old)
		wantError(t, err, ErrKeyBroken)
		wantError(t, err, ErrKEKEpoch)
		// ... nor does the new key open what a copy of it from before holds.
		ring, err := openRing(c)
		wantError(t, err, nil)
		for _, k := range before.keys {
			if k.state == destroyed {
				continue
			}
			k.epoch = 2
			_, err := unwrapKey(ring, k)
			wantError(t, err, ErrKeyBroken)
		}
		if again := mustRewrap(t, v, Rewrapping{}); again.Epoch != 3 {
			t.Errorf("a second time: %+v", again)
		}
		wantUsable(t, c, opens, gone)
	})
}

// No file holds what was wrapped by the old epoch, nor the old epoch's key.
func TestNoFileHoldsWhatWasWrappedBefore(t *testing.T) {
	t.Parallel()
	c := config(t)
	furnished(t, c)
	before, text := stored(t, c), []byte(nil)
	epochs, err := readEpochs(c.KEKPath)
	wantError(t, err, nil)
	text = epochs[0].key
	dir := filepath.Dir(c.Path)
	if len(grep(t, dir, text)) == 0 || len(grep(t, dir, before.keys[0].wrapped)) == 0 {
		t.Fatal("not even what is there was found: the search is broken")
	}
	v := mustOpen(t, c)
	mustRewrap(t, v, Rewrapping{})
	if found := grep(t, dir, text); found != nil {
		t.Errorf("the old key stands in %v", found)
	}
	for _, k := range before.keys {
		if k.state == destroyed {
			continue
		}
		if found := grep(t, dir, k.wrapped); found != nil {
			t.Fatalf("a key stands, wrapped as before, in %v", found)
		}
	}
	for _, s := range before.secrets {
		if found := grep(t, dir, s.wrapped); found != nil {
			t.Errorf("a secret stands, wrapped as before, in %v", found)
		}
	}
}

// Whatever step a rewrapping stops at, everything opens, for who has the
// keystore open and for who opens it then; called again, it finishes.
func TestRewrappingGoesOnWhereItWasStopped(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnishedWith(t, c, 6)
		stop := errors.New("the lights went out")
		epoch := uint32(1)
		for at := 0; ; at++ {
			before := copied(t, c.KEKPath)
			beside, v := mustOpen(t, c), mustOpen(t, c)
			where := ""
			v.step = stopAt(at, stop, &where)
			_, err := v.Rewrap(t.Context(), Rewrapping{})
			if err == nil {
				if at < 12 {
					t.Errorf("it has %d steps only", at)
				}
				return
			}
			wantError(t, err, stop)
			wantUsable(t, c, opens, gone)
			for key, sealed := range opens {
				wantOpen(t, beside, key, sealed, "x")
			}
			fresh := mustEnsure(t, beside, Ref{somebody(at), event.Probation, event.Offence})[0]
			opens[fresh.ID] = mustSeal(t, beside, fresh.ID, "x")
			again := mustRewrap(t, beside, Rewrapping{})
			if again.Epoch <= epoch {
				t.Errorf("stopped at %q, it ended at epoch %d after %d", where, again.Epoch, epoch)
			}
			epoch = again.Epoch
			if got := mustEpochs(t, c); !slices.Equal(got, []uint32{epoch}) {
				t.Errorf("stopped at %q, the file has the epochs %v", where, got)
			}
			left, err := filepath.Glob(c.KEKPath + ".*")
			if err != nil || left != nil {
				t.Errorf("stopped at %q, it left %v, %v", where, left, err)
			}
			wantUsable(t, c, opens, gone)
			old := c
			old.KEKPath = before
			_, err = Open(t.Context(), old)
			if wantError(t, err, ErrKeyBroken); t.Failed() {
				t.Fatalf("stopped at %q", where)
			}
			wantError(t, errors.Join(v.Close(), beside.Close()), nil)
		}
	})
}

// stopAt stops at the n-th step and says which that was.
func stopAt(n int, with error, where *string) func(string) error {
	return func(name string) error {
		*where = name
		if n--; n < 0 {
			return with
		}
		return nil
	}
}

// Processes that make keys, seal and open while everything is wrapped again,
// several times, lose nothing.
func TestOthersGoOnWhileEverythingIsWrappedAgain(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		c.Now = time.Now
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)}
		var wait sync.WaitGroup
		sealed := make([]map[event.UUID][]byte, len(vaults))
		for i, v := range vaults[:2] {
			sealed[i] = map[event.UUID][]byte{}
			wait.Go(func() {
				for n := range 30 {
					keys, err := v.Ensure(context.Background(), Ref{somebody(n), event.NHS, event.Class(fmt.Sprintf("c%d", i))})
					if err != nil {
						t.Error(err)
						return
					}
					box, err := v.Seal(context.Background(), nil, keys[0].ID, []byte("x"), someplace)
					if err != nil {
						t.Error(err)
						return
					}
					sealed[i][keys[0].ID] = box
					draw, _ := drawn("token")
					if _, err := v.Secret(context.Background(), fmt.Sprint("s", i, n), draw); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		over := make(chan struct{})
		go func() { wait.Wait(); close(over) }()
		for going := true; going; {
			select {
			case <-over:
				going = false
			default:
			}
			_, err := vaults[2].Rewrap(t.Context(), Rewrapping{})
			wantError(t, err, nil)
		}
		last := mustRewrap(t, vaults[2], Rewrapping{})
		if last.Epoch < 3 || last.Keys != 60 {
			t.Errorf("the last: %+v", last)
		}
		after := mustOpen(t, c)
		for _, boxes := range sealed {
			for key, box := range boxes {
				wantOpen(t, after, key, box, "x")
			}
		}
	})
}

func TestSeveralRewrapsAtOnceAreAsGoodAsOne(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnishedWith(t, c, 6)
		before := mustEpochs(t, c)
		var wait sync.WaitGroup
		for range 3 {
			v := mustOpen(t, c)
			wait.Go(func() {
				_, err := v.Rewrap(context.Background(), Rewrapping{})
				wantError(t, err, nil)
			})
		}
		wait.Wait()
		if got := mustEpochs(t, c); len(got) != 1 || slices.Equal(got, before) {
			t.Errorf("the file has the epochs %v", got)
		}
		wantUsable(t, c, opens, gone)
	})
}

// Where processes have files of their own, the new epoch is brought to all of
// them before it wraps; one that has another key of that epoch wraps nothing.
func TestANewEpochIsBroughtToEveryFileFirst(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnishedWith(t, c, 6)
		elsewhere := c
		elsewhere.KEKPath = copied(t, c.KEKPath)
		far := mustOpen(t, elsewhere)
		near := mustOpen(t, c)
		if done := mustRewrap(t, near, Rewrapping{PrepareOnly: true}); done.Epoch != 2 || done.Keys != 0 {
			t.Errorf("prepared %+v", done)
		}
		mustRewrap(t, near, Rewrapping{PrepareOnly: true}) // once more is no other
		wantUsable(t, elsewhere, opens, gone)

		text, err := os.ReadFile(c.KEKPath)
		wantError(t, err, nil)
		mustRewrap(t, near, Rewrapping{})
		wantError(t, far.look(t.Context()), nil)
		_, err = far.Ensure(t.Context(), healthOf(alpha))
		wantError(t, err, ErrKEKEpoch)

		other := bytes.ReplaceAll(text, text[bytes.LastIndexByte(text, ' ')+1:], []byte(strings.Repeat("0", 64)+"\n"))
		wantError(t, os.WriteFile(elsewhere.KEKPath, other, 0o600), nil)
		_, err = far.Ensure(t.Context(), healthOf(alpha))
		wantError(t, err, ErrKeyBroken)

		wantError(t, os.WriteFile(elsewhere.KEKPath, text, 0o600), nil)
		wantError(t, far.ring.refresh(), nil)
		mustEnsure(t, far, healthOf(alpha))
		wantUsable(t, elsewhere, opens, gone)
	})
}

func TestWhatDoesNotOpenIsNotWrappedAgain(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
		meddle(t, c, `UPDATE keys SET wrapped = $1 WHERE key_id = $2`, []byte("not a key, not a key, not a key"), keys[0].ID[:])
		_, err := v.Rewrap(t.Context(), Rewrapping{})
		wantError(t, err, ErrKeyBroken)
		if got := mustEpochs(t, c); !slices.Equal(got, []uint32{1, 2}) {
			t.Errorf("the file has the epochs %v", got)
		}
		wantError(t, v.Destroy(t.Context(), keys[0].ID, erasure), nil)
		if done := mustRewrap(t, v, Rewrapping{}); done.Epoch != 2 {
			t.Errorf("then: %+v", done)
		}
		meddle(t, c, `UPDATE keys SET epoch = 1 WHERE key_id = $1`, keys[1].ID[:])
		_, err = v.Rewrap(t.Context(), Rewrapping{})
		wantError(t, err, ErrKEKEpoch)
	})
}

func TestAKeyThatIsInNoFileIsNotReplaced(t *testing.T) {
	t.Parallel()
	v, err := OpenMemory(t.Context(), config(t))
	wantError(t, err, nil)
	_, err = v.Rewrap(t.Context(), Rewrapping{})
	wantError(t, err, ErrNoKEKFile)
	c := config(t)
	mustOpen(t, c)
	ro := c
	ro.ReadOnly = true
	_, err = mustOpen(t, ro).Rewrap(t.Context(), Rewrapping{})
	wantError(t, err, ErrReadOnly)

	wantError(t, os.Chmod(c.KEKPath, 0o400), nil)
	mustRewrap(t, mustOpen(t, c), Rewrapping{}) // of a file that its owner only reads
	wantError(t, os.Symlink(c.KEKPath, c.KEKPath+"-link"), nil)
	c.KEKPath += "-link"
	mustRewrap(t, mustOpen(t, c), Rewrapping{})
	if info, err := os.Lstat(c.KEKPath); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced, not the file: %v, %v", info, err)
	}

	// A folder where nothing can be made, for root too: it is gone.
	v = mustOpen(t, c)
	wantError(t, os.Rename(filepath.Dir(c.KEKPath), filepath.Dir(c.KEKPath)+"-moved"), nil)
	if _, err := v.Rewrap(t.Context(), Rewrapping{}); err == nil {
		t.Error("the key file is gone, and was replaced")
	}
}

// A Rewrap that others overtake, by a whole round and more, takes nothing back to
// the epoch that it began with.
func TestARewrapThatIsOvertakenUndoesNothing(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		opens, gone := furnishedWith(t, c, 6)
		for _, at := range []string{"begun", "part wrapped", "keys wrapped", "secrets wrapped", "checked", "wiped"} {
			late, other := mustOpen(t, c), mustOpen(t, c)
			overtaken := false
			late.step = func(name string) error {
				if name == at && !overtaken {
					overtaken = true
					mustRewrap(t, other, Rewrapping{})
					mustRewrap(t, other, Rewrapping{})
				}
				return nil
			}
			done := mustRewrap(t, late, Rewrapping{})
			if got := mustEpochs(t, c); !overtaken || !slices.Equal(got, []uint32{done.Epoch}) {
				t.Errorf("overtaken at %q: it ended at epoch %d, and the file has %v", at, done.Epoch, got)
			}
			wantUsable(t, c, opens, gone)
			wantError(t, errors.Join(late.Close(), other.Close()), nil)
		}
	})
}
