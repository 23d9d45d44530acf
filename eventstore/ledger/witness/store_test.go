package witness

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// stateFile is the file of our origin.
func (w *aWitness) stateFile() string { return filepath.Join(w.dir, nameOf(origin)+stateSuffix) }

// A folder is one process's, and what it says is what was cosigned, or it does not
// open.
func TestAFolderIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 9, 9, ""), newClock()
	w := newWitness(t, "witness.example", c.now, k.verifier)
	if rec := w.add(0, nil, k.sign(t, h, 5)); rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	if _, err := OpenStore(w.dir); !errors.Is(err, ErrInUse) {
		t.Errorf("a second process has the folder: %v", err)
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(w.stateFile())
	if err != nil {
		t.Fatal(err)
	}
	refused := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(w.stateFile(), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := OpenStore(w.dir); !errors.Is(err, ErrDamaged) {
			t.Fatalf("opened %t, %v: %q", s != nil, err, content)
		}
	}
	for i := range whole {
		altered := append([]byte{}, whole...)
		altered[i] ^= 1 << (i % 8)
		refused(altered)
		refused(whole[:i])
	}
	refused(append(whole, '\n'))
	if err := os.WriteFile(w.stateFile(), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(w.dir, nameOf("hub.example/other")+stateSuffix)
	if err := os.WriteFile(other, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenStore(w.dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("the file of one origin is taken for another's: %v", err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	// What a crash left half written is not read, and written over.
	if err := os.WriteFile(w.stateFile()+".new", whole[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	w.open(t, c.now, k.verifier)
	if rec := w.add(5, h.proof(t, 5, 9), k.sign(t, h, 9)); rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
}

// A witness whose folder cannot be written cosigns nothing, from then on.
func TestNothingIsCosignedThatIsNotSaved(t *testing.T) {
	t.Parallel()
	k, h, c := newKey(t, origin), of(t, 9, 9, ""), newClock()
	w := newWitness(t, "witness.example", c.now, k.verifier)
	if rec := w.add(0, nil, k.sign(t, h, 5)); rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	// A folder where the new file goes: root may write anything else.
	if err := os.Mkdir(w.stateFile()+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if rec := w.add(5, h.proof(t, 5, 9), k.sign(t, h, 9)); rec.Code != 500 {
			t.Fatalf("%d: %s", rec.Code, rec.Body)
		}
		if err := os.RemoveAll(w.stateFile() + ".new"); err != nil { // it works again, and what is on disk is open
			t.Fatal(err)
		}
	}
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t, c.now, k.verifier)
	if rec := w.add(5, h.proof(t, 5, 9), k.sign(t, h, 9)); rec.Code != 200 {
		t.Errorf("after a new start: %d: %s", rec.Code, rec.Body)
	}
	if got := w.Figures(); got.Outcomes[Cosigned] != 1 || got.Sizes[origin] != 9 {
		t.Errorf("figures %+v", got)
	}
}

// Somebody who holds the ledger's key can not fill the disk with forks.
func TestForksAreKeptUpToALimit(t *testing.T) {
	t.Parallel()
	k, c := newKey(t, origin), newClock()
	w := newWitness(t, "witness.example", c.now, k.verifier)
	if rec := w.add(0, nil, k.sign(t, of(t, 3, 3, ""), 3)); rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
	for i := range maxKept + 5 {
		for range 2 { // the same again is kept once
			if rec := w.add(3, nil, k.sign(t, of(t, 3, 1, string(rune('a'+i))), 3)); rec.Code != 409 {
				t.Fatal(rec.Code, rec.Body)
			}
		}
	}
	if kept := forks(t, w, forkSuffix, k); len(kept) != maxKept {
		t.Errorf("%d forks are kept", len(kept))
	}
	if got := w.Figures(); got.Forks != 2*(maxKept+5) {
		t.Errorf("%d forks counted", got.Forks)
	}
}

// forks reads what a witness kept, and checks it like a stranger.
func forks(t testing.TB, w *aWitness, suffix string, keys ...key) []Fork {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "*"+suffix))
	if err != nil {
		t.Fatal(err)
	}
	all := make([]Fork, len(files))
	for i, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if all[i], err = ParseFork(content); err != nil {
			t.Fatal(err)
		}
		if err := CheckFork(all[i], origin, verifiers(keys...)); (err == nil) != (suffix == forkSuffix) {
			t.Errorf("a file %s: %v", suffix, err)
		}
	}
	return all
}
