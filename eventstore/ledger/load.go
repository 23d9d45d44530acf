package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// load finds where the last sealer stopped, and checks that the store, the
// shelf and the memory are of one ledger. An [Incident] if they are not.
func (s *Sealer) load(ctx context.Context) (*state, error) {
	at := &state{edge: &edge{}}
	var err error
	if at.register, at.published, err = s.register(ctx); err != nil {
		return nil, err
	}
	// Each is noted before it is published, and recorded before that: read in this
	// order, what another sealer does meanwhile makes none of them fall behind.
	noted, err := s.Memory.LastSigned(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: recall what was signed last: %w", err)
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: find the head: %w", err)
	}
	published := at.published
	switch {
	case noted.N == 0 && published.N > 0:
		return nil, required("a checkpoint of %d entries was published, and the signer remembers none", published.N)
	case noted.N == published.N && noted.N > 0 && noted.Hash != published.Hash:
		return nil, required("the published root of %d entries is not the one that the signer remembers", noted.N)
	case int64(head) < max(noted.N, published.N):
		return nil, shorter(int64(head), Tree{N: max(noted.N, published.N)})
	}
	if published.N > 0 {
		if err := s.resume(ctx, at); err != nil {
			return nil, err
		}
	}
	at.noted = published
	switch {
	case noted.N < published.N:
		return at, s.remember(ctx, noted, published)
	case noted.N > published.N:
		return at, s.repeat(ctx, at, noted)
	}
	return at, nil
}

func required(format string, args ...any) *Incident {
	return &Incident{Alarm{Code: AlarmRecovery, Detail: fmt.Sprintf(format, args...)}}
}

// register reads the last checkpoint; the zero tree if none was published.
func (s *Sealer) register(ctx context.Context) (raw []byte, t Tree, err error) {
	if raw, err = s.Shelf.Load(ctx, RegisterCheckpoint); err != nil {
		return nil, Tree{}, fmt.Errorf("ledger: read the last checkpoint: %w", err)
	}
	if raw != nil {
		if t, _, err = OpenCheckpoint(raw, s.Origin, s.Verifiers); err != nil {
			return nil, Tree{}, required("what was published last is no checkpoint that a known key has signed")
		}
		return raw, t, nil
	}
	witnessed, err := s.Shelf.Load(ctx, RegisterWitnessed)
	if err != nil {
		return nil, Tree{}, fmt.Errorf("ledger: read the last witnessed checkpoint: %w", err)
	}
	if witnessed != nil {
		return nil, Tree{}, required("a checkpoint was witnessed, and none is published")
	}
	return nil, Tree{}, nil
}

// resume reads the right edge of the published tree, and compares the entries of
// its last tile with the store.
func (s *Sealer) resume(ctx context.Context, at *state) error {
	size := at.published.N
	first := (size - 1) / TileWidth * TileWidth
	edge, leaves, err := s.readEdge(ctx, at.published, first)
	if lost := (*lostTile)(nil); errors.As(err, &lost) {
		if err := s.still(ctx, at); err != nil {
			return err
		}
		s.Log.LogAttrs(ctx, slog.LevelWarn, "tiles are made again from the store", slog.String("lost", lost.name))
		if err := s.rebuild(ctx, at.published); err != nil {
			return err
		}
		edge, leaves, err = s.readEdge(ctx, at.published, first)
	}
	if err != nil {
		return err
	}
	at.edge = edge
	for _, t := range tilesOf(size) {
		at.superseded = append(at.superseded, narrower(t.L, t.N, t.W)...)
	}
	seen := first
	for stored, err := range s.Store.ReadAll(ctx, eventstore.Position(first)) {
		if err != nil {
			return fmt.Errorf("ledger: read after entry %d: %w", seen, err)
		}
		leaf := leaves[seen-first]
		if seen++; int64(stored.Position) != seen || tlog.Hash(codec.Leaf(stored)) != leaf {
			return otherEntry(seen)
		}
		if seen == size {
			at.last = entry{stored, leaf}
			at.last.stored.Body = nil
			return nil
		}
	}
	return shorter(seen, at.published)
}

// still is nil if the register is as it was read: otherwise another sealer has
// published meanwhile, and removed what its tiles have taken the place of.
func (s *Sealer) still(ctx context.Context, at *state) error {
	switch is, err := s.Shelf.Load(ctx, RegisterCheckpoint); {
	case err != nil:
		return fmt.Errorf("ledger: read the last checkpoint: %w", err)
	case !bytes.Equal(is, at.register):
		return fmt.Errorf("ledger: another sealer published meanwhile: %w", ErrMoved)
	}
	return nil
}

// readEdge reads a tree's right edge, and the leaves from an index on. Nothing
// is believed that does not hash to the root. A *lostTile if something does not.
func (s *Sealer) readEdge(ctx context.Context, t Tree, first int64) (*edge, []tlog.Hash, error) {
	tiles := &shelfTiles{ctx: ctx, shelf: s.Shelf, read: map[tlog.Tile][]byte{}}
	indexes := make([]int64, 0, TileWidth)
	for i := first; i < t.N; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	leaves, err := tlog.TileHashReader(t, tiles).ReadHashes(indexes)
	switch {
	case tiles.failed != nil:
		return nil, nil, tiles.failed
	case err != nil:
		return nil, nil, &lostTile{"of the right edge"}
	}
	at := map[tlog.Tile][]byte{}
	for _, t := range tilesOf(t.N) {
		at[t] = tiles.read[t]
	}
	e, err := edgeOf(t.N, at)
	return e, leaves, err
}

// shelfTiles reads tiles of exactly the width that is asked for.
type shelfTiles struct {
	ctx    context.Context
	shelf  Shelf
	read   map[tlog.Tile][]byte
	failed error
}

func (r *shelfTiles) Height() int { return TileHeight }

func (r *shelfTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, t := range tiles {
		name := TileName(t.L, t.N, t.W)
		data, err := r.shelf.Get(r.ctx, name)
		if errors.Is(err, ErrAbsent) || err == nil && len(data) != t.W*tlog.HashSize {
			err = &lostTile{name}
		} else if err != nil {
			err = fmt.Errorf("ledger: read tile %s: %w", name, err)
		}
		if err != nil {
			r.failed = err
			return nil, err
		}
		all[i] = data
	}
	return all, nil
}

func (r *shelfTiles) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, t := range tiles {
		r.read[t] = data[i]
	}
}

// remember brings a memory that is behind what was published up to it, if that
// only adds to what it holds.
func (s *Sealer) remember(ctx context.Context, noted, published Tree) error {
	tiles := &shelfTiles{ctx: ctx, shelf: s.Shelf, read: map[tlog.Tile][]byte{}}
	root, err := tlog.TreeHash(noted.N, tlog.TileHashReader(published, tiles))
	switch {
	case tiles.failed != nil && !errors.As(tiles.failed, new(*lostTile)):
		return tiles.failed
	case err != nil:
		return required("whether the checkpoint of %d entries adds to the %d that the signer remembers cannot be proved: %v", published.N, noted.N, err)
	case root != noted.Hash:
		return required("the checkpoint of %d entries does not add to the %d that the signer remembers", published.N, noted.N)
	}
	s.Log.LogAttrs(ctx, slog.LevelWarn, "the signer's memory was behind what is published",
		slog.Int64("remembered", noted.N), slog.Int64("published", published.N))
	if err := s.Memory.Signing(ctx, noted, published); err != nil {
		return fmt.Errorf("ledger: note what is published: %w", err)
	}
	return nil
}

// repeat makes a tree again that was noted and, as far as can be seen, not
// published: whoever sealed died in between, or the checkpoint is lost.
func (s *Sealer) repeat(ctx context.Context, at *state, noted Tree) error {
	for at.edge.size < noted.N {
		e, err := s.extend(ctx, at.edge, at.last, min(noted.N, at.edge.size/TileWidth*TileWidth+s.Chunk))
		if err != nil {
			return err
		}
		if e.tree.N == noted.N && e.tree.Hash != noted.Hash {
			return required("the %d entries of the store are not those that the signer remembers", noted.N)
		}
		if err := s.Shelf.Put(ctx, e.objects...); err != nil {
			return putFailed(err)
		}
		at.edge, at.last, at.superseded = e.edge, e.last, append(at.superseded, e.superseded...)
	}
	at.noted = noted
	return nil
}

// rebuild puts all tiles of a tree on the shelf anew, if the store has the
// entries; otherwise the [Incident] names the first that is another, where a tile
// still tells.
func (s *Sealer) rebuild(ctx context.Context, t Tree) error {
	is := &edge{}
	var differs int64
	compare := func(t tlog.Tile, data []byte) (err error) {
		if t.L == 0 && differs == 0 {
			differs, err = s.differs(ctx, t, data)
		}
		return err
	}
	for stored, err := range s.Store.ReadAll(ctx, 0) {
		if err != nil {
			return fmt.Errorf("ledger: read after entry %d: %w", is.size, err)
		}
		if is.size == t.N {
			break
		}
		var unread error
		err = is.add(codec.Leaf(stored), func(t tlog.Tile, data []byte) { unread = errors.Join(unread, compare(t, data)) })
		if err = errors.Join(err, unread); err != nil {
			return fmt.Errorf("ledger: hash entry %d: %w", stored.Position, err)
		}
	}
	for _, t := range tilesOf(is.size) {
		if err := compare(t, is.tiles[t.L]); err != nil {
			return err
		}
	}
	root, err := is.tree()
	switch {
	case err != nil:
		return fmt.Errorf("ledger: compute the root: %w", err)
	case root != t && differs > 0:
		return required("tiles are lost, and entry %d of the store is not the one that was signed", differs)
	case root != t:
		return required("tiles are lost, and the store does not make the %d entries that were signed", t.N)
	}
	for at := (&state{edge: &edge{}}); at.edge.size < t.N; {
		e, err := s.extend(ctx, at.edge, at.last, min(t.N, at.edge.size/TileWidth*TileWidth+s.Chunk))
		if err != nil {
			return err
		}
		if e.edge.size < t.N {
			e.objects = slices.DeleteFunc(e.objects, func(o Object) bool { return len(o.Bytes) < TileWidth*tlog.HashSize })
		}
		if err := s.restore(ctx, e.objects); err != nil {
			return fmt.Errorf("ledger: put tiles: %w", err)
		}
		at.edge, at.last = e.edge, e.last
	}
	return nil
}

// differs is the first entry, from 1, whose hash in a full tile is another than
// in data; 0 if there is none, or no such tile.
func (s *Sealer) differs(ctx context.Context, t tlog.Tile, data []byte) (int64, error) {
	was, err := s.Shelf.Get(ctx, TileName(t.L, t.N, t.W))
	if errors.Is(err, ErrAbsent) || err == nil && len(was) != len(data) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ledger: read tile %s: %w", TileName(t.L, t.N, t.W), err)
	}
	for i := range t.W {
		if tlog.Hash(data[i*tlog.HashSize:][:tlog.HashSize]) != tlog.Hash(was[i*tlog.HashSize:][:tlog.HashSize]) {
			return t.N*TileWidth + int64(i) + 1, nil
		}
	}
	return 0, nil
}

// restore puts tiles that are proved to be those of a signed root in the place of
// whatever is there.
func (s *Sealer) restore(ctx context.Context, objects []Object) error {
	err := s.Shelf.Put(ctx, objects...)
	if !errors.Is(err, ErrOther) {
		return err
	}
	for _, o := range objects {
		err := s.Shelf.Put(ctx, o)
		if errors.Is(err, ErrOther) {
			s.Log.LogAttrs(ctx, slog.LevelWarn, "a tile was altered, and is replaced by what the store proves", slog.String("tile", o.Name))
			if err = s.Shelf.Remove(ctx, o.Name); err == nil {
				err = s.Shelf.Put(ctx, o)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
