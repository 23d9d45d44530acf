package verify_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of the store that is measured

	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/sqlite"
)

// generated is a ledger that needs no memory: the same few events again and again,
// with headers of their own.
type generated struct {
	eventstore.Store // nil: nothing else is called
	of               []eventstore.Stored
	n                int
}

func (g *generated) Head(context.Context) (eventstore.Position, error) {
	return eventstore.Position(g.n), nil
}

func (g *generated) at(i int) eventstore.Stored {
	e := g.of[i%len(g.of)]
	round := i / len(g.of)
	e.Position = eventstore.Position(i + 1)
	e.RecordedAt = e.RecordedAt.Add(time.Duration(round) * time.Hour)
	e.ID.UUID[0], e.ID.UUID[1], e.ID.UUID[2] = byte(round>>16), byte(round>>8), byte(round)
	e.Stream.Of[0], e.Stream.Of[1], e.Stream.Of[2] = byte(round>>16), byte(round>>8), byte(round)
	e.Body = append([]byte(nil), e.Body...) // as a store would
	return e
}

func (g *generated) ReadAll(ctx context.Context, after eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for i := int(after); i < g.n; i++ {
			if !yield(g.at(i), ctx.Err()) {
				return
			}
		}
	}
}

// all yields every event, as an ingest wants them.
func (g *generated) all() iter.Seq2[eventstore.Stored, error] {
	return g.ReadAll(context.Background(), 0)
}

func (g *generated) hash(t testing.TB) *hashed {
	t.Helper()
	return hash(t, func(yield func(eventstore.Stored) bool) {
		for e := range g.all() {
			if !yield(e) {
				return
			}
		}
	})
}

// Memory is the same however large the ledger is.
func TestMemoryDoesNotGrowWithTheLedger(t *testing.T) {
	k := newKey(t, origin)
	peak := func(n int) uint64 {
		g := &generated{of: made(t, 1000), n: n}
		folder, err := keep.OpenShelfFolder(filepath.Join(t.TempDir(), "tiles"))
		if err != nil {
			t.Fatal(err)
		}
		k.fill(t, folder, g.hash(t), n)
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		most, last := uint64(0), uint64(0)
		c := k.config(g, folder)
		c.Progress = func(done, _ uint64) {
			if done-last >= 8192 {
				last = done
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		}
		wantIntact(t, fmt.Sprint(n), run(t, c))
		return most
	}
	small, large := peak(20_000), peak(100_000)
	t.Logf("%d kB with 20,000 entries, %d kB with 100,000", small>>10, large>>10)
	if large > small+2<<20 || large > 32<<20 {
		t.Errorf("%d bytes with 20,000 entries, %d with 100,000", small, large)
	}
}

// BenchmarkVerify compares a verification of a store with a plain reading of the
// same rows, and with the SHA-256 of their leaves on one core (P18).
func BenchmarkVerify(b *testing.B) {
	const n = 200_000
	k := newKey(b, origin)
	g := &generated{of: made(b, 1000), n: n}
	folder := b.TempDir()
	shelf, err := keep.OpenShelfFolder(filepath.Join(folder, "tiles"))
	if err != nil {
		b.Fatal(err)
	}
	k.fill(b, shelf, g.hash(b), n)
	store, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(folder, "ledger.db"), Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Ingest(b.Context(), g.all()); err != nil {
		b.Fatal(err)
	}
	compareVerify(b, k, store, shelf, n)
}

// compareVerify takes turns, and reports how a verification stands to a scan and
// to raw SHA-256: 1 is as fast.
func compareVerify(b *testing.B, k key, store eventstore.Store, shelf ledger.Shelf, n int) {
	var leaves [][]byte
	for e, err := range store.ReadAll(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		if leaves = append(leaves, append([]byte{0}, codec.Bytes(e)...)); len(leaves) == 10_000 {
			break
		}
	}
	var scan, raw, verified time.Duration
	timed := func(into *time.Duration, work func()) {
		began := time.Now()
		work()
		*into += time.Since(began)
	}
	for b.Loop() {
		timed(&scan, func() {
			for _, err := range store.ReadAll(b.Context(), 0) {
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		timed(&verified, func() { wantIntact(b, "the store", run(b, k.config(store, shelf))) })
		timed(&raw, func() {
			for i := range n {
				sha256.Sum256(leaves[i%len(leaves)])
			}
		})
	}
	b.ReportMetric(float64(n*b.N)/verified.Seconds(), "entries/s")
	b.ReportMetric(scan.Seconds()/verified.Seconds(), "of-scan")
	b.ReportMetric(raw.Seconds()/verified.Seconds(), "of-sha256")
}
