//go:build postgres

package postgres_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// BenchmarkWake measures from the call of an append until a follower holds its
// event, at a hundred appends a second: in the same process, in another one, and
// by asking every 100 ms. The appends' own time is part of each.
func BenchmarkWake(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	owner, role := ledgeredEmpty(b, server)
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	s, other := open(b, o), open(b, o)
	waiting := func(of *postgres.Store) func(context.Context, eventstore.Position) error {
		return func(ctx context.Context, after eventstore.Position) error {
			_, err := of.Wait(ctx, after)
			return err
		}
	}
	asking := func(ctx context.Context, after eventstore.Position) error {
		for {
			head, err := other.Head(ctx)
			if err != nil || head > after {
				return err
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	ways := []struct {
		name string
		from *postgres.Store
		wait func(context.Context, eventstore.Position) error
	}{{"in-process", s, waiting(s)}, {"other-process", other, waiting(other)}, {"polling", other, asking}}
	ctx, stop := context.WithCancel(b.Context())
	var following sync.WaitGroup
	begun := make([]time.Time, b.N+1)
	var mu sync.Mutex
	lag := make([][]time.Duration, len(ways))
	for i, way := range ways {
		following.Go(func() {
			var after eventstore.Position
			for int(after) < b.N && way.wait(ctx, after) == nil {
				for e, err := range way.from.ReadAll(ctx, after) {
					if err != nil {
						return
					}
					mu.Lock()
					lag[i] = append(lag[i], time.Since(begun[e.Position]))
					mu.Unlock()
					after = e.Position
				}
			}
		})
	}
	var own []time.Duration
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := range b.N {
		<-tick.C
		mu.Lock()
		begun[n+1] = time.Now()
		mu.Unlock()
		append1(b, s, event.Case(named(1, n)), 0, n)
		own = append(own, time.Since(begun[n+1]))
	}
	following.Wait()
	stop()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(percentile(own, 99)), "append-p99-ms")
	for i, way := range ways {
		b.ReportMetric(milliseconds(percentile(lag[i], 50)), way.name+"-p50-ms")
		b.ReportMetric(milliseconds(percentile(lag[i], 99)), way.name+"-p99-ms")
	}
	b.ReportMetric(percentile(lag[0], 99).Seconds()/percentile(own, 99).Seconds(), "p99-x-append")
	b.ReportMetric(percentile(lag[1], 99).Seconds()/percentile(lag[2], 99).Seconds(), "p99-x-polling")
}

// BenchmarkFollowed appends with 16 writers while four followers read what
// comes, two of them in another process, beside the same without: x-alone is the
// first rate divided by the second.
func BenchmarkFollowed(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	alone := &contender{name: "alone", do: ours(open(b, postgres.Options{URL: migrated(b, server), Clock: time.Now}))}
	o := postgres.Options{URL: migrated(b, server), Clock: time.Now}
	s, other := open(b, o), open(b, o)
	followed := &contender{name: "followed", do: ours(s)}
	ctx, stop := context.WithCancel(b.Context())
	var following sync.WaitGroup
	for i := range 4 {
		from := []*postgres.Store{s, other}[i%2]
		following.Go(func() {
			for after := eventstore.Position(0); ; {
				if _, err := from.Wait(ctx, after); err != nil {
					return
				}
				for e, err := range from.ReadAll(ctx, after) {
					if err != nil {
						return
					}
					after = e.Position
				}
			}
		})
	}
	const writers, round = 16, 4000
	for done := 0; done < b.N; done += round {
		for _, c := range []*contender{alone, followed} {
			c.race(b, server, writers, min(round, b.N-done), done, 1)
		}
	}
	stop()
	following.Wait()
	b.ReportMetric(0, "ns/op")
	for _, c := range []*contender{followed, alone} {
		b.ReportMetric(float64(b.N)/c.took.Seconds(), fmt.Sprintf("%s-events/s", c.name))
	}
	b.ReportMetric(alone.took.Seconds()/followed.took.Seconds(), "x-alone")
}
