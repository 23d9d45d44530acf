package ledger

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	// TileHeight is the height of a tile: it holds up to 256 hashes of one level
	// of the tree, and its own root is one hash of the tile above (C2SP
	// tlog-tiles).
	TileHeight = 8
	// TileWidth is how many hashes a full tile holds.
	TileWidth = 1 << TileHeight
)

// TileName is the name of a hash tile's object, of a width from 1 to
// [TileWidth]: "tile/0/x001/234", or "tile/1/000.p/17" if it is not full.
func TileName(level int, n int64, width int) string {
	path := tlog.Tile{H: TileHeight, L: level, N: n, W: width}.Path()
	return "tile/" + strings.TrimPrefix(path, "tile/"+strconv.Itoa(TileHeight)+"/")
}

// tilesOf are the tiles that a tree of a size has at its right edge, lowest
// level first; those that are empty are left out.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 0; size>>(TileHeight*level) > 0; level++ {
		hashes := size >> (TileHeight * level)
		if width := int(hashes % TileWidth); width > 0 {
			tiles = append(tiles, tlog.Tile{H: TileHeight, L: level, N: hashes / TileWidth, W: width})
		}
	}
	return tiles
}

// narrower are the names of a tile's objects of fewer hashes than width.
func narrower(level int, n int64, width int) []string {
	names := make([]string, 0, width-1)
	for w := 1; w < width; w++ {
		names = append(names, TileName(level, n, w))
	}
	return names
}

// lostTile says which tile is not as it must be.
type lostTile struct{ name string }

func (e *lostTile) Error() string {
	return fmt.Sprintf("ledger: tile %s is lost or altered", e.name)
}
