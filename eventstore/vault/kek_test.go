package vault

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// kekOf is the key-encryption key of a keystore's epoch.
func kekOf(t *testing.T, c Config) KEK {
	t.Helper()
	r, err := openRing(c)
	if err != nil {
		t.Fatal(err)
	}
	kek, err := r.of(firstEpoch)
	if err != nil {
		t.Fatal(err)
	}
	return kek
}

func TestTheKeyEncryptionKeyIsMadeOnceAndForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	c := config(t)
	v := mustOpen(t, c)
	info, err := os.Stat(c.KEKPath)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("its file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if info, err := os.Stat(c.Path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the keystore's file: %v, %v; want mode 0600", info.Mode(), err)
	}
	before, err := os.ReadFile(c.KEKPath)
	if err != nil {
		t.Fatal(err)
	}
	key := mustEnsure(t, v, healthOf(alpha))[0]
	sealed := mustSeal(t, v, key.ID, "x")
	wantOpen(t, mustOpen(t, c), key.ID, sealed, "x")
	if err := CreateKEK(c.KEKPath, rand.Reader, nil, ""); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making it again: %v, want fs.ErrExist", err)
	}
	after, err := os.ReadFile(c.KEKPath)
	if err != nil || string(after) != string(before) {
		t.Errorf("it changed, or: %v", err)
	}
	left, err := filepath.Glob(c.KEKPath + ".new-*")
	if err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTwoFirstStartsAgree(t *testing.T) {
	t.Parallel()
	c := config(t)
	vaults := make([]*Vault, 4)
	var wait sync.WaitGroup
	for i := range vaults {
		wait.Go(func() {
			v, err := Open(t.Context(), c)
			if err != nil {
				t.Errorf("start %d: %v", i, err)
				return
			}
			vaults[i] = v
		})
	}
	wait.Wait()
	for _, v := range vaults {
		if v == nil {
			continue
		}
		if v.Blind(Identifier{"crn", "X991234"}) != vaults[0].Blind(Identifier{"crn", "X991234"}) {
			t.Error("two starts made two secrets")
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAKeyEncryptionKeyThatIsNotAsItShouldBeIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(path string) error
		want  error
	}{
		"readable by the group": {func(p string) error { return os.Chmod(p, 0o640) }, ErrKEKMode},
		"readable by everyone":  {func(p string) error { return os.Chmod(p, 0o604) }, ErrKEKMode},
		"missing":               {os.Remove, ErrKEKMissing},
		"empty":                 {func(p string) error { return os.WriteFile(p, nil, 0o600) }, ErrKEKMalformed},
		"cut short":             {func(p string) error { return os.Truncate(p, 60) }, ErrKEKMalformed},
		"not hexadecimal": {func(p string) error {
			return os.WriteFile(p, []byte(kekHeader1+strings.Repeat("z", 64)+"\n"), 0o600)
		}, ErrKEKMalformed},
		"with something after it": {func(p string) error {
			return os.WriteFile(p, []byte(kekHeader1+strings.Repeat("0", 64)+"\n\n"), 0o600)
		}, ErrKEKMalformed},
		"another one": {func(p string) error {
			return os.WriteFile(p, []byte(kekHeader1+strings.Repeat("0", 64)+"\n"), 0o600)
		}, ErrKeyBroken},
		"a directory": {func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o600)) }, ErrKEKMode},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			v := mustOpen(t, cfg)
			mustEnsure(t, v, healthOf(alpha))
			if err := v.Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(cfg.KEKPath); err != nil {
				t.Fatal(err)
			}
			for _, cfg.ReadOnly = range []bool{false, true} {
				_, err := Open(t.Context(), cfg)
				wantError(t, err, c.want)
			}
			if c.want == ErrKEKMissing {
				if _, err := os.Stat(cfg.KEKPath); !errors.Is(err, fs.ErrNotExist) {
					t.Error("another key was made in its place")
				}
			}
		})
	}
}

func TestAFirstStartThatStoppedHalfwayIsFinished(t *testing.T) {
	t.Parallel()
	c := config(t)
	if err := CreateKEK(c.KEKPath, rand.Reader, nil, ""); err != nil { // and then the lights went out
		t.Fatal(err)
	}
	mustEnsure(t, mustOpen(t, c), healthOf(alpha))

	c = config(t)
	meddle(t, c, `PRAGMA journal_mode = wal`) // an empty database, and no key-encryption key yet
	mustEnsure(t, mustOpen(t, c), healthOf(alpha))
}
