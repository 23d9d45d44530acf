package verify_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"
	mathrand "math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/eventstore/ledger/verify"
)

const origin = "hub.example/ledger"

var errDamaged = errors.New("the list is damaged")

// list is a store that anything may be done to; the corpus does it to real ones.
type list struct {
	eventstore.Store // nil: nothing else is called
	events           []eventstore.Stored
	head             *eventstore.Position // nil: the last one's
}

func (l *list) Head(context.Context) (eventstore.Position, error) {
	if l.head != nil {
		return *l.head, nil
	}
	if len(l.events) == 0 {
		return 0, nil
	}
	return l.events[len(l.events)-1].Position, nil
}

// ReadAll yields what is there; an event without an id is damaged.
func (l *list) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		next := after + 1
		for _, e := range l.events {
			if e.Position <= after {
				continue
			}
			err := ctx.Err()
			if err == nil && (e.Position != next || e.ID.IsZero()) {
				err = errDamaged
			}
			if !yield(e, err) || err != nil {
				return
			}
			next++
		}
	}
}

// made makes n events as the ledger writes them, of a few streams.
func made(t testing.TB, n int) []eventstore.Stored {
	t.Helper()
	random := mathrand.NewChaCha8([32]byte{1})
	events := make([]eventstore.Stored, n)
	revisions := map[event.StreamID]event.Revision{}
	for i := range events {
		var number [8]byte
		binary.BigEndian.PutUint64(number[:], uint64(i))
		var body codec.Body
		_, _ = random.Read(body.Salt[:]) // never fails
		body.Meta = event.Meta{Type: "thing.done", Version: 1, Effective: event.On(20000), Origin: event.Live}
		sealed := make([]byte, 256+28)
		_, _ = random.Read(sealed)
		body.Boxes = []codec.Box{{Class: event.Operational, Holder: event.Controller, Key: event.DeriveUUID("key"), Sealed: sealed}}
		raw, err := codec.AppendBody(nil, body)
		if err != nil {
			t.Fatal(err)
		}
		stream := event.Case(event.DeriveUUID("person", number[7:]))
		revisions[stream]++
		events[i] = eventstore.Stored{Position: event.Position(i + 1), RecordedAt: time.UnixMicro(1_700_000_000_000_000 + int64(i)).UTC(),
			ID: event.ID{UUID: event.DeriveUUID("event", number[:])}, Stream: stream, Revision: revisions[stream], Body: raw}
	}
	return events
}

func cloned(events []eventstore.Stored) []eventstore.Stored {
	events = slices.Clone(events)
	for i := range events {
		events[i].Body = bytes.Clone(events[i].Body)
	}
	return events
}

// key is a signer of the ledger, and whoever knows it.
type key struct {
	signer   note.Signer
	verifier note.Verifier
}

func newKey(t testing.TB, name string) key {
	t.Helper()
	s, v := ledgertest.Key(t, name)
	return key{s, v}
}

// hashed is a tree by another way than the one that is tested: package tlog's.
type hashed struct{ stored []tlog.Hash }

func (h *hashed) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes[i] = h.stored[index]
	}
	return hashes, nil
}

func hash(t testing.TB, events iter.Seq[eventstore.Stored]) *hashed {
	t.Helper()
	var h hashed
	n := int64(0)
	for e := range events {
		more, err := tlog.StoredHashes(n, codec.Bytes(e), &h)
		if err != nil {
			t.Fatal(err)
		}
		h.stored = append(h.stored, more...)
		n++
	}
	return &h
}

func (h *hashed) tree(t testing.TB, n int) ledger.Tree {
	t.Helper()
	root, err := tlog.TreeHash(int64(n), h)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Tree{N: int64(n), Hash: root}
}

func (k key) sign(t testing.TB, tree ledger.Tree) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: ledger.CheckpointText(origin, tree)}, k.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// shelf makes the tiles of the first n events and signs them.
func (k key) shelf(t testing.TB, h *hashed, n int) *keep.ShelfMemory {
	t.Helper()
	s := &keep.ShelfMemory{}
	k.fill(t, s, h, n)
	return s
}

func (k key) fill(t testing.TB, s ledger.Shelf, h *hashed, n int) {
	t.Helper()
	for _, tile := range tlog.NewTiles(8, 0, int64(n)) {
		data, err := tlog.ReadTileData(tile, h)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), ledger.Object{Name: ledger.TileName(tile.L, tile.N, tile.W), Bytes: data}); err != nil {
			t.Fatal(err)
		}
	}
	set(t, s, ledger.RegisterCheckpoint, k.sign(t, h.tree(t, n)))
}

func put(t testing.TB, s ledger.Shelf, name string, data []byte) {
	t.Helper()
	if err := s.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), ledger.Object{Name: name, Bytes: data}); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, s ledger.Shelf, name string) []byte {
	t.Helper()
	b, err := s.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func set(t testing.TB, s ledger.Shelf, register string, value []byte) {
	t.Helper()
	old, err := s.Load(t.Context(), register)
	if err == nil {
		err = s.Swap(t.Context(), register, old, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// remembers is what a signer remembers.
type remembers struct {
	ledger.Memory
	tree ledger.Tree
}

func (r remembers) LastSigned(context.Context) (ledger.Tree, error) { return r.tree, nil }

// config is a verification of a store and a shelf.
func (k key) config(s eventstore.Store, shelf ledger.Shelf) verify.Config {
	return verify.Config{Store: s, Damaged: func(err error) bool { return errors.Is(err, errDamaged) }, Shelf: shelf,
		Origin: origin, Signers: note.VerifierList(k.verifier)}
}

func run(t testing.TB, c verify.Config) *verdict.Report {
	t.Helper()
	r, err := verify.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantFirst wants the first finding to be of a code and to mean an entry (0: an
// object).
func wantFirst(t testing.TB, what string, r *verdict.Report, code verdict.Code, entry uint64, object string) {
	t.Helper()
	if len(r.Findings) == 0 {
		t.Errorf("%s: nothing was found", what)
		return
	}
	f := r.Findings[0]
	if f.Code != code || entry > 0 && !f.Names(entry) || entry == 0 && f.Entry != 0 || object != "" && f.Object != object {
		t.Errorf("%s: found %s at %s, want %s of entry %d %s (of %d)", what, f.Code, f.Where(), code, entry, object, len(r.Findings))
	}
	if r.Verdict() != verdict.Tampered {
		t.Errorf("%s: %s", what, r.Verdict())
	}
}

func wantIntact(t testing.TB, what string, r *verdict.Report) {
	t.Helper()
	if v := r.Verdict(); v != verdict.Intact || r.More {
		t.Errorf("%s: %s: %+v", what, r.Headline(), r.Findings)
	}
}
