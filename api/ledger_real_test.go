package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
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
)

// readProofs is a ledger that is read from a shelf, and its store.
type readProofs struct {
	*ledger.Reader
	store eventstore.Store
}

func (p readProofs) EntryBundle(ctx context.Context, n int64, width int) ([]byte, error) {
	return p.Reader.EntryBundle(ctx, p.store, n, width)
}

func (p readProofs) Status(ctx context.Context) (LedgerStatus, error) {
	at, err := p.Checkpoint(ctx)
	return LedgerStatus{Sealed: at.N}, err
}

func (readProofs) Failed() string { return "" }

// stranger has nothing but the API's address, the ledger's name and its public
// key.
type stranger struct{ *bench }

func (s stranger) get(path string) []byte {
	s.t.Helper()
	w := s.askOf("GET", "/ledger/"+path, "AUDITOR", "AUDIT", "", "X-Purpose-Of-Use", "")
	want(s.t, w, http.StatusOK, "")
	return w.Body.Bytes()
}

func (s stranger) Height() int { return 8 }

func (s stranger) ReadTiles(tiles []tlog.Tile) (all [][]byte, _ error) {
	for _, t := range tiles {
		all = append(all, s.get("tile/"+strings.TrimPrefix(t.Path(), "tile/8/")))
	}
	return all, nil
}

func (s stranger) SaveTiles([]tlog.Tile, [][]byte) {}

// What is served is what a stranger verifies, of real entries that were really
// sealed.
func TestAStrangerVerifiesTheLedgerOverHTTP(t *testing.T) {
	t.Parallel()
	const origin, size = "hub.example/ledger", 700
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	keys := note.VerifierList(must(note.NewVerifier(public)))
	store, shelf := memory.New(func() time.Time { return now }), must(keep.OpenShelfFolder(filepath.Join(t.TempDir(), "tiles")))
	t.Cleanup(func() { _ = shelf.Close() })
	first := bundleOf(t, person1)
	stored, err := codec.ParseStored(first[2:])
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		id := event.ID{UUID: event.DeriveUUID("api-test", fmt.Append(nil, i))}
		if _, err := store.Append(t.Context(), event.Case(person1), event.Revision(i), []eventstore.Event{{ID: id, Body: stored.Body}}); err != nil {
			t.Fatal(err)
		}
	}
	sealer, err := ledger.NewSealer(ledger.SealerConfig{Store: store, Shelf: shelf, Memory: ledger.NewMemoryFile(filepath.Join(t.TempDir(), "last"), origin),
		Origin: origin, Signers: []note.Signer{must(note.NewSigner(secret))}, Verifiers: keys,
		Clock: func() time.Time { return now }, After: time.After, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.Proofs = readProofs{ledger.NewReader(shelf, origin, keys, 8), store} })
	s := stranger{b}

	tree, _, err := ledger.OpenCheckpoint(s.get("checkpoint"), origin, keys)
	if err != nil || tree.N != size {
		t.Fatalf("the checkpoint: %v, %v", tree, err)
	}
	hashes := tlog.TileHashReader(tree, s)
	for n := int64(0); n*256 < size; n++ {
		path := strings.Replace(ledger.TileName(0, n, int(min(size-n*256, 256))), "tile/0/", "tile/entries/", 1)
		at := n * 256
		for bundle := s.get(path); len(bundle) > 0; at++ {
			entry := bundle[2:][:binary.BigEndian.Uint16(bundle)]
			leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
			if err != nil || tlog.RecordHash(entry) != leaf[0] {
				t.Fatalf("entry %d: %v", at+1, err)
			}
			bundle = bundle[2+len(entry):]
		}
		if at != min((n+1)*256, size) {
			t.Errorf("bundle %d ends at entry %d", n, at)
		}
	}
	w := b.ask("GET", "/api/v1/events/"+event1.String()+"/proof", "HUB_CLIN", "") // entry 41, the fake feed says
	want(t, w, http.StatusOK, "")
	p, err := ledger.ParseProof(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	leaf := must(hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, 40)}))[0]
	if proved, _, err := ledger.CheckProof(leaf, p, origin, keys); err != nil || proved != tree || !bytes.Equal(p.Checkpoint, s.get("checkpoint")) {
		t.Errorf("the event's proof: %v, %v", proved, err)
	}
}
