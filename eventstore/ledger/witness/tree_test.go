package witness

import (
	"math/bits"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

// Of every two sizes, the honest proof holds, the tree's beginning is read from it
// unless the smaller size is a power of two, and no proof with one bit of another
// holds.
func TestAProofTellsHowATreeBegins(t *testing.T) {
	t.Parallel()
	const most = 70
	h := of(t, most, most, "")
	for n := int64(1); n <= most; n++ {
		whole := h.tree(t, n)
		for m := int64(1); m < n; m++ {
			start, proof := h.tree(t, m), h.proof(t, m, n)
			if err := extends(proof, whole, start); err != nil {
				t.Fatalf("%d to %d: %v", m, n, err)
			}
			root, found := beginning(proof, whole, m)
			if found != (bits.OnesCount64(uint64(m)) != 1) || found && root != start.Hash {
				t.Fatalf("%d to %d: begins with %v, %t", m, n, root, found)
			}
			for i := range proof {
				other := append(tlog.TreeProof{}, proof...)
				other[i][m%32] ^= 1
				if extends(other, whole, start) == nil {
					t.Fatalf("%d to %d: an altered proof holds", m, n)
				}
				if root, found := beginning(other, whole, m); found {
					t.Fatalf("%d to %d: an altered proof begins with %v", m, n, root)
				}
			}
			for _, other := range []tlog.TreeProof{nil, proof[:len(proof)-1], append(append(tlog.TreeProof{}, proof...), proof[0])} {
				if _, found := beginning(other, whole, m); found || extends(other, whole, start) == nil {
					t.Fatalf("%d to %d: a proof of %d hashes holds", m, n, len(other))
				}
			}
		}
	}
	empty := ledger.Tree{Hash: emptyRoot}
	if extends(nil, h.tree(t, 5), empty) != nil || extends(h.proof(t, 2, 5), h.tree(t, 5), empty) == nil {
		t.Error("everything adds to nothing, without a proof")
	}
	if extends(nil, h.tree(t, 5), h.tree(t, 5)) != nil || extends(nil, h.tree(t, 5), h.tree(t, 6)) == nil {
		t.Error("a tree adds to itself, and not to a larger one")
	}
}

func FuzzBeginning(f *testing.F) {
	f.Add(int64(3), int64(7), []byte("x"))
	f.Fuzz(func(t *testing.T, m, n int64, raw []byte) {
		var proof tlog.TreeProof
		for len(raw) >= tlog.HashSize {
			proof, raw = append(proof, tlog.Hash(raw[:tlog.HashSize])), raw[tlog.HashSize:]
		}
		root, found := beginning(proof, ledger.Tree{N: n}, m)
		if found && extends(proof, ledger.Tree{N: n}, ledger.Tree{N: m, Hash: root}) != nil {
			t.Error("a beginning is found that does not hold")
		}
	})
}
