package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

// errFault is in the chain of every error that a double was told to give.
var errFault = errors.New("injected fault")

// faults makes the n-th call fail, from 1: before it did anything, or after.
type faults struct {
	mu     sync.Mutex
	calls  []string
	at     int
	stored bool
}

func (f *faults) call(name string, do func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	failing := len(f.calls) == f.at
	if failing && !f.stored {
		return errFault
	}
	err := do()
	if failing {
		return errFault
	}
	return err
}

// shelf is a double of [ledger.Shelf]: package keep has the real ones.
type shelf struct {
	*faults
	mu        sync.Mutex
	objects   map[string][]byte
	registers map[string][]byte
}

func newShelf(f *faults) *shelf {
	return &shelf{faults: f, objects: map[string][]byte{}, registers: map[string][]byte{}}
}

func (s *shelf) Put(_ context.Context, objects ...ledger.Object) error {
	return s.call("put", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, o := range objects {
			if was, ok := s.objects[o.Name]; ok && !bytes.Equal(was, o.Bytes) {
				return ledger.ErrOther
			}
		}
		for _, o := range objects {
			s.objects[o.Name] = bytes.Clone(o.Bytes)
		}
		return nil
	})
}

func (s *shelf) Get(_ context.Context, name string) (b []byte, err error) {
	return b, s.call("get", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		was, ok := s.objects[name]
		if !ok {
			return ledger.ErrAbsent
		}
		b = bytes.Clone(was)
		return nil
	})
}

func (s *shelf) Remove(_ context.Context, names ...string) error {
	return s.call("remove", func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, n := range names {
			delete(s.objects, n)
		}
		return nil
	})
}

func (s *shelf) Load(_ context.Context, register string) (b []byte, err error) {
	return b, s.call("load "+register, func() error {
		b = s.value(register)
		return nil
	})
}

func (s *shelf) value(register string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.registers[register])
}

func (s *shelf) Swap(_ context.Context, register string, old, value []byte) error {
	return s.call("swap "+register, func() error {
		s.mu.Lock()
		defer s.mu.Unlock()
		was, set := s.registers[register]
		if set != (old != nil) || !bytes.Equal(was, old) {
			return ledger.ErrMoved
		}
		s.registers[register] = append([]byte{}, value...)
		return nil
	})
}

// remembered is a double of [ledger.Memory], beside [ledger.MemoryFile], that
// fails where it is told to.
type remembered struct {
	mu    sync.Mutex
	last  ledger.Tree
	calls int
	fails int // the number of the call that fails, from 1
	after bool
}

func (m *remembered) call(do func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.calls != m.fails {
		return do()
	}
	if m.after {
		return errors.Join(ledgertest.ErrInjected, do())
	}
	return ledgertest.ErrInjected
}

// fail makes the n-th call from now fail, before or after it has done all; 0 none.
func (m *remembered) fail(n int, after bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.fails, m.after = 0, n, after
}

func (m *remembered) LastSigned(context.Context) (t ledger.Tree, err error) {
	return t, m.call(func() error {
		t = m.last
		return nil
	})
}

func (m *remembered) Signing(_ context.Context, last, tree ledger.Tree) error {
	return m.call(func() error {
		if m.last != last {
			return ledger.ErrMoved
		}
		m.last = tree
		return nil
	})
}

func (m *remembered) set(t ledger.Tree) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = t
}

// signatures is a signer that keeps every text that it signed.
type signatures struct {
	note.Signer
	mu    sync.Mutex
	texts []string
}

func (s *signatures) Sign(text []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, string(text))
	return s.Signer.Sign(text)
}

func (s *signatures) trees(t testing.TB) []ledger.Tree {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var trees []ledger.Tree
	for _, text := range s.texts {
		_, tree, err := ledger.ParseCheckpointText(text)
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}

// oneBody is a body as the codec makes it, of a kernel's event.
var oneBody = sync.OnceValue(func() []byte {
	type bell struct{}
	rung := event.Define[bell]("bell.rung", 1)
	v, err := vault.OpenMemory(context.Background(), vault.Config{Now: func() time.Time { return noon }, Rand: rand.Reader})
	if err != nil {
		panic(err)
	}
	person := event.MustUUID("5f0c8a52-1111-4111-8111-111111111111")
	c := codec.New(event.NewCatalogue([]*event.Definition{rung}), v, rand.Reader)
	batch, err := c.Seal(context.Background(), eventstore.Command{ID: person, Stream: event.Case(person), Subject: person, Effective: event.At(noon),
		Actor:   event.Actor{ID: person, Role: "HUB_NURSE", Side: event.NHS, Org: person},
		Purpose: "DIRECT_CARE", Origin: event.Live}, []event.Draft{{Data: bell{}}}, nil)
	if err != nil {
		panic(err)
	}
	return batch[len(batch)-1].Body
})

var noon = time.Date(2026, 2, 23, 12, 0, 0, 123456000, time.UTC)

// body is a body that no other number has.
func body(n uint64) []byte {
	b := bytes.Clone(oneBody())
	binary.BigEndian.PutUint64(b, n)
	return b
}

func uuid(n uint64) event.UUID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return event.DeriveUUID("ledger-test", b[:])
}

// world is a ledger and what it is made of.
type world struct {
	*faults // of the shelf
	store   eventstore.Store
	shelf   *shelf
	instead ledger.Shelf // of the shelf, if not nil
	memory  *remembered
	signer  *signatures
	public  note.Verifier
	now     func() time.Time
	chunk   int64
	count   uint64
	stream  event.StreamID
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, v := ledgertest.Key(t, origin)
	f := &faults{}
	w := &world{faults: f, shelf: newShelf(f), memory: &remembered{}, signer: &signatures{Signer: s}, public: v,
		now: func() time.Time { return noon }, stream: event.Access(uuid(0))}
	w.store = memory.New(func() time.Time { return w.now() })
	return w
}

// record appends n entries.
func (w *world) record(t testing.TB, n int) {
	t.Helper()
	w.count += uint64(n)
	appendEntries(t, w.store, w.stream, w.count-uint64(n), n)
}

func appendEntries(t testing.TB, s eventstore.Store, stream event.StreamID, from uint64, n int) {
	t.Helper()
	for n > 0 {
		var batch []eventstore.Event
		for ; n > 0 && len(batch) < eventstore.MaxBatch; n-- {
			from++
			batch = append(batch, eventstore.Event{ID: event.ID{UUID: uuid(from)}, Body: body(from)})
		}
		if _, err := s.Append(context.Background(), stream, eventstore.AtEnd, batch); err != nil {
			t.Fatal(err)
		}
	}
}

// published is the shelf that the world's sealers have.
func (w *world) published() ledger.Shelf {
	if w.instead != nil {
		return w.instead
	}
	return w.shelf
}

func (w *world) config() ledger.SealerConfig {
	return ledger.SealerConfig{Store: w.store, Shelf: w.published(), Memory: w.memory, Origin: origin, Signers: []note.Signer{w.signer},
		Verifiers: note.VerifierList(w.public), Clock: func() time.Time { return noon }, After: time.After,
		Log: slog.New(slog.DiscardHandler), Chunk: w.chunk}
}

func (w *world) sealer(t testing.TB) *ledger.Sealer {
	t.Helper()
	s, err := ledger.NewSealer(w.config())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mustSeal seals all there is and checks that it is sealed.
func (w *world) mustSeal(t testing.TB, s *ledger.Sealer) ledger.Tree {
	t.Helper()
	tree, err := s.Seal(t.Context())
	if err != nil {
		t.Fatalf("seal: %v", err)
	}
	head, err := w.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := treeOf(t, w.store, int64(head)); tree != want {
		t.Fatalf("sealed %v, want %v", tree, want)
	}
	w.mustBePublished(t, tree)
	return tree
}

// mustBePublished checks that the last checkpoint is of a tree, and that every
// tile of it is on the shelf.
func (w *world) mustBePublished(t testing.TB, want ledger.Tree) {
	t.Helper()
	if want.N == 0 {
		if raw := w.value(t, ledger.RegisterCheckpoint); raw != nil {
			t.Fatalf("a checkpoint of nothing: %q", raw)
		}
		return
	}
	is, _, err := ledger.OpenCheckpoint(w.value(t, ledger.RegisterCheckpoint), origin, note.VerifierList(w.public))
	if err != nil || is != want {
		t.Fatalf("the last checkpoint is of %v (%v), want %v", is, err, want)
	}
	r := tlog.TileHashReader(want, &tileReader{t.Context(), w.published()})
	for i := int64(0); i < want.N; i += ledger.TileWidth {
		if _, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, i)}); err != nil {
			t.Fatalf("the tile of entry %d: %v", i+1, err)
		}
	}
}

// value is what a register of the shelf holds.
func (w *world) value(t testing.TB, register string) []byte {
	t.Helper()
	b, err := w.published().Load(t.Context(), register)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tileReader reads tiles of the very width that is asked for.
type tileReader struct {
	ctx context.Context
	ledger.Shelf
}

func (r *tileReader) Height() int { return ledger.TileHeight }

func (r *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		b, err := r.Get(r.ctx, ledger.TileName(t.L, t.N, t.W))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func (r *tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

// hashesOf are the stored hashes (RFC 6962) of a store's first n entries, made the
// plain way.
func hashesOf(t testing.TB, s eventstore.Store, n int64) tlog.HashReaderFunc {
	t.Helper()
	var all []tlog.Hash
	r := func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, i := range indexes {
			found = append(found, all[i])
		}
		return found, nil
	}
	i := int64(0)
	for e, err := range s.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if i == n {
			break
		}
		hashes, err := tlog.StoredHashes(i, codec.Bytes(e), tlog.HashReaderFunc(r))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, hashes...)
		i++
	}
	return r
}

// treeOf is the tree of a store's first n entries; the zero tree of none.
func treeOf(t testing.TB, s eventstore.Store, n int64) ledger.Tree {
	t.Helper()
	if n == 0 {
		return ledger.Tree{}
	}
	root, err := tlog.TreeHash(n, hashesOf(t, s, n))
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Tree{N: n, Hash: root}
}

// mustBeConsistent checks of each two trees, by a proof from the store, that the
// larger adds to the smaller.
func mustBeConsistent(t testing.TB, s eventstore.Store, trees []ledger.Tree) {
	t.Helper()
	trees = slices.Clone(trees)
	slices.SortFunc(trees, func(a, b ledger.Tree) int { return int(a.N - b.N) })
	trees = slices.Compact(trees)
	if len(trees) == 0 {
		return
	}
	r := hashesOf(t, s, trees[len(trees)-1].N)
	for i, small := range trees {
		for _, large := range trees[i+1:] {
			if small.N == large.N {
				t.Fatalf("two roots of %d entries were signed", small.N)
			}
			p, err := tlog.ProveTree(large.N, small.N, r)
			if err == nil {
				err = tlog.CheckTree(p, large.N, large.Hash, small.N, small.Hash)
			}
			if err != nil {
				t.Fatalf("the tree of %d entries does not add to that of %d: %v", large.N, small.N, err)
			}
		}
	}
}
