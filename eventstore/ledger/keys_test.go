package ledger_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

func newKeys(t *testing.T) (string, *ledger.SigningKeys) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "signer-key")
	k, err := ledger.CreateSigningKeys(path, origin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return path, k
}

func mustRead(t *testing.T, path string) *ledger.SigningKeys {
	t.Helper()
	k, err := ledger.ReadSigningKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signedBy is how many of the keys a checkpoint verifies with.
func signedBy(t *testing.T, signed []byte, keys []ledger.SigningKey) (n int) {
	t.Helper()
	for _, k := range keys {
		v, err := ledger.VerifiersOf(k.Public)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := ledger.OpenCheckpoint(signed, origin, v); err == nil {
			n++
		}
	}
	return n
}

func TestSigningKeysAreRotatedWithAnOverlap(t *testing.T) {
	t.Parallel()
	path, first := newKeys(t)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("its file: %v, %v; want mode 0600", info.Mode(), err)
	}
	if _, err := ledger.CreateSigningKeys(path, origin, rand.Reader); !errors.Is(err, fs.ErrExist) {
		t.Errorf("making it again: %v, want fs.ErrExist", err)
	}
	if _, err := ledger.RetireSigningKeys(t.Context(), path); !errors.Is(err, ledger.ErrLastKey) {
		t.Errorf("retire the only one: %v", err)
	}
	sign := func(k *ledger.SigningKeys) []byte {
		t.Helper()
		signed, err := note.Sign(&note.Note{Text: ledger.CheckpointText(k.Origin(), ledger.Tree{N: 7})}, k.Signers()...)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	before := sign(first)
	added, err := ledger.RotateSigningKeys(t.Context(), path, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both := mustRead(t, path)
	if l := both.List(); len(l) != 2 || l[0].ID() != first.List()[0].ID() || l[1].ID() != added.ID() || !l[0].Signs || !l[1].Signs || both.Origin() != origin {
		t.Fatalf("while they overlap: %v", l)
	}
	if n := signedBy(t, sign(both), both.List()); n != 2 {
		t.Errorf("while they overlap %d keys sign", n)
	}
	retired, err := ledger.RetireSigningKeys(t.Context(), path)
	if err != nil || len(retired) != 1 || retired[0].ID() != first.List()[0].ID() {
		t.Fatalf("retired %v, %v", retired, err)
	}
	after := mustRead(t, path)
	if l := after.List(); len(l) != 2 || l[0].Signs || !l[1].Signs {
		t.Fatalf("afterwards: %v", l)
	}
	if l := after.List(); signedBy(t, sign(after), l[:1]) != 0 || signedBy(t, sign(after), l[1:]) != 1 {
		t.Error("afterwards the old key signs, or the new one does not")
	}
	if _, _, err := ledger.OpenCheckpoint(before, origin, after.Verifiers()); err != nil {
		t.Errorf("what the old key signed: %v", err)
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "PRIVATE") != 1 {
		t.Errorf("%d private keys are left in the file (%v)", strings.Count(string(text), "PRIVATE"), err)
	}
	if left, err := filepath.Glob(path + ".new-*"); err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRotationsAtOnceLoseNoKey(t *testing.T) {
	t.Parallel()
	path, _ := newKeys(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := ledger.RotateSigningKeys(t.Context(), path, rand.Reader); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(mustRead(t, path).List()); n != 9 {
		t.Errorf("%d keys, want 9", n)
	}
}

func TestAFileOfSigningKeysThatIsNotAsItShouldBeIsRefused(t *testing.T) {
	t.Parallel()
	change := func(f func(text string) string) func(path string) error {
		return func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(f(string(text))), 0o600)
		}
	}
	for name, c := range map[string]struct {
		spoil func(path string) error
		want  error
	}{
		"readable by the group":   {func(p string) error { return os.Chmod(p, 0o640) }, ledger.ErrKeysMode},
		"missing":                 {os.Remove, ledger.ErrKeysMissing},
		"a directory":             {func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o600)) }, ledger.ErrKeysMode},
		"empty":                   {change(func(string) string { return "" }), ledger.ErrKeysMalformed},
		"cut short":               {change(func(s string) string { return s[:len(s)-2] }), ledger.ErrKeysMalformed},
		"without its last line":   {change(func(s string) string { return s[:strings.Index(s, "\n")+1] }), ledger.ErrKeysMalformed},
		"with something after it": {change(func(s string) string { return s + "\n" }), ledger.ErrKeysMalformed},
		"a key twice":             {change(func(s string) string { return s + s[strings.Index(s, "\n")+1:] }), ledger.ErrKeysMalformed},
		"a byte of the key":       {change(func(s string) string { return s[:len(s)-10] + "A" + s[len(s)-9:] }), ledger.ErrKeysMalformed},
		"a key of another name":   {change(func(s string) string { return s + "verify " + stranger(t) + "\n" }), ledger.ErrKeysMalformed},
		"no key that signs": {change(func(s string) string {
			return s[:strings.Index(s, "\n")+1] + "verify " + stranger(t) + "\n"
		}), ledger.ErrKeysMalformed},
		"of a later format": {change(func(s string) string { return strings.Replace(s, "format 1", "format 2", 1) }), ledger.ErrKeysMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, _ := newKeys(t)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(path); err != nil {
				t.Fatal(err)
			}
			_, err = ledger.ReadSigningKeys(path)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if strings.Contains(fmt.Sprint(err), secretOf(text)[4:20]) {
				t.Error("the error tells of the key")
			}
		})
	}
}

// secretOf is the secret part of a file with one key.
func secretOf(text []byte) string {
	return strings.TrimSuffix(strings.SplitN(string(text), "+", 5)[4], "\n")
}

func stranger(t *testing.T) string {
	t.Helper()
	_, public, err := note.GenerateKey(rand.Reader, "elsewhere.example/ledger")
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func TestASigningKeyIsNotPrinted(t *testing.T) {
	t.Parallel()
	path, k := newKeys(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := secretOf(text)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, v := range []any{k.List()[0], k.List(), k, *k} {
			if printed := fmt.Sprintf(format, v); strings.Contains(printed, secret) || strings.Contains(printed, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T prints the key", format, v)
			}
		}
	}
}

func TestASigningKeyNeedsAName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a+b", "a\nb", "a\u00a0b", strings.Repeat("x", 201)} {
		path := filepath.Join(t.TempDir(), "signer-key")
		if _, err := ledger.CreateSigningKeys(path, name, rand.Reader); !errors.Is(err, ledger.ErrKeyName) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: there is a file: %v", name, err)
		}
	}
}

func TestTheMemoryInAFile(t *testing.T) {
	t.Parallel()
	ledgertest.RunMemory(t, func(t *testing.T) func() ledger.Memory {
		path := filepath.Join(t.TempDir(), "signer-key.last")
		return func() ledger.Memory { return ledger.NewMemoryFile(path, origin) }
	})
}

func TestADamagedMemoryIsNeverTakenForNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "signer-key.last")
	m := ledger.NewMemoryFile(path, origin)
	tree := ledger.Tree{N: 12345}
	if err := m.Signing(t.Context(), ledger.Tree{}, tree); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("its file: %v, %v; want mode 0600", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"empty": {}, "with something after it": append(text[:len(text):len(text)], '\n'), "large": make([]byte, 1<<20)}
	for i := range text {
		flipped := append([]byte(nil), text...)
		flipped[i] ^= 1
		damaged[fmt.Sprintf("bit of byte %d", i)] = flipped
		damaged[fmt.Sprintf("cut at %d", i)] = text[:i]
	}
	for name, b := range damaged {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := m.LastSigned(t.Context()); !errors.Is(err, ledger.ErrMemory) || got != (ledger.Tree{}) {
			t.Errorf("%s: remembers %v, %v", name, got, err)
		}
		if err := m.Signing(t.Context(), ledger.Tree{}, tree); !errors.Is(err, ledger.ErrMemory) {
			t.Errorf("%s: signs with %v", name, err)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.NewMemoryFile(path, "elsewhere.example/ledger").LastSigned(t.Context()); !errors.Is(err, ledger.ErrMemory) {
		t.Errorf("another ledger's: %v", err)
	}
	if got, err := m.LastSigned(t.Context()); err != nil || got != tree {
		t.Errorf("put back: %v, %v", got, err)
	}
}
