package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// step publishes one checkpoint: of what follows the last one, up to a chunk.
//
// Each line of it leaves, if the process dies right after it:
//
//   - extend: nothing; it only reads.
//   - Put: tiles that no checkpoint covers. Whoever seals next makes the same
//     ones from the same entries, or wider ones.
//   - Signing: a tree that is noted and not published. Nobody has its signature.
//     Whoever seals next makes it again from the store, or, if the store is not
//     what it was, refuses to go on.
//   - Sign: the same; the signature is lost with the process.
//   - Swap: a published checkpoint, whose tiles are there, that nobody was told
//     of. Followers read the register.
//   - Published, Remove: narrower tiles that nobody needs, beside the wider ones.
//
// A Swap whose outcome is unknown is not repeated: the state is dropped, and the
// next load sees which of the two it was. A signature that was made and not
// published is never of a tree that the next one does not extend, because that
// tree is noted.
func (s *Sealer) step(ctx context.Context, at *state) error {
	e, err := s.extend(ctx, at.edge, at.last, at.edge.size/TileWidth*TileWidth+s.Chunk)
	if err != nil {
		return err
	}
	if e.tree == at.published {
		return missing(e.tree.N)
	}
	if err := s.Shelf.Put(ctx, e.objects...); err != nil {
		return putFailed(err)
	}
	if e.tree != at.noted {
		if err := s.Memory.Signing(ctx, at.noted, e.tree); err != nil {
			return fmt.Errorf("ledger: note what is to be signed: %w", err)
		}
	}
	signed, err := s.sign(e.tree)
	if err != nil {
		return err
	}
	if err := s.Shelf.Swap(ctx, RegisterCheckpoint, at.register, signed); errors.Is(err, ErrMoved) {
		return fmt.Errorf("ledger: publish a checkpoint: another sealer did: %w", err)
	} else if err != nil {
		return fmt.Errorf("%w: %w", ErrInDoubt, err)
	}
	superseded := append(at.superseded, e.superseded...)
	*at = state{edge: e.edge, noted: e.tree, last: e.last, register: signed, published: e.tree}
	if s.Published != nil {
		s.Published(e.tree, bytes.Clone(signed))
	}
	if err := s.Shelf.Remove(ctx, superseded...); err != nil && ctx.Err() == nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "tiles that wider ones have taken the place of are left behind", slog.Any("error", err))
	}
	return nil
}

// putFailed tells a shelf that has something else from one that does not answer.
func putFailed(err error) error {
	if errors.Is(err, ErrOther) {
		return &Incident{Alarm{Code: AlarmRecovery, Detail: "a tile that is there already is not what the store makes of its entries"}}
	}
	return fmt.Errorf("ledger: put tiles: %w", err)
}

// sign signs a tree, and reads what it signed as everybody else will.
func (s *Sealer) sign(t Tree) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: CheckpointText(s.Origin, t)}, s.Signers...)
	if err != nil {
		return nil, fmt.Errorf("ledger: sign a checkpoint: %w", err)
	}
	is, n, err := OpenCheckpoint(signed, s.Origin, s.Verifiers)
	if err == nil && (is != t || len(n.UnverifiedSigs) > 0) {
		err = ErrCheckpoint
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: a signature that was just made does not verify: %w", err)
	}
	return signed, nil
}

// entry is an event beside which the next one is looked at, without its body.
type entry struct {
	stored eventstore.Stored
	leaf   tlog.Hash
}

// extension is what follows an edge.
type extension struct {
	edge *edge
	tree Tree
	last entry
	// objects are the tiles that are full now, and those at the edge.
	objects    []Object
	superseded []string
}

// extend reads what follows an edge, up to a size, and hashes it, twice. It looks
// at the entry before it too, which must still be what it was.
//
// An [Incident] if an entry is not where, when and what it may be, or if the two
// readings differ. Memory grows with the number of entries, not with their size.
func (s *Sealer) extend(ctx context.Context, from *edge, last entry, limit int64) (extension, error) {
	e := extension{edge: from.clone(), last: last}
	var leaves []tlog.Hash
	begin := max(from.size, 1) - 1
	seen := begin
	for stored, err := range s.Store.ReadAll(ctx, eventstore.Position(begin)) {
		if err != nil {
			return e, fmt.Errorf("ledger: read after entry %d: %w", seen, err)
		}
		if seen++; seen == from.size {
			if stored.Position != last.stored.Position || tlog.Hash(codec.Leaf(stored)) != last.leaf {
				return e, otherEntry(from.size)
			}
			continue
		}
		if seen > limit {
			break
		}
		if err := eventstore.CheckIngested(e.last.stored, stored); err != nil {
			return e, notAnEntry(err)
		}
		leaf := tlog.Hash(codec.Leaf(stored))
		leaves = append(leaves, leaf)
		if err := e.edge.add(leaf, func(t tlog.Tile, data []byte) {
			e.objects = append(e.objects, Object{TileName(t.L, t.N, t.W), data})
		}); err != nil {
			return e, fmt.Errorf("ledger: hash entry %d: %w", stored.Position, err)
		}
		e.last = entry{stored, leaf}
		e.last.stored.Body = nil
	}
	if seen < from.size {
		return e, shorter(seen, Tree{N: from.size})
	}
	var err error
	if e.tree, err = e.edge.tree(); err != nil {
		return e, fmt.Errorf("ledger: compute the root: %w", err)
	}
	if len(leaves) > 0 {
		if err := s.check(ctx, from, leaves, e); err != nil {
			return e, err
		}
	}
	e.objects = append(e.objects, e.edge.partial()...)
	e.superseded = superseded(from, e.edge)
	return e, nil
}

// check reads the entries that follow an edge once more, and makes of them, by
// other code, what must be the same leaves, tiles and root.
func (s *Sealer) check(ctx context.Context, from *edge, leaves []tlog.Hash, e extension) error {
	a, full := againFrom(from), e.objects
	differs := ""
	for stored, err := range s.Store.ReadAll(ctx, eventstore.Position(from.size)) {
		if err != nil {
			return fmt.Errorf("ledger: read again after entry %d: %w", a.size, err)
		}
		if _, err := codec.ParseStored(codec.Bytes(stored)); err != nil {
			return notAnEntry(fmt.Errorf("entry %d: %w", a.size+1, err))
		}
		leaf := a.leaf(stored)
		if leaf != leaves[a.size-from.size] {
			return twice(fmt.Sprintf("entry %d", a.size+1))
		}
		a.add(leaf, func(level int, n int64, data []byte) {
			name := TileName(level, n, TileWidth)
			if len(full) == 0 || full[0].Name != name || !bytes.Equal(full[0].Bytes, data) {
				differs = "tile " + name
				return
			}
			full = full[1:]
		})
		if differs != "" {
			return twice(differs)
		}
		if a.size == e.edge.size {
			break
		}
	}
	switch {
	case a.size != e.edge.size:
		return twice(fmt.Sprintf("entry %d", a.size+1))
	case len(full) > 0 || a.root() != e.tree.Hash:
		return twice("the root")
	}
	for l, hashes := range a.levels {
		if !bytes.Equal(joined(hashes), e.edge.tiles[l]) {
			return twice(fmt.Sprintf("the last tile of level %d", l))
		}
	}
	return nil
}

// superseded are the partial tiles that a tree has no use for once it has grown.
func superseded(from, to *edge) []string {
	var names []string
	for l := range to.tiles {
		was := from.size >> (TileHeight * l)
		is := to.size >> (TileHeight * l)
		n, width := was/TileWidth, int(was%TileWidth)
		switch {
		case is/TileWidth > n: // also those of a sealer that died before its checkpoint
			names = append(names, narrower(l, n, TileWidth)...)
		case width > 0 && is > was:
			names = append(names, TileName(l, n, width))
		}
	}
	return names
}

func missing(last int64) error {
	return fmt.Errorf("ledger: the store has a head beyond entry %d, and no such entry", last)
}

func otherEntry(position int64) *Incident {
	return &Incident{Alarm{Code: AlarmRecovery, Detail: fmt.Sprintf("entry %d of the store is not the one that was signed", position)}}
}

func shorter(head int64, t Tree) *Incident {
	return &Incident{Alarm{Code: AlarmRecovery, Detail: fmt.Sprintf("the store ends at entry %d, what was signed at entry %d", head, t.N)}}
}

func notAnEntry(err error) *Incident {
	return &Incident{Alarm{Code: AlarmVerification, Detail: err.Error()}}
}

func twice(what string) *Incident {
	return &Incident{Alarm{Code: AlarmVerification, Detail: what + " came out differently when it was read and hashed twice"}}
}
