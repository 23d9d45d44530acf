package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// chunk is the entries of one tile, and what is found out about them by
// themselves.
type chunk struct {
	start   int64 // index of the first leaf
	before  []tlog.Hash
	entries []eventstore.Stored
	lost    map[int]string // the leaves that could not be read, and why
	err     error          // of the store; the chunk is then the last

	// What follows is there once ready is closed.
	ready    chan struct{}
	leaves   []tlog.Hash // those of lost entries as the tile has them
	tile     []tlog.Hash // as it is stored; nil if there is none
	sound    bool
	differ   []int // where leaves and tile are not the same
	root     tlog.Hash
	tileRoot tlog.Hash
	keys     []keyEvent
	found    []verdict.Finding // of entries by themselves
	unknown  uint64
}

// size is how many leaves the chunk has.
func (c *chunk) size() int { return len(c.before) + len(c.entries) }

// position is that of a leaf.
func (c *chunk) position(i int) uint64 { return uint64(c.start) + uint64(i) + 1 }

// work finds out everything about a chunk that needs nothing but itself.
func (r *run) work(ctx context.Context, c *chunk, buffer []byte) []byte {
	defer close(c.ready)
	if c.err != nil {
		return buffer
	}
	if width := widthOf(0, c.start/tileWidth, r.sealed); width > 0 && c.size() > 0 {
		if c.tile, c.sound, c.err = r.tile(ctx, 0, c.start/tileWidth, width); c.err != nil {
			return buffer
		}
	}
	c.leaves = append(make([]tlog.Hash, 0, tileWidth), c.before...)
	for i := range c.entries {
		at := len(c.before) + i
		if _, lost := c.lost[at]; lost {
			var leaf tlog.Hash
			if at < len(c.tile) {
				leaf = c.tile[at]
			}
			c.leaves = append(c.leaves, leaf)
			continue
		}
		buffer = codec.AppendBytes(append(buffer[:0], 0), c.entries[i])
		c.leaves = append(c.leaves, sha256.Sum256(buffer))
		if c.err = r.look(ctx, c, i, at, buffer[1:]); c.err != nil {
			return buffer
		}
	}
	for i := range min(len(c.leaves), len(c.tile)) {
		if c.leaves[i] != c.tile[i] {
			c.differ = append(c.differ, i)
		}
	}
	if len(c.leaves) == tileWidth {
		c.root = rootOf(c.leaves)
		if c.tileRoot = c.root; len(c.differ) > 0 && len(c.tile) == tileWidth {
			c.tileRoot = rootOf(c.tile)
		}
	}
	return buffer
}

// look finds what is wrong with an entry by itself.
func (r *run) look(ctx context.Context, c *chunk, i, at int, bytes []byte) error {
	e := c.entries[i]
	meta, known := c.parse(at, bytes)
	if !known {
		return nil
	}
	if k, is := keyEventOf(e, &meta); is {
		c.keys = append(c.keys, k)
	}
	if r.Open == nil {
		return nil
	}
	switch err := r.Open(ctx, e); {
	case errors.Is(err, codec.ErrCorrupt):
		c.found = append(c.found, verdict.Finding{Code: verdict.EntrySealedBoxes, Entry: c.position(at), Detail: "a box does not open under its key, or is not what was sealed"})
	case err != nil && !laterOn(err):
		return fmt.Errorf("verify: open entry %d: %w", c.position(at), err)
	}
	return nil
}

// parse reads the stored bytes of an entry; false if they are none, or those of a
// later version.
func (c *chunk) parse(at int, bytes []byte) (event.Meta, bool) {
	stored, meta, err := codec.PeekStored(bytes)
	switch {
	case errors.Is(err, codec.ErrUnknownFormat), errors.Is(err, codec.ErrUnknownClass):
		c.unknown++
	case err != nil:
		c.found = append(c.found, verdict.Finding{Code: verdict.EntryMalformed, Entry: c.position(at), Detail: "its bytes are none that the ledger writes"})
	case uint64(stored.Position) != c.position(at):
		c.found = append(c.found, verdict.Finding{Code: verdict.EntryMalformed, Entry: c.position(at), Detail: fmt.Sprintf("it says that it is entry %d", stored.Position)})
	default:
		return meta, true
	}
	return event.Meta{}, false
}

// settle says what is wrong where the entries of a chunk and its tile differ.
func (c *chunk) settle(t *tree) func(blame) {
	return func(b blame) {
		if len(c.differ) == 0 {
			return
		}
		if b != onEntries {
			t.run.find(verdict.Finding{Code: verdict.TileAltered, Object: ledger.TileName(0, c.start/tileWidth, len(c.tile)),
				Detail: fmt.Sprintf("%d of its hashes are not those of the entries", len(c.differ))})
		}
		if b == onTile {
			return
		}
		for _, i := range c.differ {
			t.run.find(verdict.Finding{Code: verdict.EntryAltered, Entry: c.position(i), Detail: "its bytes are not those that were signed"})
		}
	}
}

// streamWindow remembers where the streams that occurred last are.
type streamWindow struct {
	streams map[event.StreamID]event.Revision
	older   map[event.StreamID]event.Revision
	latest  time.Time
}

// windowStreams is half of how many streams are remembered.
const windowStreams = 1 << 13

// follow finds out whether an entry follows those before it.
func (w *streamWindow) follow(e eventstore.Stored) (f verdict.Finding, wrong bool) {
	f = verdict.Finding{Entry: uint64(e.Position)}
	if e.RecordedAt.Before(w.latest) {
		f.Code, f.Detail, wrong = verdict.EntryBackdated, "it says that it was recorded before the entry in front of it", true
	} else {
		w.latest = e.RecordedAt
	}
	before, known := w.streams[e.Stream]
	if !known {
		before, known = w.older[e.Stream]
	}
	if known && e.Revision != before+1 || uint64(e.Revision) > uint64(e.Position) {
		f.Code, f.Detail, wrong = verdict.EntryOutOfStream, fmt.Sprintf("it is revision %d of its stream, and the one before it is %d", e.Revision, before), true
	}
	if w.streams == nil || len(w.streams) >= windowStreams {
		w.older, w.streams = w.streams, make(map[event.StreamID]event.Revision, windowStreams)
	}
	w.streams[e.Stream] = e.Revision
	return f, wrong
}
