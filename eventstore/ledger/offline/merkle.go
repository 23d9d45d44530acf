package offline

import (
	"crypto/sha256"
	"math/bits"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

type hash = [sha256.Size]byte

// included says whether a proof leads from an entry's bytes to the root.
func included(c checkpoint, index uint64, stored []byte, path []hash) bool {
	hashes := make([][]byte, len(path))
	for i := range path {
		hashes[i] = path[i][:]
	}
	h := rfc6962.DefaultHasher
	return proof.VerifyInclusion(h, index, c.size, h.HashLeaf(stored), hashes, c.root[:]) == nil
}

// leafOf is the hash of an entry's bytes as a leaf.
func leafOf(stored []byte) hash { return hash(rfc6962.DefaultHasher.HashLeaf(stored)) }

// ranges puts the parts of a tree together.
var ranges = compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}

// rangeOf returns the part of a tree that consecutive leaves make, the first of
// which has the index begin. It overwrites the leaves. Hashing here in place is
// what keeps a ledger of small entries at the speed of its bytes.
func rangeOf(begin uint64, leaves []hash) (*compact.Range, error) {
	end := begin + uint64(len(leaves))
	hashes := make([][]byte, 0, compact.RangeSize(begin, end))
	left, right := compact.Decompose(begin, end)
	perfect := func(size uint64) {
		hashes = append(hashes, perfectRoot(leaves[:size]))
		leaves = leaves[size:]
	}
	for ; left != 0; left &= left - 1 {
		perfect(left & -left)
	}
	for ; right != 0; right &^= 1 << (bits.Len64(right) - 1) {
		perfect(1 << (bits.Len64(right) - 1))
	}
	return ranges.NewRange(begin, end, hashes)
}

// perfectRoot returns the root over a number of leaves that is a power of two.
func perfectRoot(level []hash) []byte {
	var node [1 + 2*sha256.Size]byte
	node[0] = 1
	for ; len(level) > 1; level = level[:len(level)/2] {
		for i := range len(level) / 2 {
			copy(node[1:], level[2*i][:])
			copy(node[1+sha256.Size:], level[2*i+1][:])
			level[i] = sha256.Sum256(node[:])
		}
	}
	return append([]byte(nil), level[0][:]...)
}
