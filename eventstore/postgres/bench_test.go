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

	"github.com/jackc/pgx/v5/pgxpool"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// Every benchmark runs against a server of its own that flushes to disk, and
// beside the alternatives that it names, in interleaved rounds of one run.
// Ratios of such a run hold; its absolute figures are the machine's.

// body is an event of 500 bytes; as JSON it is 355 of payload and 145 of
// metadata.
var (
	payload  = fmt.Appendf(nil, `{"category":"appointment","note":"%0312d"}`, 7)
	metadata = fmt.Appendf(nil, `{"actor":"a","purpose":"care","commandId":"%0100d"}`, 7)
	body     = slices.Concat(payload, metadata)
)

// appendOne appends one event to a stream that holds so many.
type appendOne func(context.Context, event.StreamID, eventstore.Revision, event.ID) error

// contender is one way to append, and what a run of it took.
type contender struct {
	name string
	do   appendOne

	took  time.Duration
	cpu   time.Duration // of both sides
	calls []time.Duration
}

func ours(s *postgres.Store) appendOne {
	return func(ctx context.Context, stream event.StreamID, at eventstore.Revision, id event.ID) error {
		_, err := s.Append(ctx, stream, at, []eventstore.Event{{ID: id, Body: body}})
		return err
	}
}

// BenchmarkAppend appends events one by one, ten to a stream. x-plain and
// x-message-db are the rates of the store divided by those of the others;
// p99-x-plain is its 99th percentile divided by the plain table's.
func BenchmarkAppend(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) { appending(b, server, writers) })
	}
}

func appending(b *testing.B, server *pgtest.Server, writers int) {
	all := []*contender{
		{name: "store", do: ours(open(b, postgres.Options{URL: migrated(b, server), Clock: time.Now}))},
		{name: "plain", do: openPlain(b, server, writers).append},
	}
	round := 250 * (3 + writers)
	for done := 0; done < b.N; done += round {
		for i := range all {
			c := all[(i+done/round)%len(all)]
			c.race(b, server, writers, min(round, b.N-done), done)
		}
	}
	rate := func(c *contender) float64 { return float64(b.N) / c.took.Seconds() }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate(all[0]), "events/s")
	b.ReportMetric(all[0].cpu.Seconds()*1e6/float64(b.N), "cpu-µs/event")
	b.ReportMetric(milliseconds(percentile(all[0].calls, 50)), "p50-ms")
	b.ReportMetric(milliseconds(percentile(all[0].calls, 99)), "p99-ms")
	for _, other := range all[1:] {
		b.ReportMetric(rate(other), other.name+"-events/s")
		b.ReportMetric(rate(all[0])/rate(other), "x-"+other.name)
		b.ReportMetric(all[0].cpu.Seconds()/other.cpu.Seconds(), "cpu-x-"+other.name)
		b.ReportMetric(percentile(all[0].calls, 99).Seconds()/percentile(other.calls, 99).Seconds(), "p99-x-"+other.name)
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func percentile(of []time.Duration, p int) time.Duration {
	slices.Sort(of)
	return of[(len(of)-1)*p/100]
}

// race makes n appends with so many writers, each to streams of its own, ten
// events to a stream.
func (c *contender) race(b *testing.B, server *pgtest.Server, writers, n, salt int) {
	b.Helper()
	var next atomic.Int64
	var mu sync.Mutex
	var all sync.WaitGroup
	used, begun := processor(b, server), time.Now()
	for w := range writers {
		all.Go(func() {
			var calls []time.Duration
			for i := 0; next.Add(1) <= int64(n); i++ {
				called := time.Now()
				if err := c.do(b.Context(), event.Case(named(1, salt, w, i/10)), eventstore.Revision(i%10), event.ID{UUID: named(2, salt, w, i)}); err != nil {
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

// plain is an event table as one would write it: jsonb, positions from a
// sequence (which leave gaps, and are not in the order of commits), a connection
// for every writer, one transaction for every append.
type plain struct{ pool *pgxpool.Pool }

func openPlain(b testing.TB, server *pgtest.Server, writers int) plain {
	b.Helper()
	url := server.Database(b)
	execute(b, url, `CREATE TABLE events (
		position bigserial PRIMARY KEY, stream text NOT NULL, version bigint NOT NULL, id uuid NOT NULL, type text NOT NULL,
		data jsonb NOT NULL, metadata jsonb NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
		UNIQUE (stream, version))`)
	return plain{openPool(b, url, writers)}
}

func openPool(b testing.TB, url string, connections int) *pgxpool.Pool {
	b.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns = int32(connections)
	pool, err := pgxpool.NewWithConfig(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

func (p plain) append(ctx context.Context, stream event.StreamID, at eventstore.Revision, id event.ID) error {
	tx, err := p.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) // nothing is left to roll back after a commit
	if _, err := tx.Exec(ctx, "INSERT INTO events (stream, version, id, type, data, metadata) VALUES ($1, $2, $3, $4, $5, $6)",
		stream.String(), int64(at)+1, id.String(), "appointment.kept", payload, metadata); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
