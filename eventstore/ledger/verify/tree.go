package verify

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// tree is the Merkle tree of the entries that were read, as far as its right
// edge, beside the tiles that are stored.
type tree struct {
	run    *run
	levels []*frame // from level 1
	good   int64    // the largest tree that is known to be as it was signed
	tiles  int      // that were compared
	next   int      // the anchor that comes next
	done   bool     // the last checkpoint was compared
}

// frame is the tile of a level that is being filled.
type frame struct {
	n      int64       // its number in its level
	hashes []tlog.Hash // of the tiles below, as far as they are known
	stored []tlog.Hash // the tile of the shelf; nil if there is none
	wrong  []int       // where stored says otherwise than everything below
}

// node is a hash that goes into a frame: as the entries make it, and as the tile
// that is stored says.
type node struct {
	made, stored tlog.Hash
	settle       func(blame)
}

// blame says what is wrong where what the entries make and what is stored are not
// the same.
type blame int

const (
	onTile    blame = iota // what the entries make leads to the root
	onEntries              // what is stored does
	onBoth                 // it cannot be told, or both are wrong
)

func newTree(r *run) *tree { return &tree{run: r} }

// startAt begins behind entries that are left out, at the hashes of the right
// edge that they make.
func (t *tree) startAt(levels [][]tlog.Hash, size int64) {
	t.good = size
	for level, hashes := range levels {
		if level > 0 {
			t.levels = append(t.levels, &frame{n: size >> (tileHeight * (level + 1)), hashes: hashes})
		}
	}
}

// frame is that of a level, from 1, with its tile.
func (t *tree) frame(ctx context.Context, level int) (*frame, error) {
	if level > len(t.levels) {
		t.levels = append(t.levels, &frame{})
	}
	f := t.levels[level-1]
	if f.stored != nil {
		return f, nil
	}
	width := widthOf(level, f.n, t.run.sealed)
	if width == 0 {
		return f, nil
	}
	hashes, err := t.read(ctx, level, f.n, width)
	if err != nil {
		return nil, err
	}
	if f.stored = hashes; hashes == nil {
		f.stored = []tlog.Hash{}
	}
	return f, nil
}

// read reads a tile that must be there; nil if it is not, which is found.
func (t *tree) read(ctx context.Context, level int, n int64, width int) ([]tlog.Hash, error) {
	hashes, sound, err := t.run.tile(ctx, level, n, width)
	if err != nil {
		return nil, err
	}
	t.compared(level, n, width, hashes, sound)
	return hashes, nil
}

// compared counts a tile that was read and finds one that is none.
func (t *tree) compared(level int, n int64, width int, hashes []tlog.Hash, sound bool) {
	t.tiles++
	name := ledger.TileName(level, n, width)
	switch {
	case !sound:
		t.run.find(verdict.Finding{Code: verdict.TileAltered, Object: name, Detail: "it has not the length of a tile"})
	case hashes == nil:
		t.run.find(verdict.Finding{Code: verdict.TileMissing, Object: name, Detail: "the tile is not there"})
	}
}

// add puts the next tile of leaves under the tree, and compares it with whatever
// it completes.
func (t *tree) add(ctx context.Context, c *chunk) error {
	t.meet(c, func(n int64) bool { return n < c.start+tileWidth })
	switch {
	case len(c.leaves) == tileWidth:
		below := node{made: c.root, stored: c.tileRoot, settle: c.settle(t)}
		if c.start+tileWidth > t.run.sealed {
			below.stored, below.settle = below.made, nil // its part that is sealed was compared
		}
		if err := t.push(ctx, 1, below); err != nil {
			return err
		}
	case c.start+int64(len(c.leaves)) < min(t.run.sealed, c.start+tileWidth):
		c.settle(t)(onBoth) // it ends within what was sealed
	}
	t.meet(c, func(n int64) bool { return n == c.start+tileWidth && len(c.leaves) == tileWidth })
	return nil
}

// push adds a node to the frame of a level, and the frame to the next one once it
// is full.
func (t *tree) push(ctx context.Context, level int, below node) error {
	f, err := t.frame(ctx, level)
	if err != nil {
		return err
	}
	slot := len(f.hashes)
	above := slot < len(f.stored)
	known := below.made
	switch {
	case below.made == below.stored:
		if above && f.stored[slot] != below.made {
			f.wrong = append(f.wrong, slot)
		}
	case above && f.stored[slot] == below.stored:
		known = below.stored
		below.settle(onEntries)
	case above && f.stored[slot] == below.made:
		below.settle(onTile)
	default:
		below.settle(onBoth)
		if above {
			f.wrong = append(f.wrong, slot)
		}
	}
	f.hashes = append(f.hashes, known)
	if len(f.hashes) < tileWidth {
		return nil
	}
	whole := *f
	*f = frame{n: f.n + 1}
	up := node{made: rootOf(whole.hashes)}
	if up.stored = up.made; len(whole.wrong) > 0 {
		up.stored = rootOf(whole.stored)
		up.settle = func(b blame) { t.settle(level, &whole, b) }
	}
	return t.push(ctx, level+1, up)
}

// settle says what is wrong where a frame and its tile differ.
func (t *tree) settle(level int, f *frame, b blame) {
	if len(f.wrong) == 0 {
		return
	}
	if b != onEntries {
		t.run.find(verdict.Finding{Code: verdict.TileAltered, Object: ledger.TileName(level, f.n, len(f.stored)),
			Detail: fmt.Sprintf("%d of its hashes are not those of the tiles below", len(f.wrong))})
	}
	if b == onTile {
		return
	}
	for _, slot := range f.wrong {
		first := (f.n<<tileHeight + int64(slot)) << (tileHeight * level)
		t.run.find(verdict.Finding{Code: verdict.HistoryOther, Entry: uint64(first) + 1, UpTo: uint64(min(first+1<<(tileHeight*level), t.run.sealed)),
			Detail: "the entries and the tiles made of them are others than those that were signed"})
	}
}

// meet compares the tree with the anchors that a chunk reaches, those whose size
// is within.
func (t *tree) meet(c *chunk, within func(n int64) bool) {
	for t.next < len(t.run.anchors) {
		a := &t.run.anchors[t.next]
		if a.tree.N > c.start+int64(len(c.leaves)) || !within(a.tree.N) {
			return
		}
		t.next++
		t.compare(c, a)
	}
}

// compare finds out whether the entries make the tree of an anchor.
func (t *tree) compare(c *chunk, a *anchor) {
	levels := t.edgeAt(c, a.tree.N)
	edge := a.tree.N == t.run.sealed && !t.done
	if edge {
		t.done = true
		a.met = t.compareEdge(c, levels, a.tree.Hash)
	} else {
		a.met = rootOfLevels(levels) == a.tree.Hash
	}
	if a.met {
		t.good = max(t.good, a.tree.N)
		return
	}
	t.run.find(verdict.Finding{Code: verdict.HistoryOther, Entry: uint64(min(t.good, a.tree.N-1)) + 1, UpTo: uint64(a.tree.N),
		Detail: "the entries lead to another root than that of " + a.name})
}

// edgeAt is the right edge of the tree of so many entries, the leaves first.
func (t *tree) edgeAt(c *chunk, size int64) [][]tlog.Hash {
	levels := [][]tlog.Hash{nil}
	if size < c.start+tileWidth {
		levels[0] = c.leaves[:size-c.start]
	}
	for _, f := range t.levels {
		levels = append(levels, f.hashes)
	}
	return levels
}

// compareEdge compares the tiles at the right edge, which no tile above vouches
// for, with what the entries make: whichever lead to the signed root are right.
func (t *tree) compareEdge(c *chunk, levels [][]tlog.Hash, root tlog.Hash) bool {
	stored := make([][]tlog.Hash, len(levels))
	settle := make([]func(blame), len(levels))
	var differ []int
	if len(levels[0]) > 0 && len(c.differ) > 0 {
		stored[0], settle[0] = c.tile[:len(levels[0])], c.settle(t)
		differ = append(differ, 0)
	}
	for i, f := range t.levels {
		if len(f.wrong) > 0 {
			level, whole := i+1, *f
			stored[level], settle[level] = f.stored, func(b blame) { t.settle(level, &whole, b) }
			differ = append(differ, level)
		}
		f.stored, f.wrong = []tlog.Hash{}, nil
	}
	for choice := range 1 << len(differ) {
		tried := slices.Clone(levels)
		for i, level := range differ {
			if choice>>i&1 == 1 {
				tried[level] = stored[level]
			}
		}
		if rootOfLevels(tried) != root {
			continue
		}
		for i, level := range differ {
			settle[level]([...]blame{onTile, onEntries}[choice>>i&1])
			if choice>>i&1 == 1 {
				t.take(c, level, stored[level])
			}
		}
		return true
	}
	for _, level := range differ {
		settle[level](onBoth)
	}
	return false
}

// take goes on with what is stored, where that is what was signed.
func (t *tree) take(c *chunk, level int, hashes []tlog.Hash) {
	if level > 0 {
		t.levels[level-1].hashes = append(t.levels[level-1].hashes[:0], hashes...)
		return
	}
	copy(c.leaves, hashes)
	if len(c.leaves) == tileWidth {
		c.root = rootOf(c.leaves)
	}
}

// end settles what the end of the store left open.
func (t *tree) end() {
	for i, f := range t.levels {
		t.settle(i+1, f, onBoth)
	}
}
