//go:build postgres

package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// acknowledged is an append that was answered.
type acknowledged struct {
	ids  []event.ID
	last eventstore.Position
}

// insistent appends again and again until it is told to stop, and repeats an
// append until it is answered. Every append of it is acknowledged in the end.
type insistent struct {
	number   int
	store    *postgres.Store
	acked    []acknowledged
	unknown  int // answers that left the outcome open
	repeated int // retries that were recognised
}

func (w *insistent) run(t *testing.T, ctx context.Context, told chan<- struct{}) {
	r := rand.New(rand.NewPCG(11, uint64(w.number)))
	for n := 0; ctx.Err() == nil; n++ {
		stream := event.Case(named(1, w.number, n/10))
		var batch []eventstore.Event
		var a acknowledged
		for i := range 1 + n%3 {
			a.ids = append(a.ids, event.ID{UUID: named(2, w.number, n, i)})
			batch = append(batch, eventstore.Event{ID: a.ids[i], Body: make([]byte, r.IntN(3000))})
		}
		at := eventstore.Revision(0)
		for i := n / 10 * 10; i < n; i++ {
			at += eventstore.Revision(1 + i%3)
		}
		for {
			got, err := w.store.Append(context.Background(), stream, at, batch)
			if err == nil {
				a.last = got.Last
				if got.Repeated {
					w.repeated++
				}
				break
			}
			if errors.Is(err, eventstore.ErrUnknown) {
				w.unknown++
			} else if !errors.Is(err, eventstore.ErrUnavailable) {
				t.Errorf("append: %v", err)
				return
			}
			<-time.After(5 * time.Millisecond)
		}
		w.acked = append(w.acked, a)
		select {
		case told <- struct{}{}:
		default:
		}
	}
}

// trail follows a ledger through every fault, from the position it has seen.
func trail(t *testing.T, ctx context.Context, s *postgres.Store, until <-chan eventstore.Position) (seen []eventstore.Stored) {
	head := eventstore.Position(1 << 60)
	for {
		select {
		case head = <-until:
		default:
		}
		after := eventstore.Position(len(seen))
		if after >= head {
			return seen
		}
		waiting, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		_, err := s.Wait(waiting, after)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("wait: %v", err)
			return seen
		}
		for e, err := range s.ReadAll(ctx, after) {
			if errors.Is(err, eventstore.ErrUnavailable) {
				break // the server is away; what was read stands
			}
			if err != nil {
				t.Errorf("read: %v", err)
				return seen
			}
			seen = append(seen, e)
		}
	}
}

// Whatever kills the server or its sessions, no acknowledged event is lost or
// there twice, followers see what is there, and appends go on within ten
// seconds.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	rounds := setting(t, "CASELEDGER_TEST_PG_ROUNDS", 48, strconv.Atoi)
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	owner, role := ledgeredEmpty(t, server)
	stores := []*postgres.Store{
		open(t, postgres.Options{URL: as(role, owner), Clock: time.Now}),
		open(t, postgres.Options{URL: as(role, owner), Clock: time.Now}),
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	told := make(chan struct{})
	var writers []*insistent
	var writing, following sync.WaitGroup
	for i := range 8 {
		w := &insistent{number: i, store: stores[i%2]}
		writers = append(writers, w)
		writing.Go(func() { w.run(t, ctx, told) })
	}
	seen := make([][]eventstore.Stored, 2)
	until := make(chan eventstore.Position, len(seen))
	for i := range seen {
		following.Go(func() { seen[i] = trail(t, t.Context(), stores[i], until) })
	}
	r := rand.New(rand.NewPCG(13, 13))
	var slowest time.Duration
	for round := range rounds {
		<-time.After(time.Duration(20+r.IntN(200)) * time.Millisecond)
		what := []string{"terminated", "killed", "terminated", "stopped"}[round%4]
		switch what {
		case "terminated":
			execute(t, owner, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"+role+"'")
		case "killed":
			server.Kill()
			server.Restart(t)
		case "stopped":
			server.Stop()
			server.Restart(t)
		}
		back := time.Now()
		select {
		case <-told:
		case <-time.After(10 * time.Second):
			t.Fatalf("round %d: no append succeeds within ten seconds after the server was %s", round, what)
		}
		slowest = max(slowest, time.Since(back))
	}
	stop()
	writing.Wait()
	head, err := stores[0].Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range seen {
		until <- head
	}
	following.Wait()

	all, err := ledger(t.Context(), stores[1])
	if err != nil {
		t.Fatal(err)
	}
	var acked []acknowledged
	unknown, repeated := 0, 0
	for _, w := range writers {
		acked = append(acked, w.acked...)
		unknown, repeated = unknown+w.unknown, repeated+w.repeated
	}
	mustHold(t, all, acked, true)
	for i := range seen {
		if !slices.EqualFunc(seen[i], all, same) {
			t.Errorf("follower %d saw %d events that are not the ledger's %d", i, len(seen[i]), len(all))
		}
	}
	t.Logf("%d rounds, %d events, %d outcomes unknown, of which %d were recorded; appends were back within %v", rounds, len(all), unknown, repeated, slowest)
}

// mustHold compares a ledger with the appends that were acknowledged: each is
// there once, whole, where it was said to be; exactly says that nothing else is.
func mustHold(t *testing.T, all []eventstore.Stored, acked []acknowledged, exactly bool) {
	t.Helper()
	ids := map[event.ID]bool{}
	revisions := map[event.StreamID]eventstore.Revision{}
	for i, e := range all {
		revisions[e.Stream]++
		if ids[e.ID] || e.Position != eventstore.Position(i+1) || e.Revision != revisions[e.Stream] || i > 0 && e.RecordedAt.Before(all[i-1].RecordedAt) {
			t.Fatalf("event %d of the ledger is %s, position %d, revision %d of its stream: twice, after a gap, or out of order", i+1, e.ID, e.Position, e.Revision)
		}
		ids[e.ID] = true
	}
	n := 0
	for _, a := range acked {
		first := int(a.last) - len(a.ids)
		n += len(a.ids)
		if first < 0 || int(a.last) > len(all) {
			t.Fatalf("an acknowledged append is lost: position %d of %d", a.last, len(all))
		}
		for i, id := range a.ids {
			if all[first+i].ID != id {
				t.Fatalf("position %d holds %s, acknowledged was %s", first+i+1, all[first+i].ID, id)
			}
		}
	}
	if exactly && n != len(all) {
		t.Errorf("the ledger holds %d events, %d were acknowledged", len(all), n)
	}
}

// victimEnv makes the test binary append to the ledger that it names, until it
// is killed.
const victimEnv = "CASELEDGER_TEST_PG_VICTIM"

// victim prints a line for every append that was acknowledged, after it was.
func victim(url string) {
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url, Clock: time.Now})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	run := int(time.Now().UnixNano())
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				batch := []eventstore.Event{{ID: event.ID{UUID: named(run, w, n, 0)}, Body: make([]byte, 700)}, {ID: event.ID{UUID: named(run, w, n, 1)}}}
				got, err := s.Append(context.Background(), event.Case(named(run, w, n)), 0, batch)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Printf("%d %d %d %d\n", got.Last, run, w, n) // one write: lines do not mix
			}
		}()
	}
	select {}
}

// A process that is killed in the middle of its work leaves every event that it
// acknowledged, no gap, no half batch, and nothing that holds up another.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	owner, role := ledgeredEmpty(t, server)
	beside := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	var acked []acknowledged
	for round, kill := range []int{1, 100, 700, 1500} {
		child := exec.CommandContext(t.Context(), self)
		child.Env = append(os.Environ(), victimEnv+"="+as(role, owner))
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1; lines.Scan(); n++ {
			var a acknowledged
			var run, w, i int
			if _, err := fmt.Sscan(lines.Text(), &a.last, &run, &w, &i); err != nil {
				break // the line that the kill cut off
			}
			a.ids = []event.ID{{UUID: named(run, w, i, 0)}, {UUID: named(run, w, i, 1)}}
			acked = append(acked, a)
			if n == kill {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		begun := time.Now()
		append1(t, beside, event.Case(named(3, round)), 0, 1000+round)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("round %d: an append beside a process that was killed took %v", round, took)
		}
	}
	all, err := ledger(t.Context(), beside)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, all, acked, false)
	t.Logf("%d acknowledged batches survived", len(acked))
}
