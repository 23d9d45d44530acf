package heads

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
)

// ErrBroken: the entries are not a whole ledger: positions or revisions do not
// follow each other.
var ErrBroken = errors.New("heads: the ledger has a gap")

const (
	// chunk is how many entries are taken into a tree at a time: what bounds the
	// memory, to some 40 MB.
	chunk = 1 << 18
	// putBytes bounds what one call puts on the shelf.
	putBytes = 4 << 20
)

// update is what entries add to one stream.
type update struct {
	key    Hash
	first  event.Revision
	leaves []Hash
}

// readUpdates reads the entries from the one after size to the one at to, by
// stream and in the order of keys.
func readUpdates(ctx context.Context, store eventstore.Store, size, to uint64) ([]update, error) {
	if to == size {
		return nil, nil
	}
	byStream := map[event.StreamID]*update{}
	at := size
	for e, err := range store.ReadAll(ctx, event.Position(size)) {
		if err != nil {
			return nil, fmt.Errorf("heads: read the ledger after %d: %w", at, err)
		}
		if at++; e.Position != event.Position(at) {
			return nil, fmt.Errorf("%w: position %d follows %d", ErrBroken, e.Position, at-1)
		}
		u := byStream[e.Stream]
		if u == nil {
			u = &update{Key(e.Stream), e.Revision, nil}
			byStream[e.Stream] = u
		}
		if e.Revision != u.first+event.Revision(len(u.leaves)) {
			return nil, fmt.Errorf("%w: revision %d at position %d", ErrBroken, e.Revision, at)
		}
		u.leaves = append(u.leaves, codec.Leaf(e))
		if at == to {
			break
		}
	}
	if at != to {
		return nil, fmt.Errorf("%w: it ends at %d, and reached %d", ErrBroken, at, to)
	}
	all := make([]update, 0, len(byStream))
	for _, u := range byStream {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b update) int { return bytes.Compare(a.key[:], b.key[:]) })
	return all, nil
}

// apply returns the head of a stream after more entries of it.
func (u *update) apply(h Head) (Head, error) {
	if u.first != h.Revision+1 {
		return Head{}, fmt.Errorf("%w: revision %d of a stream that has %d", ErrBroken, u.first, h.Revision)
	}
	for _, leaf := range u.leaves {
		h = h.Next(leaf)
	}
	return h, nil
}

// merge yields the records of an older tree as they are after updates, and those
// of streams that it did not have.
func merge(older iter.Seq2[Record, error], updates []update) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		emit := func(key Hash, h Head, updated bool) bool {
			var err error
			if updated {
				h, err = updates[0].apply(h)
				updates = updates[1:]
			}
			return yield(Record{key, h}, err) && err == nil
		}
		for r, err := range older {
			if err != nil {
				yield(Record{}, err)
				return
			}
			for len(updates) > 0 && bytes.Compare(updates[0].key[:], r.Key[:]) < 0 {
				if !emit(updates[0].key, Head{}, true) {
					return
				}
			}
			if !emit(r.Key, r.Head, len(updates) > 0 && updates[0].key == r.Key) {
				return
			}
		}
		for len(updates) > 0 {
			if !emit(updates[0].key, Head{}, true) {
				return
			}
		}
	}
}

// writer puts a tree on a shelf, of records in the order of keys.
type writer struct {
	*snapshot
	shelf  ledger.Shelf
	top    []subtree
	at     int // the bucket that records are in
	here   []Record
	events uint64 // of all streams

	waiting []ledger.Object
	bytes   int
}

// write makes the snapshot of a size: it has digits, and gets the rest. Nothing
// names its objects before the register does.
func (s *snapshot) write(ctx context.Context, shelf ledger.Shelf, records iter.Seq2[Record, error]) error {
	w := writer{snapshot: s, shelf: shelf, top: slices.Repeat([]subtree{nothing}, s.buckets())}
	for r, err := range records {
		if err != nil {
			return err
		}
		if i := s.bucketOf(&r.Key); i != w.at {
			if err := w.flush(ctx); err != nil {
				return err
			}
			w.at = i
		}
		if len(w.here) == maxBucket {
			return ErrTooMany
		}
		w.here = append(w.here, r)
		w.events += uint64(r.Revision)
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	if w.events != s.Size {
		return fmt.Errorf("%w: the streams have %d entries of %d", ErrBroken, w.events, s.Size)
	}
	whole := fold(w.top)
	s.Streams, s.Root = whole.streams, hexHash(whole.hash)
	b := make([]byte, 0, len(w.top)*topBytes)
	for _, t := range w.top {
		b = append(binary.BigEndian.AppendUint64(b, t.streams), t.hash[:]...)
	}
	w.waiting = append(w.waiting, ledger.Object{Name: s.top(), Bytes: b})
	return w.put(ctx)
}

func (w *writer) flush(ctx context.Context) error {
	if len(w.here) == 0 {
		return nil
	}
	b := make([]byte, len(w.here)*recordBytes)
	for i := range w.here {
		w.here[i].put(b[i*recordBytes:])
	}
	w.top[w.at] = treeOf(w.here, 4*w.Digits)
	w.waiting = append(w.waiting, ledger.Object{Name: w.bucket(w.at), Bytes: b})
	w.here = w.here[:0]
	if w.bytes += len(b); w.bytes < putBytes {
		return nil
	}
	return w.put(ctx)
}

func (w *writer) put(ctx context.Context) error {
	if err := w.shelf.Put(ctx, w.waiting...); err != nil {
		return fmt.Errorf("heads: write a tree: %w", err)
	}
	w.waiting, w.bytes = nil, 0
	return nil
}
