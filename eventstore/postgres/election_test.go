//go:build postgres

package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
)

// replaced is how long a lost leader may take to be replaced.
const replaced = 5 * time.Second

// voters are the candidates of one election.
type voters struct {
	t       *testing.T
	name    string
	leading atomic.Int32 // leads whose context has not ended
	begun   chan *term
}

// term is one lead.
type term struct {
	of    string
	ctx   context.Context
	leave chan error // what it returns, before its context ends
	gone  chan struct{}
}

func newVoters(t *testing.T, name string) *voters {
	return &voters{t: t, name: name, begun: make(chan *term, 64)}
}

// run starts a candidate, and returns what ends it and waits for that.
func (v *voters) run(of, url string) (end func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var told []bool
	done.Go(func() {
		if err := Elect(ctx, ElectOptions{URL: url, Name: v.name, Log: slog.New(slog.DiscardHandler),
			Changed: func(leads bool) { told = append(told, leads) }}, func(ctx context.Context) error { return v.lead(ctx, of) }); err != nil {
			v.t.Errorf("%s: %v", of, err)
		}
	})
	end = sync.OnceFunc(func() {
		cancel()
		done.Wait()
		for i, leads := range told {
			if leads != (i%2 == 0) {
				v.t.Errorf("%s was told %v", of, told)
			}
		}
		if len(told)%2 != 0 {
			v.t.Errorf("%s still leads: %v", of, told)
		}
	})
	v.t.Cleanup(end)
	return end
}

func (v *voters) lead(ctx context.Context, of string) error {
	if v.leading.Add(1) > 1 {
		v.t.Error("two lead at once")
	}
	term := &term{of, ctx, make(chan error), make(chan struct{})}
	defer close(term.gone)
	v.begun <- term
	select {
	case err := <-term.leave:
		v.leading.Add(-1)
		return err
	case <-ctx.Done():
		v.leading.Add(-1)
		return ctx.Err()
	}
}

// next returns the next lead, which must begin in time.
func (v *voters) next() *term {
	v.t.Helper()
	select {
	case term := <-v.begun:
		return term
	case <-time.After(replaced):
		v.t.Fatal("nobody leads")
		return nil
	}
}

// lost waits for the end of a lead whose session was lost.
func (v *voters) lost(term *term, within time.Duration) {
	v.t.Helper()
	select {
	case <-term.ctx.Done():
		if cause := context.Cause(term.ctx); !errors.Is(cause, ErrLeadLost) {
			v.t.Errorf("it ended because %v, want ErrLeadLost", cause)
		}
	case <-time.After(within):
		v.t.Fatalf("%s leads on", term.of)
	}
}

// terminate ends the sessions that hold an election's lock.
func terminate(t *testing.T, url, name string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	key := uint64(electionKey(name))
	done, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND classid::bigint = $1 AND objid::bigint = $2`, int64(key>>32), int64(key&0xffffffff))
	if err != nil || done.RowsAffected() != 1 {
		t.Fatalf("%d sessions hold the lock, %v", done.RowsAffected(), err)
	}
}

func TestOneLeadsAndIsReplacedWhenItsSessionEnds(t *testing.T) {
	t.Parallel()
	v, url := newVoters(t, t.Name()), pgtest.Shared(t).DSN("postgres")
	for _, of := range []string{"a", "b", "c"} {
		v.run(of, url)
	}
	newVoters(t, "another").run("of another name", url)
	for range 3 {
		leader := v.next()
		terminate(t, url, v.name)
		v.lost(leader, replaced)
	}
	v.next()
}

func TestALeaderLeavesInOrder(t *testing.T) {
	t.Parallel()
	v, url := newVoters(t, t.Name()), pgtest.Shared(t).DSN("postgres")
	end := v.run("a", url)
	first := v.next()
	v.run("b", url)
	end()
	select {
	case <-first.gone:
	default:
		t.Error("Elect returned before its lead")
	}
	second := v.next()
	if second.of != "b" {
		t.Errorf("%s leads", second.of)
	}
}

func TestTheLockIsALeadersUntilItHasReturned(t *testing.T) {
	t.Parallel()
	v, url := newVoters(t, t.Name()), pgtest.Shared(t).DSN("postgres")
	ctx, cancel := context.WithCancel(t.Context())
	stopping, finish, returned := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		returned <- Elect(ctx, ElectOptions{URL: url, Name: v.name, Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context) error {
			v.leading.Add(1)
			v.begun <- &term{of: "slow"}
			<-ctx.Done()
			close(stopping)
			<-finish
			v.leading.Add(-1)
			return nil
		})
	}()
	v.next()
	v.run("b", url)
	cancel()
	<-stopping
	select {
	case next := <-v.begun:
		t.Errorf("%s leads while the one before stops", next.of)
	case <-time.After(electionIdle + electionBeat): // longer than the server waits for a sign of life
	}
	close(finish)
	if err := <-returned; err != nil {
		t.Error(err)
	}
	v.next()
}

func TestAServerThatRestartsIsLedAgain(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	v := newVoters(t, t.Name())
	for _, of := range []string{"a", "b"} {
		v.run(of, server.DSN("postgres"))
	}
	for _, end := range []func(){server.Kill, server.Stop} {
		leader := v.next()
		end()
		v.lost(leader, replaced)
		server.Restart(t)
	}
	v.next()
}

// Whoever falls silent has stopped before the server lets go of its lock.
func TestASilentLeaderHasStoppedWhenAnotherLeads(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{TCP: true})
	for range 2 {
		v := newVoters(t, t.Name())
		url, fallSilent := server.Silenced(t)
		end := v.run("silent", url)
		leader := v.next()
		other := v.run("other", server.DSN("postgres"))
		begun := time.Now()
		fallSilent()
		v.lost(leader, electionPatience+electionBeat/2)
		stopped := time.Since(begun)
		if next := v.next(); next.of != "other" {
			t.Errorf("%s leads", next.of)
		}
		t.Logf("stopped after %v, replaced after %v", stopped, time.Since(begun))
		if took := time.Since(begun); took > replaced {
			t.Errorf("replaced after %v", took)
		}
		end()
		other()
	}
}

// A standby gives its locks to anybody who asks, so nobody is elected there
// until it is promoted.
func TestNobodyIsElectedOnAStandby(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	standby := server.Standby(t)
	v := newVoters(t, t.Name())
	v.run("on the standby", standby.DSN("postgres"))
	select {
	case <-v.begun:
		t.Error("it leads")
	case <-time.After(electionBeat + electionGrace):
	}
	standby.Promote(t)
	v.next()
}

func TestALeadThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	v, url := newVoters(t, t.Name()), pgtest.Shared(t).DSN("postgres")
	v.run("a", url)
	v.next().leave <- errors.New("it failed")
	again := v.next()
	v.run("b", url)
	again.leave <- nil
	if next := v.next(); next.of != "b" {
		t.Errorf("%s leads at once again, before others may", next.of)
	}
}

func TestElectionsAreHeldSomewhere(t *testing.T) {
	t.Parallel()
	lead := func(context.Context) error { t.Error("it leads"); return nil }
	for _, url := range []string{"", "swordfish", "postgres://u:swordfish@h:port/d"} {
		err := Elect(t.Context(), ElectOptions{URL: url, Name: "x", Log: slog.New(slog.DiscardHandler)}, lead)
		if err != pgsql.ErrConnectionString {
			t.Errorf("got %v, want ErrConnectionString", err)
		}
	}
	// A server that is not there is tried for until the context ends.
	var log strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	err := Elect(ctx, ElectOptions{URL: "postgres://stranger:swordfish@127.0.0.1:1/d", Name: "x", Log: slog.New(slog.NewTextHandler(&log, nil)),
		After: func(time.Duration) <-chan time.Time {
			if tries++; tries == 4 {
				cancel()
			}
			return time.After(0)
		}}, lead)
	if err != nil {
		t.Errorf("got %v, want none: it was told to end", err)
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || strings.Contains(said, "swordfish") || strings.Contains(said, "stranger") ||
		!strings.Contains(said, pgsql.ErrUnreachable.Error()) {
		t.Errorf("logged: %s", said)
	}
}
