//go:build postgres

package ledger_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of shelf and memory

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// onServer is a ledger whose store, shelf and memory are in databases of a server,
// each in one of its own.
type onServer struct {
	*world
	store  *postgres.Store
	memory *keep.Signer
}

var roles atomic.Int64

func newOnServer(t testing.TB, s *pgtest.Server) *onServer {
	t.Helper()
	url, role := s.DSN(s.Database(t)), fmt.Sprintf("app%d", roles.Add(1))
	owner, err := sql.Open("pgx", url)
	if err == nil {
		_, err = owner.ExecContext(t.Context(), "CREATE ROLE "+role+" LOGIN")
		err = errors.Join(err, owner.Close())
	}
	if err == nil {
		_, err = postgres.Migrate(t.Context(), url, postgres.MigrateOptions{AppRole: role})
	}
	if err != nil {
		t.Fatal(err)
	}
	store, err := postgres.Open(t.Context(), postgres.Options{URL: url + " user=" + role, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := keep.OpenShelfPostgres(t.Context(), s.DSN(s.Database(t)), "")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := keep.OpenSignerPostgres(t.Context(), s.DSN(s.Database(t)), origin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Close(), shelf.Close(), memory.Close()); err != nil {
			t.Error(err)
		}
	})
	w := newWorld(t)
	w.store, w.instead = store, shelf
	return &onServer{world: w, store: store, memory: memory}
}

func (o *onServer) sealer(t testing.TB, published func(ledger.Tree, []byte)) *ledger.Sealer {
	t.Helper()
	c := o.config()
	c.Memory, c.Published = o.memory, published
	s, err := ledger.NewSealer(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAServerThatDiesUnderASealerLeavesALedgerThatGoesOn kills the server that
// everything is on while writers append and a sealer seals.
func TestAServerThatDiesUnderASealerLeavesALedgerThatGoesOn(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	o := newOnServer(t, server)
	sealed := make(chan ledger.Tree, 1<<16)
	stop := running(t, o.sealer(t, func(tree ledger.Tree, _ []byte) { sealed <- tree }))
	appended := uint64(0)
	record := func() bool {
		ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
		defer done()
		var batch []eventstore.Event
		for n := range uint64(100) {
			batch = append(batch, eventstore.Event{ID: event.ID{UUID: uuid(appended + n)}, Body: body(appended + n)})
		}
		_, err := o.store.Append(ctx, event.Access(uuid(0)), eventstore.AtEnd, batch)
		if err == nil {
			appended += 100
		}
		return err == nil
	}
	kills, err := strconv.Atoi(cmp.Or(os.Getenv("CASELEDGER_TEST_SEALER_KILLS"), "1"))
	if err != nil {
		t.Fatal(err)
	}
	for range kills {
		for range 20 {
			for !record() {
				<-time.After(10 * time.Millisecond) // the server is another process
			}
		}
		<-sealed
		server.Kill()
		server.Restart(t)
	}
	for tree := (ledger.Tree{}); tree.N < int64(appended); {
		select {
		case tree = <-sealed:
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d entries are sealed after a minute", tree.N, appended)
		}
	}
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	head, err := o.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := o.sealer(t, nil).Seal(t.Context())
	if err != nil || tree != treeOf(t, o.store, int64(head)) {
		t.Fatalf("sealed %v, %v", tree, err)
	}
	o.mustBePublished(t, tree)
	mustBeConsistent(t, o.store, o.signer.trees(t))
}

// BenchmarkSealingBeside appends with 16 writers, in turns alone and with a sealer
// that follows. x-alone is the rate with it divided by that without: more is
// better. lag is from an append's acknowledgement until a checkpoint covers it.
func BenchmarkSealingBeside(b *testing.B) {
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	with, alone := newOnServer(b, server), newOnServer(b, server)
	const writers, turn = 16, 4000
	var salt atomic.Uint64
	var took [2]time.Duration
	var lags []time.Duration
	turns := max(1, (b.N+turn-1)/turn)
	for i := range turns {
		for k := range 2 {
			if (i+k)%2 == 0 {
				took[1] += race(b, alone.store, writers, turn, &salt, nil)
				continue
			}
			var mu sync.Mutex
			acknowledged := map[int64]time.Time{}
			covered := make(chan ledger.Tree, 1<<16)
			var at []time.Time
			ctx, stop := context.WithCancel(b.Context())
			sealer := with.sealer(b, func(t ledger.Tree, _ []byte) {
				at = append(at, time.Now())
				covered <- t
			})
			ended := make(chan error, 1)
			go func() { ended <- sealer.Run(ctx) }()
			took[0] += race(b, with.store, writers, turn, &salt, func(p eventstore.Position) {
				mu.Lock()
				defer mu.Unlock()
				acknowledged[int64(p)] = time.Now()
			})
			head, err := with.store.Head(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			var trees []ledger.Tree
			for len(trees) == 0 || trees[len(trees)-1].N < int64(head) {
				trees = append(trees, <-covered)
			}
			stop()
			<-ended
			for n, acked := range acknowledged {
				first, _ := slices.BinarySearchFunc(trees, n, func(t ledger.Tree, n int64) int { return cmp.Compare(t.N, n) })
				lags = append(lags, max(0, at[first].Sub(acked)))
			}
		}
	}
	slices.Sort(lags)
	n := float64(turns * turn)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(n/took[0].Seconds(), "sealed-events/s")
	b.ReportMetric(n/took[1].Seconds(), "alone-events/s")
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x-alone")
	b.ReportMetric(lags[len(lags)/2].Seconds()*1000, "lag-p50-ms")
	b.ReportMetric(lags[len(lags)*99/100].Seconds()*1000, "lag-p99-ms")
	b.ReportMetric(lags[len(lags)-1].Seconds()*1000, "lag-max-ms")
}

// race appends n events, one by one, with so many writers, ten to a stream.
func race(b *testing.B, s eventstore.Store, writers, n int, salt *atomic.Uint64, acknowledged func(eventstore.Position)) time.Duration {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	begun := time.Now()
	for range writers {
		group.Go(func() {
			var stream event.StreamID
			for i := 0; next.Add(1) <= int64(n); i++ {
				id := salt.Add(1)
				if i%10 == 0 {
					stream = event.Case(uuid(1<<40 + id))
				}
				a, err := s.Append(b.Context(), stream, eventstore.Revision(i%10), []eventstore.Event{{ID: event.ID{UUID: uuid(id)}, Body: body(id)}})
				if err != nil {
					b.Error(err)
					return
				}
				if acknowledged != nil {
					acknowledged(a.Last)
				}
			}
		})
	}
	group.Wait()
	return time.Since(begun)
}
