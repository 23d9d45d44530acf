package ledger

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// tileSource reads tiles of a tree for [tlog.TileHashReader], which believes
// nothing of them. It serves one call of a [Reader].
type tileSource struct {
	ctx    context.Context
	reader *Reader
	at     Tree
	cached bool // whether the cache may be asked

	hit    bool // something was from the cache
	read   []tlog.Tile
	data   [][]byte
	proved map[tlog.Tile][]byte
	failed error
}

// Height implements [tlog.TileReader].
func (s *tileSource) Height() int { return TileHeight }

// ReadTiles implements [tlog.TileReader].
func (s *tileSource) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	s.read, s.data = tiles, make([][]byte, len(tiles))
	for i, t := range tiles {
		if s.cached {
			if data, ok := s.reader.tiles.get(t); ok {
				s.data[i], s.hit = data, true
				continue
			}
		}
		if s.data[i], s.failed = s.fetch(t); s.failed != nil {
			return nil, s.failed
		}
	}
	return s.data, nil
}

// SaveTiles implements [tlog.TileReader]: the tiles are proved.
func (s *tileSource) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, t := range tiles {
		s.proved[t] = data[i]
		s.reader.tiles.put(t, data[i])
	}
}

// fetch reads a tile as wide as it is in the tree, or wider: it may have grown
// since, and then the narrower one is gone.
func (s *tileSource) fetch(t tlog.Tile) ([]byte, error) {
	name := TileName(t.L, t.N, t.W)
	data, err := s.get(t, t.W)
	for w := t.W; errors.Is(err, ErrAbsent) && w < TileWidth; {
		last, failed := s.reader.Checkpoint(s.ctx)
		if failed != nil {
			return nil, failed
		}
		if grown := widthOf(last.N, t.L, t.N); grown > w {
			w = grown
		} else {
			w = TileWidth // a sealer that died, or has just put it
		}
		data, err = s.get(t, w)
	}
	switch {
	case errors.Is(err, ErrAbsent):
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, name)
	case err != nil:
		return nil, err
	}
	return data[:t.W*tlog.HashSize], nil
}

// get reads the tile of exactly a width.
func (s *tileSource) get(t tlog.Tile, width int) ([]byte, error) {
	name := TileName(t.L, t.N, width)
	data, err := s.reader.shelf.Get(s.ctx, name)
	switch {
	case errors.Is(err, ErrAbsent):
		return nil, err
	case errors.Is(err, ErrMalformed):
		return nil, fmt.Errorf("%w: %s: %w", ErrCorrupt, name, err)
	case err != nil:
		return nil, fmt.Errorf("ledger: read %s: %w", name, err)
	case len(data) != width*tlog.HashSize:
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrCorrupt, name, len(data))
	}
	return data, nil
}

// blamed names the tile, of those that were read, that is not what was signed:
// the one whose root is not in the tile above it, or those of the right edge,
// which only the tree's root tells of.
func (s *tileSource) blamed() string {
	at := map[tlog.Tile][]byte{}
	for i, t := range s.read {
		at[tlog.Tile{H: t.H, L: t.L, N: t.N}] = s.data[i]
	}
	var edge []string
	root, err := tlog.TreeHash(s.at.N, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			t := tlog.TileForIndex(TileHeight, x)
			t.W = widthOf(s.at.N, t.L, t.N)
			if name := TileName(t.L, t.N, t.W); !slices.Contains(edge, name) {
				edge = append(edge, name)
			}
			var err error
			if hashes[i], err = tlog.HashFromTile(t, at[tlog.Tile{H: t.H, L: t.L, N: t.N}], x); err != nil {
				return nil, err
			}
		}
		return hashes, nil
	}))
	if err != nil || root != s.at.Hash {
		return "one of " + strings.Join(edge, ", ")
	}
	for i, t := range s.read { // those above come first
		above, ok := at[tlog.Tile{H: t.H, L: t.L + 1, N: t.N / TileWidth}]
		if at := int(t.N % TileWidth * tlog.HashSize); ok && t.W == TileWidth && tileRoot(s.data[i]) != tlog.Hash(above[at:at+tlog.HashSize]) {
			return TileName(t.L, t.N, t.W)
		}
	}
	return "one of those read" // cannot be: something was wrong
}

// tileRoot is the root of a full tile.
func tileRoot(data []byte) tlog.Hash {
	hashes := make([]tlog.Hash, 0, TileWidth)
	for chunk := range slices.Chunk(data, tlog.HashSize) {
		hashes = append(hashes, tlog.Hash(chunk))
	}
	for ; len(hashes) > 1; hashes = hashes[:len(hashes)/2] {
		for i := range len(hashes) / 2 {
			hashes[i] = tlog.NodeHash(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}

// tileCache keeps the full tiles that were used last.
type tileCache struct {
	most int

	mu  sync.Mutex
	all map[tlog.Tile]*list.Element
	use list.List // of cachedTile; the last used comes first
}

type cachedTile struct {
	tile tlog.Tile
	data []byte
}

func newTileCache(most int) *tileCache {
	return &tileCache{most: most, all: map[tlog.Tile]*list.Element{}}
}

// get returns a tile that nobody may change.
func (c *tileCache) get(t tlog.Tile) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.all[t]
	if !ok {
		return nil, false
	}
	c.use.MoveToFront(e)
	return e.Value.(cachedTile).data, true
}

// put keeps a proved tile, if it is full: a narrower one will grow.
func (c *tileCache) put(t tlog.Tile, data []byte) {
	if t.W != TileWidth || c.most < 1 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.all[t]; ok {
		e.Value = cachedTile{t, data}
		c.use.MoveToFront(e)
		return
	}
	if c.use.Len() >= c.most {
		last := c.use.Back()
		delete(c.all, last.Value.(cachedTile).tile)
		c.use.Remove(last)
	}
	c.all[t] = c.use.PushFront(cachedTile{t, data})
}

func (c *tileCache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.use.Len()
}
