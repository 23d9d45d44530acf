package heads

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

var start = time.Date(2026, 7, 4, 12, 0, 0, 0, time.UTC)

// failer is a test of either kind.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// world is a store of invented entries, and the shelf of its trees.
type world struct {
	failer
	store *memory.Store
	shelf *inventory
	next  map[event.StreamID]eventstore.Revision
	ids   uint64
}

func newWorld(t failer) *world {
	return &world{t, memory.New(func() time.Time { return start }), &inventory{Shelf: &keep.ShelfMemory{}, names: map[string]bool{}},
		map[event.StreamID]eventstore.Revision{}, 0}
}

// noKeys is a keystore of which nobody may ask for a key.
type noKeys struct{ codec.Keys }

func (noKeys) Ensure(_ context.Context, refs ...vault.Ref) ([]vault.Key, error) {
	if len(refs) > 0 {
		return nil, errors.New("a commitment is sealed")
	}
	return nil, nil
}

// inventory is a shelf that knows what is on it.
type inventory struct {
	ledger.Shelf
	mu    sync.Mutex
	names map[string]bool
}

func (i *inventory) Put(ctx context.Context, objects ...ledger.Object) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	err := i.Shelf.Put(ctx, objects...)
	for _, o := range objects {
		i.names[o.Name] = i.names[o.Name] || err == nil
	}
	return err
}

func (i *inventory) Remove(ctx context.Context, names ...string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, n := range names {
		delete(i.names, n)
	}
	return i.Shelf.Remove(ctx, names...)
}

// record appends n entries to a stream.
func (w *world) record(s event.StreamID, n int) {
	w.Helper()
	batch := make([]eventstore.Event, n)
	for i := range batch {
		w.ids++
		batch[i] = eventstore.Event{ID: event.ID{UUID: event.DeriveUUID("entry", binary.BigEndian.AppendUint64(nil, w.ids))}, Body: fmt.Append(nil, w.ids)}
	}
	if _, err := w.store.Append(context.Background(), s, w.next[s], batch); err != nil {
		w.Fatal(err)
	}
	w.next[s] += eventstore.Revision(n)
}

func (w *world) committer(shelf ledger.Shelf) *Committer {
	return &Committer{Store: w.store, Codec: codec.New(catalogue.Events, noKeys{}, rand.Reader), Shelf: shelf, Clock: func() time.Time { return start },
		Actor: event.Actor{ID: event.DeriveUUID("system"), Role: "SYSTEM", Side: event.Shared}, After: time.After, Every: time.Hour,
		Log: slog.New(slog.DiscardHandler), chunk: 7}
}

// heads are those of the first size entries, by the definition.
func (w *world) heads(size uint64) history {
	h := history{map[event.StreamID]Head{}, map[event.StreamID][]Hash{}, size}
	for e, err := range w.store.ReadAll(context.Background(), 0) {
		if err != nil {
			w.Fatal(err)
		}
		if uint64(e.Position) > size {
			break
		}
		h.heads[e.Stream] = h.heads[e.Stream].Next(codec.Leaf(e))
	}
	return h
}

// mustProve checks what is proved of every stream there is at a commitment, and
// of some that there are not, and that the entry is the commitment.
func (w *world) mustProve(c Commitment) {
	w.Helper()
	h := w.heads(c.Size)
	if want := naive(h.records(), 0); c.Root != want || c.Streams != uint64(len(h.heads)) {
		w.Fatalf("committed to %d streams, %x; there are %d, %x", c.Streams, c.Root, len(h.heads), want)
	}
	for e, err := range w.store.ReadAll(context.Background(), c.Position-1) {
		if err != nil {
			w.Fatal(err)
		}
		if said, err := ParseCommitment(e); err != nil || said != c || !IsCommitment(e) {
			w.Fatalf("position %d says %v, %v; want %v", e.Position, said, err, c)
		}
		break
	}
	streams := slices.Collect(maps.Keys(h.heads))
	for n := range 5 {
		streams = append(streams, event.Findings(event.DeriveUUID("nobody", []byte{byte(n)})))
	}
	proofs, err := Prove(context.Background(), w.shelf, c, streams...)
	if err != nil {
		w.Fatal(err)
	}
	for i, p := range proofs {
		if err := p.Check(c); err != nil || p.Head != h.heads[streams[i]] {
			w.Errorf("%s: got %v, want %v: %v", streams[i], p.Head, h.heads[streams[i]], err)
		}
	}
}

// mustHold checks that nothing is on the shelf but the trees of the commitments.
func (w *world) mustHold(all []Commitment) {
	w.Helper()
	var sizes []string
	for _, c := range all {
		sizes = append(sizes, fmt.Sprint(c.Size))
	}
	for name := range w.shelf.names {
		var size, rest string
		if _, err := fmt.Sscanf(name, "heads/%s", &rest); err != nil {
			w.Errorf("%s is on the shelf", name)
		}
		for i, c := range rest {
			if c == '/' {
				size = rest[:i]
			}
		}
		if !slices.Contains(sizes, size) {
			w.Errorf("%s is left on the shelf; there are commitments to %v", name, sizes)
		}
	}
}

func (w *world) mustCommit() Commitment {
	w.Helper()
	c, err := w.committer(w.shelf).Commit(context.Background())
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// commitments are all there are in the ledger.
func (w *world) commitments() (all []Commitment) {
	for e, err := range w.store.ReadStream(context.Background(), event.Ledger, 0) {
		if err != nil {
			w.Fatal(err)
		}
		if said, err := ParseCommitment(e); err == nil {
			all = append(all, said)
		}
	}
	return all
}
