package kurrent_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
)

// BenchmarkAppend compares appends of one event of 500 bytes through the
// store, which are answered when they have a position, with the same appends
// through the bare client, which have none; interleaved in one run, on one
// double, which keeps nothing on disk: once as it is, where all that is done is
// paid for in the same two processors, and once with 2 ms for the commit of an
// append, as a quorum needs. events/s is the store's; x-bare is its rate
// divided by the bare client's.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		writers int
		commit  time.Duration
	}{{1, 0}, {16, 0}, {64, 0}, {1, 2 * time.Millisecond}, {16, 2 * time.Millisecond}, {64, 2 * time.Millisecond}} {
		writers := c.writers
		b.Run(fmt.Sprintf("writers=%d,commit=%s", writers, c.commit), func(b *testing.B) {
			double := kurrenttest.Start(b, kurrenttest.Options{Commit: c.commit})
			store := open(b, kurrent.Options{URL: double.URL(), Prefix: "ours-"})
			bare := client(b, double.URL())
			var ours, theirs time.Duration
			const round = 2000
			for done := 0; done < b.N; done += round {
				n := min(round, b.N-done)
				theirs += race(b, writers, n, done, func(ctx context.Context, stream event.StreamID, at eventstore.Revision, e eventstore.Event) error {
					var expected esdb.ExpectedRevision = esdb.NoStream{}
					if at > 0 {
						expected = esdb.Revision(uint64(at) - 1)
					}
					_, err := bare.AppendToStream(ctx, "bare-"+stream.String(), esdb.AppendToStreamOptions{ExpectedRevision: expected},
						esdb.EventData{EventID: [16]byte(e.ID.UUID), EventType: "recorded", Data: e.Body})
					return err
				})
				ours += race(b, writers, n, done, func(ctx context.Context, stream event.StreamID, at eventstore.Revision, e eventstore.Event) error {
					_, err := store.Append(ctx, stream, at, []eventstore.Event{e})
					return err
				})
			}
			b.ReportMetric(float64(b.N)/ours.Seconds(), "events/s")
			b.ReportMetric(float64(b.N)/theirs.Seconds(), "bare-events/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-bare")
			b.ReportMetric(float64(b.N)/float64(double.Records("ours-caseledger-index")), "events/group")
		})
	}
}

func client(tb testing.TB, url string) *esdb.Client {
	tb.Helper()
	config, err := esdb.ParseConnectionString(url)
	if err != nil {
		tb.Fatal(err)
	}
	config.Logger = esdb.NoopLogging()
	c, err := esdb.NewClient(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

type appendOne func(context.Context, event.StreamID, eventstore.Revision, eventstore.Event) error

// race makes n appends with so many writers, each to streams of its own, ten
// events to a stream.
func race(b *testing.B, writers, n, salt int, do appendOne) time.Duration {
	body := make([]byte, 500)
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for w := range writers {
		all.Go(func() {
			for i := 0; next.Add(1) <= int64(n); i++ {
				err := do(b.Context(), event.Case(numbered(1, salt, w, i/10)), eventstore.Revision(i%10),
					eventstore.Event{ID: event.ID{UUID: numbered(2, salt, w, i)}, Body: body})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

func numbered(parts ...int) event.UUID {
	var bytes []byte
	for _, p := range parts {
		bytes = binary.BigEndian.AppendUint64(bytes, uint64(p))
	}
	return event.DeriveUUID("bench", bytes)
}

// BenchmarkScan reads a ledger of 20,000 events of 500 bytes through the store,
// and the log through the bare client.
func BenchmarkScan(b *testing.B) {
	const events = 20_000
	double := kurrenttest.Start(b, kurrenttest.Options{})
	store := open(b, kurrent.Options{URL: double.URL()})
	bare := client(b, double.URL())
	stream := event.Case(numbered(3))
	for at := 0; at < events; at += 1000 {
		batch := make([]eventstore.Event, 1000)
		for i := range batch {
			batch[i] = eventstore.Event{ID: event.ID{UUID: numbered(4, at+i)}, Body: make([]byte, 500)}
		}
		if _, err := store.Append(b.Context(), stream, eventstore.Revision(at), batch); err != nil {
			b.Fatal(err)
		}
	}
	var ours, theirs time.Duration
	for b.Loop() {
		begun := time.Now()
		read, err := bare.ReadAll(b.Context(), esdb.ReadAllOptions{From: esdb.Start{}}, 2*events)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for {
			if _, err := read.Recv(); err != nil {
				break
			}
			n++
		}
		read.Close()
		theirs += time.Since(begun)
		begun = time.Now()
		got := 0
		for _, err := range store.ReadAll(b.Context(), 0) {
			if err != nil {
				b.Fatal(err)
			}
			got++
		}
		ours += time.Since(begun)
		if got != events || n < events {
			b.Fatalf("read %d events, the bare client %d, want %d", got, n, events)
		}
	}
	b.ReportMetric(float64(b.N)*events/ours.Seconds(), "events/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-bare")
}
