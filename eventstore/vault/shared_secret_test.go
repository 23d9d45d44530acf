package vault

import (
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Several processes that open one keystore at the same time get the same secret,
// and another name another one.
func TestASharedSecretIsTheSameEverywhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := make([][32]byte, 4)
	var group sync.WaitGroup
	for i := range got {
		v, err := Open(t.Context(), Config{Path: filepath.Join(dir, "keys.db"), KEKPath: filepath.Join(dir, "kek"), Now: time.Now, Rand: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		}()
		group.Go(func() {
			var err error
			if got[i], err = v.SharedSecret(t.Context(), "tokens"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, one := range got {
		if one != got[0] || one == [32]byte{} {
			t.Error("two processes have different secrets, or none")
		}
	}
	eachStorage(t, func(t *testing.T, v *Vault) {
		one, err := v.SharedSecret(t.Context(), "one")
		wantError(t, err, nil)
		again, err := v.SharedSecret(t.Context(), "one")
		wantError(t, err, nil)
		other, err := v.SharedSecret(t.Context(), "other")
		wantError(t, err, nil)
		if one != again || one == other {
			t.Error("a secret changes, or is another's")
		}
	})
}
