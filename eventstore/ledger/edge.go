package ledger

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a tree: all that is needed in order to add to it,
// and to know its root. It takes at most 8 KiB per level of tiles.
type edge struct {
	size int64
	// peaks[l] is the root of the complete subtree of 2^l leaves that ends the
	// tree's first size &^ (2^l - 1) leaves, where bit l of size is set.
	peaks [64]tlog.Hash
	// tiles[l] are the hashes of the tile of level l that is not full yet.
	tiles [][]byte
}

// clone is a copy that shares nothing.
func (e *edge) clone() *edge {
	c := &edge{size: e.size, peaks: e.peaks, tiles: make([][]byte, len(e.tiles))}
	for i, t := range e.tiles {
		c.tiles[i] = append(make([]byte, 0, TileWidth*tlog.HashSize), t...)
	}
	return c
}

// edgeOf is the edge of a tree of a size with these tiles (see [tilesOf]), each
// with its bytes.
func edgeOf(size int64, data map[tlog.Tile][]byte) (*edge, error) {
	e := &edge{size: size}
	for level := 0; size>>(TileHeight*level) > 0; level++ {
		e.tiles = append(e.tiles, make([]byte, 0, TileWidth*tlog.HashSize))
	}
	for t, b := range data {
		e.tiles[t.L] = append(e.tiles[t.L], b...)
	}
	for left := uint64(size); left > 0; left &= left - 1 {
		l := bits.TrailingZeros64(left)
		h, err := tlog.HashFromTile(tileAt(l, size), e.tiles[l/TileHeight], tlog.StoredHashIndex(l, size>>l-1))
		if err != nil {
			return nil, err
		}
		e.peaks[l] = h
	}
	return e, nil
}

// tileAt is the edge's tile that a peak of a level is in.
func tileAt(level int, size int64) tlog.Tile {
	l := level / TileHeight
	hashes := size >> (TileHeight * l)
	return tlog.Tile{H: TileHeight, L: l, N: hashes / TileWidth, W: int(hashes % TileWidth)}
}

// ReadHashes finds peaks only: nothing else is asked in order to add a leaf, or
// to compute the root.
func (e *edge) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, _ := tlog.SplitStoredHashIndex(index)
		hashes[i] = e.peaks[level]
	}
	return hashes, nil
}

// add appends a leaf, and gives every tile that it fills to full, lowest level
// first, unless full is nil; full owns the bytes.
func (e *edge) add(leaf tlog.Hash, full func(t tlog.Tile, data []byte)) error {
	hashes, err := tlog.StoredHashesForRecordHash(e.size, leaf, e)
	if err != nil {
		return err
	}
	for level := 0; level < len(hashes); level += TileHeight {
		l := level / TileHeight
		if l == len(e.tiles) {
			e.tiles = append(e.tiles, make([]byte, 0, TileWidth*tlog.HashSize))
		}
		e.tiles[l] = append(e.tiles[l], hashes[level][:]...)
		if len(e.tiles[l]) == TileWidth*tlog.HashSize {
			if full != nil {
				full(tlog.Tile{H: TileHeight, L: l, N: e.size >> (TileHeight * (l + 1)), W: TileWidth}, e.tiles[l])
			}
			e.tiles[l] = make([]byte, 0, TileWidth*tlog.HashSize)
		}
	}
	e.peaks[len(hashes)-1] = hashes[len(hashes)-1]
	e.size++
	return nil
}

// tree is the size and the root.
func (e *edge) tree() (Tree, error) {
	root, err := tlog.TreeHash(e.size, e)
	return Tree{N: e.size, Hash: root}, err
}

// partial are the tiles that are not full, as objects.
func (e *edge) partial() []Object {
	var objects []Object
	for _, t := range tilesOf(e.size) {
		objects = append(objects, Object{Name: TileName(t.L, t.N, t.W), Bytes: append([]byte(nil), e.tiles[t.L]...)})
	}
	return objects
}
