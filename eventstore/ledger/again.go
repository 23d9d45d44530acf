package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// again is the second way from stored events to tiles and a root. It shares no
// code with [edge], [codec.Leaf] and package tlog, so that neither a fault of
// one of them nor a bit that flips in memory is signed: once an entry's hash is
// wrong in the tree, the ledger can never be proved again.
type again struct {
	size int64
	sum  hash.Hash
	// levels[l] are the hashes of the tile of level l that is not full yet.
	levels [][][sha256.Size]byte
}

// againFrom goes on at an edge.
func againFrom(e *edge) *again {
	a := &again{size: e.size, sum: sha256.New(), levels: make([][][sha256.Size]byte, len(e.tiles))}
	for l, data := range e.tiles {
		for ; len(data) > 0; data = data[sha256.Size:] {
			a.levels[l] = append(a.levels[l], [sha256.Size]byte(data))
		}
	}
	return a
}

// leaf hashes an event's stored bytes, piece by piece.
func (a *again) leaf(e eventstore.Stored) (leaf [sha256.Size]byte) {
	a.sum.Reset()
	var number [8]byte
	write := func(n uint64) {
		binary.BigEndian.PutUint64(number[:], n)
		a.sum.Write(number[:])
	}
	a.sum.Write([]byte{0x00, codec.Format})
	write(uint64(e.Position))
	write(uint64(e.RecordedAt.UnixMicro()))
	a.sum.Write(e.ID.UUID[:])
	stream := e.Stream.Bytes()
	a.sum.Write(stream[:])
	write(uint64(e.Revision))
	a.sum.Write(e.Body)
	a.sum.Sum(leaf[:0])
	return leaf
}

// add appends a leaf, and gives every tile that it fills to full.
func (a *again) add(leaf [sha256.Size]byte, full func(level int, n int64, data []byte)) {
	a.size++
	for l := 0; ; l++ {
		if l == len(a.levels) {
			a.levels = append(a.levels, nil)
		}
		a.levels[l] = append(a.levels[l], leaf)
		if len(a.levels[l]) < TileWidth {
			return
		}
		full(l, a.size>>(TileHeight*(l+1))-1, joined(a.levels[l]))
		leaf = merkle(a.levels[l])
		a.levels[l] = a.levels[l][:0]
	}
}

// root is that of the tree: each level's hashes are followed by the root of all
// that lies below them and is not complete.
func (a *again) root() tlog.Hash {
	var below [][sha256.Size]byte
	for _, level := range a.levels {
		if nodes := append(append([][sha256.Size]byte(nil), level...), below...); len(nodes) > 0 {
			below = [][sha256.Size]byte{merkle(nodes)}
		}
	}
	if len(below) == 0 {
		return sha256.Sum256(nil)
	}
	return below[0]
}

// merkle is MTH of RFC 6962 section 2.1 over one or more hashes of nodes.
func merkle(nodes [][sha256.Size]byte) [sha256.Size]byte {
	if len(nodes) == 1 {
		return nodes[0]
	}
	k := 1
	for 2*k < len(nodes) {
		k *= 2
	}
	left, right := merkle(nodes[:k]), merkle(nodes[k:])
	var b [1 + 2*sha256.Size]byte
	b[0] = 0x01
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

func joined(hashes [][sha256.Size]byte) []byte {
	var b []byte
	for _, h := range hashes {
		b = append(b, h[:]...)
	}
	return b
}
