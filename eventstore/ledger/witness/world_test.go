package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

const origin = "hub.example/ledger"

// history is a ledger's tree in memory, made by the library.
type history struct{ hashes []tlog.Hash }

func (h *history) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(h.hashes)) {
			return nil, errors.New("no such hash")
		}
		found[i] = h.hashes[x]
	}
	return found, nil
}

// of is a history of so many entries, of which those from shared on are of a
// branch of their own.
func of(t testing.TB, size, shared int64, branch string) *history {
	t.Helper()
	h := &history{}
	for i := range size {
		entry := fmt.Sprint("entry ", i)
		if i >= shared {
			entry += branch
		}
		more, err := tlog.StoredHashes(i, []byte(entry), h)
		if err != nil {
			t.Fatal(err)
		}
		h.hashes = append(h.hashes, more...)
	}
	return h
}

func (h *history) Root(_ context.Context, n int64) (tlog.Hash, error) { return tlog.TreeHash(n, h) }

func (h *history) Consistency(_ context.Context, from, to int64) (tlog.TreeProof, error) {
	return tlog.ProveTree(to, from, h)
}

// proof is what an honest ledger sends, from whatever size to whatever size.
func (h *history) proof(t testing.TB, from, to int64) tlog.TreeProof {
	t.Helper()
	if from == 0 || from == to {
		return nil
	}
	p, err := tlog.ProveTree(to, from, h)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (h *history) tree(t testing.TB, n int64) ledger.Tree {
	t.Helper()
	root, err := tlog.TreeHash(n, h)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Tree{N: n, Hash: root}
}

// key is a signing key of the ledger.
type key struct {
	note.Signer
	verifier note.Verifier
}

func newKey(t testing.TB, name string) key {
	t.Helper()
	s, v := ledgertest.Key(t, name)
	return key{s, v}
}

// sign makes a checkpoint of the first n entries.
func (k key) sign(t testing.TB, h *history, n int64) []byte {
	t.Helper()
	return k.signText(t, ledger.CheckpointText(k.Name(), h.tree(t, n)))
}

func (k key) signText(t testing.TB, text string) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, k)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// clock stands still until it is set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// aWitness is a real witness with a real folder, behind a real listener where it
// is asked over the network.
type aWitness struct {
	*Server
	signer *Signer
	store  *Store
	dir    string
	url    string
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newSigner(t testing.TB, name string) *Signer {
	t.Helper()
	secret, _, err := GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newWitness(t testing.TB, name string, now func() time.Time, keys ...note.Verifier) *aWitness {
	t.Helper()
	w := newQuietWitness(t, name, now, keys...)
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.ServeHTTP(rw, r) }))
	t.Cleanup(web.Close)
	w.url = web.URL
	return w
}

// newQuietWitness is one without a listener.
func newQuietWitness(t testing.TB, name string, now func() time.Time, keys ...note.Verifier) *aWitness {
	t.Helper()
	w := &aWitness{signer: newSigner(t, name), dir: t.TempDir()}
	w.open(t, now, keys...)
	t.Cleanup(func() { w.store.Close() })
	return w
}

// open opens the folder of the witness, as a new process does.
func (w *aWitness) open(t testing.TB, now func() time.Time, keys ...note.Verifier) {
	t.Helper()
	var err error
	if w.store, err = OpenStore(w.dir); err != nil {
		t.Fatal(err)
	}
	if w.Server, err = NewServer(ServerSettings{w.signer, []Log{{origin, keys}}, w.store, now, quiet()}); err != nil {
		t.Fatal(err)
	}
}

// add sends a request to the handler.
func (w *aWitness) add(old int64, proof tlog.TreeProof, signed []byte) *httptest.ResponseRecorder {
	return w.post(Request{old, proof, signed}.Marshal())
}

func (w *aWitness) post(body []byte) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/add-checkpoint", strings.NewReader(string(body))))
	return rec
}

// policyOf wants the cosignatures of k of the witnesses.
func policyOf(t testing.TB, k int, all ...*aWitness) Policy {
	t.Helper()
	var file, names strings.Builder
	for i, w := range all {
		fmt.Fprintf(&file, "witness w%d %s %s\n", i, w.signer.VerifierKey(), w.url)
		fmt.Fprintf(&names, " w%d", i)
	}
	fmt.Fprintf(&file, "group all-of-them %d%s\nquorum all-of-them\n", k, names.String())
	p, err := ParsePolicy([]byte(file.String()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
