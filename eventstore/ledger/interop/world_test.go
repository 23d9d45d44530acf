package interop

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

const origin = "hub.example/ledger"

var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// ledgerKey signs checkpoints.
type ledgerKey struct {
	note.Signer
	public   string
	verifier note.Verifier
}

func newLedgerKey(t *testing.T) *ledgerKey {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return &ledgerKey{s, public, v}
}

func (k *ledgerKey) verifiers() note.Verifiers { return note.VerifierList(k.verifier) }

// sealed is a store of events that the codec made, and our sealer seals.
type sealed struct {
	key    *ledgerKey
	branch string
	body   []byte
	store  eventstore.Store
	shelf  *keep.ShelfMemory
	sealer *ledger.Sealer
	reader *ledger.Reader
	size   int
}

var noon = time.Date(2026, 2, 23, 12, 0, 0, 0, time.UTC)

// newSealed makes an empty ledger. The entries of one branch are not those of
// another.
func newSealed(t *testing.T, key *ledgerKey, branch string) *sealed {
	t.Helper()
	type bell struct{}
	rung := event.Define[bell]("bell.rung", 1)
	v, err := vault.OpenMemory(t.Context(), vault.Config{Now: func() time.Time { return noon }, Rand: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	person := event.DeriveUUID("interop", []byte("person"))
	batch, err := codec.New(event.NewCatalogue([]*event.Definition{rung}), v, rand.Reader).Seal(t.Context(), eventstore.Command{ID: person,
		Stream: event.Case(person), Subject: person, Effective: event.At(noon),
		Actor: event.Actor{ID: person, Role: "HUB_NURSE", Side: event.NHS, Org: person}, Purpose: "DIRECT_CARE", Origin: event.Live},
		[]event.Draft{{Data: bell{}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &sealed{key: key, branch: branch, body: batch[len(batch)-1].Body, store: memory.New(func() time.Time { return noon }), shelf: &keep.ShelfMemory{}}
	l.reader = ledger.NewReader(l.shelf, origin, key.verifiers(), 64)
	last := ledger.NewMemoryFile(filepath.Join(t.TempDir(), "last"), origin)
	if l.sealer, err = ledger.NewSealer(ledger.SealerConfig{Store: l.store, Shelf: l.shelf, Memory: last, Origin: origin, Signers: []note.Signer{key},
		Verifiers: key.verifiers(), Clock: time.Now, After: time.After, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	return l
}

// grow records n entries, and seals them.
func (l *sealed) grow(t *testing.T, n int) {
	t.Helper()
	stream := event.Access(event.DeriveUUID("interop", []byte("stream")))
	for n > 0 {
		var batch []eventstore.Event
		for ; n > 0 && len(batch) < eventstore.MaxBatch; n-- {
			l.size++
			body := append([]byte{}, l.body...)
			binary.BigEndian.PutUint64(body, uint64(l.size))
			batch = append(batch, eventstore.Event{ID: event.ID{UUID: event.DeriveUUID("interop", fmt.Append(nil, l.branch, l.size))}, Body: body})
		}
		if _, err := l.store.Append(t.Context(), stream, eventstore.AtEnd, batch); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := l.sealer.Seal(t.Context())
	if err != nil || tree.N != int64(l.size) {
		t.Fatalf("sealed %d of %d: %v", tree.N, l.size, err)
	}
}

func (l *sealed) register(t *testing.T, name string) []byte {
	t.Helper()
	value, err := l.shelf.Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// witnessed is the tree that enough witnesses have cosigned; the zero tree if
// there is none.
func (l *sealed) witnessed(t *testing.T) ledger.Tree {
	t.Helper()
	c, err := l.reader.Witnessed(t.Context())
	if err != nil {
		return ledger.Tree{}
	}
	return c.Tree
}

// serve serves what is published at the paths of tlog-tiles. alter may change what
// is answered.
func (l *sealed) serve(t *testing.T, alter func(path string, answer []byte) []byte) string {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		answer, err := l.answer(r, path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		if alter != nil {
			answer = alter(path, answer)
		}
		_, _ = w.Write(answer)
	}))
	t.Cleanup(web.Close)
	return web.URL + "/"
}

func (l *sealed) answer(r *http.Request, path string) ([]byte, error) {
	if path == "checkpoint" {
		c, err := l.reader.Checkpoint(r.Context())
		return c.Note, err
	}
	tile, err := ledger.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	if tile.Entries {
		return l.reader.EntryBundle(r.Context(), l.store, tile.N, tile.Width)
	}
	return l.reader.Tile(r.Context(), tile.Level, tile.N, tile.Width)
}
