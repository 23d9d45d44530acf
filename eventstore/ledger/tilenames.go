package ledger

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// entriesLevel is the level that names bundles of entries instead of hashes.
const entriesLevel = -1

// TilePath is what a path of C2SP tlog-tiles names: a tile of hashes, or a bundle
// of the entries that a tile of level 0 has the hashes of.
type TilePath struct {
	Entries bool
	Level   int // from 0 to 7; 0 for entries
	N       int64
	Width   int // from 1 to [TileWidth]
}

// ParseTilePath reads what [TileName] writes, and the same of entries, such as
// "tile/entries/x001/234.p/7". [ErrMalformed] for anything else.
func ParseTilePath(path string) (TilePath, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if entries, found := strings.CutPrefix(rest, "entries/"); found {
		rest = "data/" + entries
	} else if strings.HasPrefix(rest, "data/") {
		ok = false // of another format
	}
	t, err := tlog.ParseTilePath("tile/" + strconv.Itoa(TileHeight) + "/" + rest)
	if !ok || err != nil || len(path) > maxNameBytes || t.L > maxLevel || t.N < 0 || t.N > maxTile {
		return TilePath{}, fmt.Errorf("%w: the path of a tile", ErrMalformed)
	}
	if t.L == entriesLevel {
		return TilePath{Entries: true, N: t.N, Width: t.W}, nil
	}
	return TilePath{Level: t.L, N: t.N, Width: t.W}, nil
}

const (
	// maxLevel is the highest level at which a tree of less than 2^63 entries
	// has a tile.
	maxLevel = 62 / TileHeight
	// maxTile is the last tile that such a tree may have.
	maxTile = 1<<(63-TileHeight) - 1
)

// widthOf is how many hashes a tile has in a tree of a size; 0 if it has none.
func widthOf(size int64, level int, n int64) int {
	if level < 0 || level > maxLevel || n < 0 || n > maxTile {
		return 0
	}
	return int(min(max(size>>(TileHeight*level)-n*TileWidth, 0), TileWidth))
}
