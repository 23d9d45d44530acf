package offline_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/offline/offlinetest"
)

// largeLedger is the file of a ledger of n entries of the size that a simulated
// population's have on average (1.3 KiB, every fifth a commitment to a key): the
// bodies of a few, over and over.
func largeLedger(tb testing.TB, n int) (*offline.Trust, *os.File, int64) {
	tb.Helper()
	w := offlinetest.New(tb)
	w.Write(offlinetest.Avery, "sleeps badly")
	w.Write(offlinetest.Avery, "sleeps well")
	bodies := slices.Insert(slices.Repeat(w.Stored[4:6], 2), 2, w.Stored[0])
	large := offlinetest.New(tb)
	large.Signer, large.Key = w.Signer, w.Key
	revisions := map[event.StreamID]event.Revision{}
	for i := range n {
		s := bodies[i%len(bodies)]
		s.Position = event.Position(i + 1)
		s.RecordedAt = bodies[0].RecordedAt
		s.ID = event.ID{UUID: event.DeriveUUID("bench", fmt.Append(nil, i))}
		s.Stream = event.Case(event.DeriveUUID("person", fmt.Append(nil, i*7919%(1+n/50))))
		revisions[s.Stream]++
		s.Revision = revisions[s.Stream]
		large.Add(s)
	}
	name := filepath.Join(tb.TempDir(), "ledger.bin")
	if err := os.WriteFile(name, large.Export(), 0o600); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	return pinned(large, n), f, info.Size()
}

// BenchmarkLedger checks an exported ledger beside what can hardly be gone below:
// SHA-256 of the same file, read in pieces of a MiB, on as many cores.
func BenchmarkLedger(b *testing.B) {
	const n = 200_000
	trust, f, size := largeLedger(b, n)
	cores := runtime.GOMAXPROCS(0)
	b.Run("verify", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			r, err := offline.Ledger(b.Context(), f, size, trust, offline.LedgerOptions{Workers: cores})
			if err != nil || !r.Verdict().Holds() {
				b.Fatal(r, err)
			}
		}
		b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("verify-and-digest", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if r, err := offline.Ledger(b.Context(), f, size, trust, offline.LedgerOptions{Workers: cores, Digest: true}); err != nil || !r.Verdict().Holds() {
				b.Fatal(r, err)
			}
		}
	})
	b.Run("sha256", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			if err := hashed(f, size, cores); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// hashed takes SHA-256 of a file, piece by piece, on some cores.
func hashed(f io.ReaderAt, size int64, cores int) error {
	const piece = 1 << 20
	errs := make([]error, cores)
	var wait sync.WaitGroup
	for c := range cores {
		wait.Go(func() {
			buf := make([]byte, piece)
			for at := int64(c) * piece; at < size; at += int64(cores) * piece {
				n, err := f.ReadAt(buf[:min(piece, size-at)], at)
				if err != nil && err != io.EOF {
					errs[c] = err
					return
				}
				_ = sha256.Sum256(buf[:n])
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkEntry is what reading one entry's clear part costs, beside its hash.
func BenchmarkEntry(b *testing.B) {
	w := eleven(b)
	stored := codec.Bytes(w.Stored[4])
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if wrong, _ := offline.ParseEntryOnly(stored); wrong != "" {
				b.Fatal(wrong)
			}
		}
	})
	b.Run("sha256", func(b *testing.B) {
		for b.Loop() {
			_ = sha256.Sum256(stored)
		}
	})
	b.Logf("an entry of %d bytes", len(stored))
}
