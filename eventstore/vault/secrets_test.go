package vault

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"

	"caseledger/domain/event"
)

// drawn returns a function that gives a secret and counts how often it did.
func drawn(secret string) (draw func() ([]byte, error), times *int) {
	n := 0
	return func() ([]byte, error) { n++; return []byte(secret), nil }, &n
}

func TestASecretIsDrawnOnce(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		first, times := drawn("first")
		other, _ := drawn("other")
		for _, draw := range []func() ([]byte, error){first, other, first} {
			if got, err := v.Secret(t.Context(), "token", draw); err != nil || string(got) != "first" {
				t.Errorf("got %q, %v; want the first", got, err)
			}
		}
		if *times != 1 {
			t.Errorf("drawn %d times", *times)
		}
		if got, err := v.Secret(t.Context(), "session", other); err != nil || string(got) != "other" {
			t.Errorf("of another name: got %q, %v", got, err)
		}
		if got, err := v.Secret(t.Context(), "blind-index", other); err != nil || bytes.Equal(got, v.blindKey) {
			t.Errorf("a name reaches the keystore's own secrets: %v", err)
		}
		failing := errors.New("no entropy")
		_, err := v.Secret(t.Context(), "unheard-of", func() ([]byte, error) { return nil, failing })
		wantError(t, err, failing)
		for _, name := range []string{"", strings.Repeat("n", maxName+1)} {
			_, err := v.Secret(t.Context(), name, first)
			_, marked := v.Marked(t.Context(), name)
			for _, err := range []error{err, marked, v.Mark(t.Context(), name)} {
				wantError(t, err, errName)
			}
		}
	})
}

func TestEveryProcessGetsTheSecretThatWasStoredFirst(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)}
		got := make([]string, 24)
		var wait sync.WaitGroup
		for i := range got {
			wait.Go(func() {
				draw, _ := drawn(string(rune('a' + i)))
				secret, err := vaults[i%3].Secret(t.Context(), "token", draw)
				if err != nil {
					t.Error(err)
				}
				got[i] = string(secret)
			})
		}
		wait.Wait()
		for _, g := range got {
			if g != got[0] || g == "" {
				t.Fatalf("secrets %q", got)
			}
		}
		c.ReadOnly = true
		beside := mustOpen(t, c)
		draw, _ := drawn("late")
		if secret, err := beside.Secret(t.Context(), "token", draw); err != nil || string(secret) != got[0] {
			t.Errorf("read-only: got %q, %v", secret, err)
		}
		_, err := beside.Secret(t.Context(), "unheard-of", draw)
		wantError(t, err, ErrReadOnly)
		wantError(t, beside.Mark(t.Context(), "synthetic"), ErrReadOnly)
	})
}

func TestAKeystoreIsMarkedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		want := func(name string, want bool) {
			t.Helper()
			if got, err := v.Marked(t.Context(), name); err != nil || got != want {
				t.Errorf("marked %s: got %v, %v; want %v", name, got, err, want)
			}
		}
		want("synthetic", false)
		for range 2 {
			wantError(t, v.Mark(t.Context(), "synthetic"), nil)
			want("synthetic", true)
		}
		mustEnsure(t, v, healthOf(alpha))
		wantError(t, v.Mark(t.Context(), "synthetic"), nil) // it has been
		wantError(t, v.Mark(t.Context(), "other"), ErrInUse)
		want("other", false)
	})
}

func TestAKeystoreWithAnIdentifierIsInUse(t *testing.T) {
	t.Parallel()
	eachStorage(t, func(t *testing.T, v *Vault) {
		wantError(t, v.Reserve(t.Context(), number, alpha, command), nil)
		wantError(t, v.Mark(t.Context(), "synthetic"), ErrInUse)
	})
}

// Whoever finds a keystore that has a key and no mark never finds it marked
// later, whichever processes store the two.
func TestAMarkAndTheFirstKeyDoNotPassEachOther(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		vaults := []*Vault{mustOpen(t, c), mustOpen(t, c)}
		for round := range 40 {
			var wait sync.WaitGroup
			var marking error
			var after bool
			wait.Go(func() { marking = vaults[0].Mark(t.Context(), "synthetic") })
			wait.Go(func() {
				_, err := vaults[1].Ensure(t.Context(), healthOf(event.UUID{15: byte(round + 1)}))
				wantError(t, err, nil)
				after, err = vaults[1].Marked(t.Context(), "synthetic")
				wantError(t, err, nil)
			})
			wait.Wait()
			marked, err := vaults[1].Marked(t.Context(), "synthetic")
			if err != nil || marked != (marking == nil) || marking != nil && !errors.Is(marking, ErrInUse) {
				t.Fatalf("marked %v, %v; marking said %v", marked, err, marking)
			}
			if marked != after {
				t.Fatal("it was marked when it had a key already")
			}
			meddle(t, c, `DELETE FROM keys`)
			meddle(t, c, `DELETE FROM secrets WHERE name = 'mark/synthetic'`)
		}
	})
}

func TestAForgedMarkIsNoticed(t *testing.T) {
	t.Parallel()
	eachDurable(t, func(t *testing.T, c Config) {
		v := mustOpen(t, c)
		wantError(t, v.Mark(t.Context(), "harmless"), nil)
		meddle(t, c, `UPDATE secrets SET name = 'mark/synthetic' WHERE name = 'mark/harmless'`)
		_, err := v.Marked(t.Context(), "synthetic")
		wantError(t, err, ErrKeyBroken)
	})
}
