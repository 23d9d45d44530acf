package ledger_test

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/sqlite"
)

// sealedEntries is how many entries are sealed at a time.
func sealedEntries(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("CASELEDGER_TEST_SEAL_ENTRIES"))
	if err != nil {
		return 100_000
	}
	return n
}

// BenchmarkSeal seals a whole ledger: from a store in memory, and from a file to a
// folder with a memory in a file; and does beside it what of that is hashing only:
// tlog's stored hashes of bytes that are there, and SHA-256 of those bytes.
func BenchmarkSeal(b *testing.B) {
	n := sealedEntries(b)
	w := newWorld(b)
	w.store = memory.New(func() time.Time { return noon })
	w.record(b, n)
	var stored [][]byte
	for e, err := range w.store.ReadAll(b.Context(), 0) {
		if err != nil {
			b.Fatal(err)
		}
		stored = append(stored, codec.Bytes(e))
	}
	per := func(b *testing.B) {
		b.Helper()
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		b.ReportMetric(float64(len(stored[0])), "B/entry")
	}
	b.Run("SHA-256", func(b *testing.B) {
		for b.Loop() {
			for _, e := range stored {
				sha256.Sum256(e)
			}
		}
		per(b)
	})
	b.Run("stored hashes", func(b *testing.B) {
		for b.Loop() {
			all := make([]tlog.Hash, 0, 2*n)
			r := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
				found := make([]tlog.Hash, len(indexes))
				for i, index := range indexes {
					found[i] = all[index]
				}
				return found, nil
			})
			for i, e := range stored {
				hashes, err := tlog.StoredHashes(int64(i), e, r)
				if err != nil {
					b.Fatal(err)
				}
				all = append(all, hashes...)
			}
		}
		per(b)
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			w.instead, w.memory = &keep.ShelfMemory{}, &remembered{}
			if tree, err := w.sealer(b).Seal(b.Context()); err != nil || tree.N != int64(n) {
				b.Fatal(tree, err)
			}
		}
		per(b)
	})
	b.Run("sqlite", func(b *testing.B) {
		s, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "ledger.db"), Clock: time.Now})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		appendEntries(b, s, event.Access(uuid(0)), 0, n)
		for b.Loop() {
			benchSealed(b, w, s, n)
		}
		per(b)
	})
}

// benchSealed seals all of a store to a new folder.
func benchSealed(b *testing.B, w *world, s eventstore.Store, n int) {
	b.Helper()
	dir := b.TempDir()
	shelf, err := keep.OpenShelfFolder(filepath.Join(dir, "tiles"))
	if err != nil {
		b.Fatal(err)
	}
	c := w.config()
	c.Store, c.Shelf, c.Memory = s, shelf, ledger.NewMemoryFile(filepath.Join(dir, "signer-key.last"), origin)
	sealer, err := ledger.NewSealer(c)
	if err != nil {
		b.Fatal(err)
	}
	if tree, err := sealer.Seal(b.Context()); err != nil || tree.N != int64(n) {
		b.Fatal(tree, err)
	}
	if err := shelf.Close(); err != nil {
		b.Fatal(err)
	}
}
