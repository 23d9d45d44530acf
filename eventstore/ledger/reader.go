package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

var (
	// ErrCorrupt: a tile, an entry or a checkpoint is missing, or is not what was
	// signed. The error names it.
	ErrCorrupt = errors.New("ledger: what is kept is not what was signed")
	// ErrNoCheckpoint: nothing has been signed yet, or nothing witnessed.
	ErrNoCheckpoint = errors.New("ledger: there is no checkpoint yet")
	// ErrBeyond: it is beyond what is signed, or not sealed yet.
	ErrBeyond = errors.New("ledger: beyond the last checkpoint")
)

// What proofs are made of, leaf's side first.
type (
	Hash        = tlog.Hash
	RecordProof = tlog.RecordProof
	TreeProof   = tlog.TreeProof
)

// Checkpoint is a signed note that was verified, and the tree it is of.
type Checkpoint struct {
	Tree
	Note []byte // as it was signed: not to be changed
}

// Reader answers what a ledger publishes. Every hash it gives, or makes a proof
// of, is proved to be of the tree that the last checkpoint signs: a shelf that is
// damaged or lies makes it fail with [ErrCorrupt], and never answer wrongly. It
// may be used by several goroutines.
type Reader struct {
	shelf  Shelf
	origin string
	keys   note.Verifiers
	tiles  *tileCache

	mu     sync.Mutex
	opened map[string]Checkpoint // by register
}

// NewReader returns a reader of the ledger of an origin, whose checkpoints some
// of keys sign. It keeps up to cached full tiles, of 8 KiB each, in memory.
func NewReader(shelf Shelf, origin string, keys note.Verifiers, cached int) *Reader {
	return &Reader{shelf: shelf, origin: origin, keys: keys, tiles: newTileCache(cached), opened: map[string]Checkpoint{}}
}

// Checkpoint returns the last checkpoint that was signed. [ErrNoCheckpoint],
// [ErrCorrupt].
func (r *Reader) Checkpoint(ctx context.Context) (Checkpoint, error) {
	return r.register(ctx, RegisterCheckpoint)
}

// Witnessed returns the last checkpoint that as many witnesses as the policy
// wants have cosigned, with their signatures. [ErrNoCheckpoint], [ErrCorrupt].
func (r *Reader) Witnessed(ctx context.Context) (Checkpoint, error) {
	return r.register(ctx, RegisterWitnessed)
}

func (r *Reader) register(ctx context.Context, name string) (Checkpoint, error) {
	raw, err := r.shelf.Load(ctx, name)
	switch {
	case errors.Is(err, ErrMalformed):
		return Checkpoint{}, fmt.Errorf("%w: the register %s: %w", ErrCorrupt, name, err)
	case err != nil:
		return Checkpoint{}, fmt.Errorf("ledger: read the register %s: %w", name, err)
	case raw == nil:
		return Checkpoint{}, ErrNoCheckpoint
	}
	r.mu.Lock()
	last := r.opened[name]
	r.mu.Unlock()
	if last.Note != nil && bytes.Equal(raw, last.Note) {
		return last, nil
	}
	t, _, err := OpenCheckpoint(raw, r.origin, r.keys)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: the register %s: %w", ErrCorrupt, name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened[name] = Checkpoint{t, raw}
	return r.opened[name], nil
}

// Tile returns the first width hashes of a tile, 32 bytes each. [ErrBeyond] if
// the last checkpoint's tree has not as many there, or no such tile.
func (r *Reader) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	if width < 1 || width > widthOf(at.N, level, n) {
		return nil, fmt.Errorf("%w: a tile of level %d", ErrBeyond, level)
	}
	data, err := r.tile(ctx, at.Tree, level, n)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(data[:width*tlog.HashSize]), nil
}

// tile is a tile as wide as it is in a tree that has it.
func (r *Reader) tile(ctx context.Context, at Tree, level int, n int64) (data []byte, _ error) {
	t := tlog.Tile{H: TileHeight, L: level, N: n, W: widthOf(at.N, level, n)}
	err := r.proven(ctx, at, func(from *tileSource, hashes tlog.HashReader) error {
		_, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(TileHeight*level, n*TileWidth)})
		data = from.proved[t]
		return err
	})
	return data, err
}

// within returns the last checkpoint if it has at least size entries.
func (r *Reader) within(ctx context.Context, size int64) (Checkpoint, error) {
	at, err := r.Checkpoint(ctx)
	if err == nil && (size < 0 || size > at.N) {
		err = fmt.Errorf("%w: which is of %d entries", ErrBeyond, at.N)
	}
	return at, err
}

// Root returns the root of the ledger's first size entries, from 0 to those of
// the last checkpoint. [ErrBeyond].
func (r *Reader) Root(ctx context.Context, size int64) (root tlog.Hash, _ error) {
	at, err := r.within(ctx, size)
	switch {
	case err != nil:
		return tlog.Hash{}, err
	case size == at.N:
		return at.Hash, nil
	}
	err = r.proven(ctx, at.Tree, func(_ *tileSource, hashes tlog.HashReader) (err error) {
		root, err = tlog.TreeHash(size, hashes)
		return err
	})
	return root, err
}

// Inclusion returns the proof that the entry at a position is in the tree of the
// first size entries (RFC 6962 section 2.1.1). [ErrBeyond] if it is not, or if
// size is more than the last checkpoint's.
func (r *Reader) Inclusion(ctx context.Context, position event.Position, size int64) (tlog.RecordProof, error) {
	at, err := r.within(ctx, size)
	if err != nil {
		return nil, err
	}
	return r.inclusion(ctx, at.Tree, position, size)
}

func (r *Reader) inclusion(ctx context.Context, at Tree, position event.Position, size int64) (proof tlog.RecordProof, _ error) {
	if position < 1 || uint64(position) > uint64(size) {
		return nil, fmt.Errorf("%w: no entry of %d", ErrBeyond, size)
	}
	err := r.proven(ctx, at, func(_ *tileSource, hashes tlog.HashReader) (err error) {
		proof, err = tlog.ProveRecord(size, int64(position)-1, hashes)
		return err
	})
	return proof, err
}

// Consistency returns the proof that the tree of the first to entries only adds
// to that of the first from (RFC 6962 section 2.1.2): 1 ≤ from ≤ to ≤ the last
// checkpoint's size. [ErrBeyond].
func (r *Reader) Consistency(ctx context.Context, from, to int64) (proof tlog.TreeProof, _ error) {
	at, err := r.within(ctx, to)
	switch {
	case err != nil:
		return nil, err
	case from < 1 || from > to:
		return nil, fmt.Errorf("%w: no tree of that size within one of %d", ErrBeyond, to)
	}
	err = r.proven(ctx, at.Tree, func(_ *tileSource, hashes tlog.HashReader) (err error) {
		proof, err = tlog.ProveTree(to, from, hashes)
		return err
	})
	return proof, err
}

// Proof proves that the entry at a position is in the ledger, by the last
// witnessed checkpoint if that has it, otherwise by the last checkpoint.
// [ErrBeyond] if it is not sealed yet.
func (r *Reader) Proof(ctx context.Context, position event.Position) (Proof, error) {
	at, err := r.Checkpoint(ctx)
	if err != nil {
		return Proof{}, err
	}
	by, err := r.Witnessed(ctx)
	if errors.Is(err, ErrNoCheckpoint) || err == nil && (uint64(position) > uint64(by.N) || by.N > at.N) {
		by, err = at, nil
	}
	if err != nil {
		return Proof{}, err
	}
	if by.N < at.N {
		switch root, err := r.Root(ctx, by.N); {
		case err != nil:
			return Proof{}, err
		case root != by.Hash:
			return Proof{}, fmt.Errorf("%w: the register %s is of another tree", ErrCorrupt, RegisterWitnessed)
		}
	}
	hashes, err := r.inclusion(ctx, at.Tree, position, by.N)
	if err != nil {
		return Proof{}, err
	}
	return Proof{Index: int64(position) - 1, Hashes: hashes, Checkpoint: bytes.Clone(by.Note)}, nil
}

// EntryBundle returns the first width entries that the tile n of level 0 has the
// hashes of, each with its length before it as 16 bits, most significant first
// (C2SP tlog-tiles, "Log entries"). They are the store's, and [ErrCorrupt] if
// they are not what was signed. [ErrBeyond] if not as many are sealed.
func (r *Reader) EntryBundle(ctx context.Context, store eventstore.Store, n int64, width int) ([]byte, error) {
	hashes, err := r.Tile(ctx, 0, n, width)
	if err != nil {
		return nil, err
	}
	var bundle []byte
	position := n * TileWidth
	for stored, err := range store.ReadAll(ctx, event.Position(position)) {
		if err != nil {
			return nil, fmt.Errorf("ledger: read after entry %d: %w", position, err)
		}
		position++
		b := codec.Bytes(stored)
		leaf := codec.Leaf(stored)
		if !bytes.Equal(leaf[:], hashes[:tlog.HashSize]) || len(b) > math.MaxUint16 {
			return nil, fmt.Errorf("%w: entry %d", ErrCorrupt, position)
		}
		bundle = append(binary.BigEndian.AppendUint16(bundle, uint16(len(b))), b...)
		if hashes = hashes[tlog.HashSize:]; len(hashes) == 0 {
			return bundle, nil
		}
	}
	return nil, fmt.Errorf("%w: entry %d is missing", ErrCorrupt, position+1)
}

// proven reads hashes of a tree, by tiles that are proved to be of it. What is in
// the cache was, of this tree or another; if it does not fit, only the shelf is
// asked.
func (r *Reader) proven(ctx context.Context, at Tree, read func(*tileSource, tlog.HashReader) error) error {
	if at.N == 0 {
		return read(nil, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			return nil, fmt.Errorf("%w: nothing is", ErrBeyond)
		}))
	}
	for cached := true; ; cached = false {
		from := &tileSource{ctx: ctx, reader: r, at: at, cached: cached, proved: map[tlog.Tile][]byte{}}
		err := read(from, tlog.TileHashReader(at, from))
		switch {
		case err == nil:
			return nil
		case from.failed != nil:
			return from.failed
		case !from.hit:
			return fmt.Errorf("%w: %s", ErrCorrupt, from.blamed())
		}
	}
}

// Cached is how many full tiles are in memory.
func (r *Reader) Cached() int { return r.tiles.len() }
