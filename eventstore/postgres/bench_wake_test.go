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
// by asking every 100 ms. The appends' own time is part of each. The first second
// and a half does not count: whoever appends looks once a second for followers.
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
	const early = 150
	total := early + b.N
	begun := make([]time.Time, total+1)
	var mu sync.Mutex
	lag := make([][]time.Duration, len(ways))
	for i, way := range ways {
		following.Go(func() {
			var after eventstore.Position
			for int(after) < total && way.wait(ctx, after) == nil {
				for e, err := range way.from.ReadAll(ctx, after) {
					if err != nil {
						return
					}
					if after = e.Position; after <= early {
						continue
					}
					mu.Lock()
					lag[i] = append(lag[i], time.Since(begun[after]))
					mu.Unlock()
				}
			}
		})
	}
	var own []time.Duration
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := range total {
		<-tick.C
		mu.Lock()
		begun[n+1] = time.Now()
		mu.Unlock()
		append1(b, s, event.Case(named(1, n)), 0, n)
		if n >= early {
			own = append(own, time.Since(begun[n+1]))
		}
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

// BenchmarkFollowed appends with 16 writers while followers read what comes, half
// of them in another process, beside the same without: x-alone is the first rate
// divided by the second. The followers share the processors with both.
func BenchmarkFollowed(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	for _, followers := range []int{2, 4} {
		b.Run(fmt.Sprint("followers=", followers), func(b *testing.B) { appendingFollowed(b, server, followers) })
	}
}

func appendingFollowed(b *testing.B, server *pgtest.Server, followers int) {
	alone := &contender{name: "alone", do: ours(open(b, postgres.Options{URL: migrated(b, server), Clock: time.Now}))}
	o := postgres.Options{URL: migrated(b, server), Clock: time.Now}
	s, other := open(b, o), open(b, o)
	followed := &contender{name: "followed", do: ours(s)}
	ctx, stop := context.WithCancel(b.Context())
	var following sync.WaitGroup
	for i := range followers {
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
