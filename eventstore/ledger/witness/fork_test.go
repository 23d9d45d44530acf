package witness

import (
	"bytes"
	"errors"
	"math/bits"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
)

func verifiers(keys ...key) note.Verifiers {
	var all []note.Verifier
	for _, k := range keys {
		all = append(all, k.verifier)
	}
	return note.VerifierList(all...)
}

// Of every two branches and every two sizes, a fork is proven by the ledger's own
// proof exactly where the larger tree does not begin with the smaller; without the
// smaller tree's beginning being said, unless its size is a power of two.
func TestAForkIsProvenWhereThereIsOne(t *testing.T) {
	t.Parallel()
	k := newKey(t, origin)
	known := verifiers(k)
	const most = 20
	for shared := int64(0); shared <= most; shared += 3 {
		one, two := of(t, most, shared, "one"), of(t, most, shared, "two")
		for m := int64(1); m <= most; m++ {
			for n := m; n <= most; n++ {
				a, b := checkpointOf(t, k, one, m), checkpointOf(t, k, two, n)
				begins := two.tree(t, m).Hash
				forked := m > shared
				if f, proven := forkOf(a, b, two.proof(t, m, n), &begins); proven != forked || forked != (CheckFork(f, origin, known) == nil) {
					t.Fatalf("shared %d, sizes %d and %d: proven %t: %v", shared, m, n, proven, CheckFork(f, origin, known))
				}
				f, proven := forkOf(a, b, two.proof(t, m, n), nil)
				if want := forked && (m == n || bits.OnesCount64(uint64(m)) > 1); proven != want || want != (CheckFork(f, origin, known) == nil) {
					t.Fatalf("shared %d, sizes %d and %d, nothing said: proven %t: %v", shared, m, n, proven, CheckFork(f, origin, known))
				}
			}
		}
	}
}

// A proof that is altered in any bit, or made from what the ledger signed without a
// fork, proves nothing.
func TestNothingElseProvesAFork(t *testing.T) {
	t.Parallel()
	k, other := newKey(t, origin), newKey(t, origin)
	one, two := of(t, 9, 9, ""), of(t, 9, 3, "two")
	same, _ := forkOf(checkpointOf(t, k, one, 7), checkpointOf(t, k, two, 7), nil, nil)
	larger, _ := forkOf(checkpointOf(t, k, one, 7), checkpointOf(t, k, two, 9), two.proof(t, 7, 9), nil)
	for _, f := range []Fork{same, larger} {
		file := f.Marshal()
		read, err := ParseFork(file)
		if err != nil || CheckFork(read, origin, verifiers(k)) != nil {
			t.Fatalf("%v, %v", err, CheckFork(read, origin, verifiers(k)))
		}
		if err := CheckFork(read, origin, verifiers(other)); !errors.Is(err, ErrForkFile) {
			t.Errorf("of another key: %v", err)
		}
		if err := CheckFork(read, "hub.example/other", verifiers(k)); !errors.Is(err, ErrForkFile) {
			t.Errorf("of another origin: %v", err)
		}
		for i := range file {
			for bit := range 8 {
				altered := bytes.Clone(file)
				altered[i] ^= 1 << bit
				if g, err := ParseFork(altered); err == nil && CheckFork(g, origin, verifiers(k)) == nil {
					t.Fatalf("bit %d of byte %d does not matter:\n%s", bit, i, altered)
				}
			}
			if g, err := ParseFork(file[:i]); err == nil && CheckFork(g, origin, verifiers(k)) == nil {
				t.Fatalf("the first %d bytes are enough", i)
			}
		}
		if _, err := ParseFork(append(file, '\n')); err == nil {
			t.Error("a line more is read")
		}
		swapped := Fork{A: f.B, B: f.A, Beginning: f.Beginning, Proof: f.Proof}
		if CheckFork(swapped, origin, verifiers(k)) == nil {
			t.Error("two checkpoints in the other order are taken")
		}
	}
	for name, f := range map[string]Fork{
		"the same twice":           {A: same.A, B: same.A},
		"the same of two keys":     {A: k.sign(t, one, 7), B: other.sign(t, one, 7)},
		"a tree that only grew":    {A: k.sign(t, one, 7), B: k.sign(t, one, 9), Beginning: one.tree(t, 7).Hash, Proof: one.proof(t, 7, 9)},
		"a proof that fails":       {A: larger.A, B: larger.B, Beginning: larger.Beginning, Proof: one.proof(t, 7, 9)},
		"no proof":                 {A: larger.A, B: larger.B},
		"another beginning":        {A: larger.A, B: larger.B, Beginning: emptyRoot, Proof: larger.Proof},
		"the tree without entries": {A: k.signText(t, ledger.CheckpointText(origin, ledger.Tree{Hash: emptyRoot})), B: larger.B, Beginning: larger.Beginning, Proof: larger.Proof},
	} {
		if err := CheckFork(f, origin, verifiers(k, other)); !errors.Is(err, ErrNoFork) {
			t.Errorf("%s: %v", name, err)
		}
	}
	third, _ := forkOf(checkpointOf(t, k, one, 7), checkpointOf(t, other, two, 7), nil, nil)
	if err := CheckFork(third, origin, verifiers(k, other)); err != nil {
		t.Errorf("of two keys of the ledger: %v", err)
	}
}
