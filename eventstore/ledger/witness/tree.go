package witness

import (
	"crypto/sha256"
	"errors"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

// emptyRoot is the root of the tree without entries (RFC 6962 section 2.1).
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// errProof: a consistency proof does not hold.
var errProof = errors.New("the proof of consistency does not hold")

// extends checks a proof that a tree adds to an earlier one; of nothing added,
// and of anything added to nothing, the proof is empty.
func extends(proof tlog.TreeProof, tree, earlier ledger.Tree) error {
	switch {
	case earlier.N > tree.N:
		return errProof
	case earlier.N == 0 || earlier.N == tree.N:
		if len(proof) > 0 || earlier.N == tree.N && earlier.Hash != tree.Hash {
			return errProof
		}
		return nil
	}
	if tlog.CheckTree(proof, tree.N, tree.Hash, earlier.N, earlier.Hash) != nil {
		return errProof
	}
	return nil
}

// beginning finds the root that the first n entries of a tree have by a proof
// that holds for the tree (RFC 9162 section 2.1.4.2). There is none where n is a
// power of two, because the proof leaves it out, or where the proof does not hold.
func beginning(proof tlog.TreeProof, tree ledger.Tree, n int64) (tlog.Hash, bool) {
	if n < 1 || n >= tree.N || bits.OnesCount64(uint64(n)) == 1 || len(proof) == 0 {
		return tlog.Hash{}, false
	}
	node, last := n-1, tree.N-1
	for node&1 == 1 {
		node, last = node>>1, last>>1
	}
	earlier, whole := proof[0], proof[0]
	for _, h := range proof[1:] {
		if last == 0 {
			return tlog.Hash{}, false
		}
		if node&1 == 1 || node == last {
			earlier, whole = tlog.NodeHash(h, earlier), tlog.NodeHash(h, whole)
			for node&1 == 0 && node != 0 {
				node, last = node>>1, last>>1
			}
		} else {
			whole = tlog.NodeHash(whole, h)
		}
		node, last = node>>1, last>>1
	}
	if last != 0 || whole != tree.Hash {
		return tlog.Hash{}, false
	}
	return earlier, true
}
