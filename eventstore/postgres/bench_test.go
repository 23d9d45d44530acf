//go:build postgres

package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// Every benchmark runs against a server of its own that flushes to disk, and
// beside the alternatives that it names, in interleaved rounds of one run.
// Ratios of such a run hold; its absolute figures are the machine's.

// body is an event of about 500 bytes; as JSON it is some 355 of payload and 145
// of metadata.
var (
	payload = []byte(`{"appointment": "6f1c1f0e-6f0e-4f1a-9d1b-0f6f1c1f0e6f", "on": "2026-03-02", "from": "09:30", "until": "10:15", ` +
		`"kind": "planned-office-visit", "attended": true, "acceptable": true, "requirement": "rehabilitation-activity", "days": 12, ` +
		`"practitioner": "0f6f1c1f-0e6f-4f1a-8d1b-6f1c1f0e6f0e", "next": {"on": "2026-03-16", "from": "09:30", "kind": "telephone"}}`)
	metadata = []byte(`{"actor": "a1b2c3d4-0f6f-4c1f-8e6f-1a9d1b0f6f1c", "purpose": "supervision", "schema": 2, ` +
		`"command": "c3d4a1b2-0f6f-4c1f-8e6f-1a9d1b0f6f1c"}`)
	body = slices.Concat(payload, metadata)
)

// appendTo appends events to a stream that holds so many, all or none.
type appendTo func(ctx context.Context, stream event.StreamID, at eventstore.Revision, ids []event.ID) error

// contender is one way to append, and what its rounds took.
type contender struct {
	name string
	do   appendTo

	took  time.Duration
	cpu   time.Duration // of both sides
	calls []time.Duration
}

func ours(s *postgres.Store) appendTo {
	return func(ctx context.Context, stream event.StreamID, at eventstore.Revision, ids []event.ID) error {
		batch := make([]eventstore.Event, len(ids))
		for i, id := range ids {
			batch[i] = eventstore.Event{ID: id, Body: body}
		}
		_, err := s.Append(ctx, stream, at, batch)
		return err
	}
}

// BenchmarkAppend appends events one by one, ten to a stream. x-plain and
// x-message-db are the rates of the store divided by those of the others, and
// p50-x their medians divided by its own: more is better. p99-x and cpu-x are
// its 99th percentile, and its processor time on both sides, divided by theirs:
// less is better.
func BenchmarkAppend(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	peer := messageDBPackage(b)
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) { appending(b, server, peer, writers, 1) })
	}
}

// BenchmarkAppendBatch appends a hundred events in each call. The alternatives
// insert them one by one, in one transaction.
func BenchmarkAppendBatch(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	peer := messageDBPackage(b)
	b.Run("writers=1", func(b *testing.B) { appending(b, server, peer, 1, 100) })
}

// BenchmarkAppendSlowDisk is BenchmarkAppend where every flush takes a
// millisecond longer.
func BenchmarkAppendSlowDisk(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true, Environ: []string{"LD_PRELOAD=" + slowFlush(b)}})
	peer := messageDBPackage(b)
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) { appending(b, server, peer, writers, 1) })
	}
}

func appending(b *testing.B, server *pgtest.Server, peer string, writers, batch int) {
	all := []*contender{
		{name: "store", do: ours(open(b, postgres.Options{URL: migrated(b, server), Clock: time.Now}))},
		{name: "plain", do: openPlain(b, server, writers).append},
	}
	if peer != "" {
		all = append(all, &contender{name: "message-db", do: openMessageDB(b, peer, server, writers).append})
	}
	round := max(1, 250*(3+writers)/batch)
	for done := 0; done < b.N; done += round {
		for i := range all {
			c := all[(i+done/round)%len(all)]
			c.race(b, server, writers, min(round, b.N-done), done, batch)
		}
	}
	rate := func(c *contender) float64 { return float64(b.N*batch) / c.took.Seconds() }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate(all[0]), "events/s")
	b.ReportMetric(all[0].cpu.Seconds()*1e6/float64(b.N*batch), "cpu-µs/event")
	b.ReportMetric(milliseconds(percentile(all[0].calls, 50)), "p50-ms")
	b.ReportMetric(milliseconds(percentile(all[0].calls, 99)), "p99-ms")
	for _, other := range all[1:] {
		b.ReportMetric(rate(other), other.name+"-events/s")
		b.ReportMetric(rate(all[0])/rate(other), "x-"+other.name)
		b.ReportMetric(all[0].cpu.Seconds()/other.cpu.Seconds(), "cpu-x-"+other.name)
		b.ReportMetric(percentile(other.calls, 50).Seconds()/percentile(all[0].calls, 50).Seconds(), "p50-x-"+other.name)
		b.ReportMetric(percentile(all[0].calls, 99).Seconds()/percentile(other.calls, 99).Seconds(), "p99-x-"+other.name)
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func percentile(of []time.Duration, p int) time.Duration {
	slices.Sort(of)
	return of[(len(of)-1)*p/100]
}

// race makes n appends with so many writers, each to streams of its own, ten
// appends to a stream.
func (c *contender) race(b *testing.B, server *pgtest.Server, writers, n, salt, batch int) {
	b.Helper()
	var next atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	used, begun := processor(b, server), time.Now()
	for w := range writers {
		all.Go(func() {
			var calls []time.Duration
			ids := make([]event.ID, batch)
			for i := 0; next.Add(1) <= int64(n); i++ {
				for k := range ids {
					ids[k].UUID = named(2, salt, w, i, k)
				}
				called := time.Now()
				if err := c.do(b.Context(), event.Case(named(1, salt, w, i/10)), eventstore.Revision(i%10*batch), ids); err != nil {
					b.Errorf("%s: %v", c.name, err)
					return
				}
				calls = append(calls, time.Since(called))
			}
			mu.Lock()
			defer mu.Unlock()
			c.calls = append(c.calls, calls...)
		})
	}
	all.Wait()
	c.took += time.Since(begun)
	c.cpu += processor(b, server) - used
}
