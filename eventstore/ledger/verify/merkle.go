package verify

import (
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

const (
	tileHeight = ledger.TileHeight
	tileWidth  = ledger.TileWidth
)

// rootOf is the hash of a tree over hashes of one level, one or more (RFC 6962
// section 2.1): pairs are joined level by level, and what has no partner goes up
// as it is.
func rootOf(hashes []tlog.Hash) tlog.Hash {
	var nodes [tileWidth + 1]tlog.Hash
	n := copy(nodes[:], hashes)
	for n > 1 {
		for i := range n / 2 {
			nodes[i] = tlog.NodeHash(nodes[2*i], nodes[2*i+1])
		}
		if n%2 == 1 {
			nodes[n/2] = nodes[n-1]
		}
		n = (n + 1) / 2
	}
	return nodes[0]
}

// rootOfLevels is the root of a tree whose right edge has these hashes, the
// leaves first: those of each level are followed by all that lies below them and
// fills no tile.
func rootOfLevels(levels [][]tlog.Hash) tlog.Hash {
	var below []tlog.Hash
	for _, level := range levels {
		nodes := append(append(make([]tlog.Hash, 0, len(level)+1), level...), below...)
		if len(nodes) > 0 {
			below = []tlog.Hash{rootOf(nodes)}
		}
	}
	if len(below) == 0 {
		root, _ := tlog.TreeHash(0, nil) // of the empty tree
		return root
	}
	return below[0]
}

// hashesOf splits a tile.
func hashesOf(data []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		hashes[i] = tlog.Hash(data[i*tlog.HashSize:])
	}
	return hashes
}

// widthOf is how many hashes a tile has in a tree of a size; 0 or less if there
// is no such tile.
func widthOf(level int, n, size int64) int {
	return int(min(tileWidth, max(0, size>>(tileHeight*level)-n<<tileHeight)))
}
