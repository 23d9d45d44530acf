package heads

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
)

// benchStreams and benchEntries are the ledger of the benchmarks.
const (
	benchStreams = 200_000
	benchEntries = 800_000
)

// BenchmarkCommit commits a ledger to the heads of 200,000 streams: from its first
// entry on, after 1,000 more, and beside it hashes the entries alone.
func BenchmarkCommit(b *testing.B) {
	w := newWorld(b)
	for n := range benchEntries / 4 {
		w.record(streamNumbered(n%benchStreams), 4)
	}
	b.Run("leaves", func(b *testing.B) {
		for b.Loop() {
			for e, err := range w.store.ReadAll(b.Context(), 0) {
				if err != nil {
					b.Fatal(err)
				}
				_ = codec.Leaf(e)
			}
		}
		b.ReportMetric(float64(b.N)*benchEntries/b.Elapsed().Seconds(), "entries/s")
	})
	shelf, err := keep.OpenShelfFolder(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	c := w.committer(shelf)
	c.chunk = 0
	var took time.Duration
	b.Run("first", func(b *testing.B) {
		before := time.Now()
		if _, err := c.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
		if took == 0 {
			took = time.Since(before)
		}
		b.ReportMetric(benchEntries/took.Seconds(), "entries/s")
	})
	b.Run("next", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w.record(streamNumbered(int(w.ids)%benchStreams), 1000)
			b.StartTimer()
			if _, err := c.Commit(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prove", func(b *testing.B) {
		latest, err := Latest(b.Context(), shelf)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for b.Loop() {
			n++
			if _, err := Prove(b.Context(), shelf, latest, event.Case(event.DeriveUUID("x", fmt.Append(nil, n)))); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("audit", func(b *testing.B) {
		latest, err := Latest(b.Context(), shelf)
		if err != nil {
			b.Fatal(err)
		}
		one := eventstore.Stored{Position: 1, Stream: streamNumbered(1), Revision: 2}
		a, err := NewAudit(zeros{}, latest)
		if err != nil {
			b.Fatal(err)
		}
		part := a.Part()
		for b.Loop() {
			part.Add(one)
		}
	})
}

// zeros is a key for a benchmark.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
