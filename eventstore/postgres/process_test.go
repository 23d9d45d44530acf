//go:build postgres

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// woken waits for a store to tell of a head beyond a position.
func woken(t *testing.T, s *postgres.Store, after eventstore.Position) <-chan time.Duration {
	told := make(chan time.Duration, 1)
	begun := time.Now()
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if head, err := s.Wait(ctx, after); err != nil || head <= after {
			t.Errorf("wait after %d: got %d and error %v", after, head, err)
		}
		told <- time.Since(begun)
	}()
	return told
}

// What one process appends, another sees and is told of; and who is alone tells
// nobody.
func TestOtherProcesses(t *testing.T) {
	t.Parallel()
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	listener, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(context.Background())
	if _, err := listener.Exec(t.Context(), "LISTEN caseledger"); err != nil {
		t.Fatal(err)
	}
	one := open(t, o)
	mustBecome(t, "alone", one.Alone)
	for i := range 5 {
		append1(t, one, event.Policy, eventstore.Revision(i), i)
	}
	o.ReadOnly, o.Clock = true, nil
	reader := open(t, o)
	o.ReadOnly, o.Clock = false, time.Now
	other := open(t, o)
	mustBecome(t, "one of three", func() bool { return !one.Alone() && !other.Alone() })
	head := eventstore.Position(5)
	var slowest time.Duration
	for i := range 20 {
		writer, waiter := one, other
		if i%2 == 1 {
			writer, waiter = other, one
		}
		if i%3 == 0 {
			waiter = reader
		}
		told := woken(t, waiter, head)
		append1(t, writer, event.Policy, eventstore.Revision(head), int(head))
		head++
		slowest = max(slowest, <-told)
		if got, err := waiter.Head(t.Context()); got != head || err != nil {
			t.Errorf("head in another process: got %d and error %v, want %d", got, err, head)
		}
		if all, err := ledger(t.Context(), waiter); len(all) != int(head) || err != nil {
			t.Errorf("another process reads %d events and error %v, want %d", len(all), err, head)
		}
	}
	if slowest > time.Second {
		t.Errorf("another process was told after %v, want far less than the second in which it looks for itself", slowest)
	}
	_, err = reader.Append(t.Context(), event.Policy, eventstore.Revision(head), []eventstore.Event{{ID: event.ID{UUID: named(99)}}})
	if !errors.Is(err, postgres.ErrReadOnly) {
		t.Errorf("append to a store opened for reading: got error %v, want ErrReadOnly", err)
	}
	if err := reader.Ingest(t.Context(), yielding(nil, nil)); !errors.Is(err, postgres.ErrReadOnly) {
		t.Errorf("ingest into a store opened for reading: got error %v, want ErrReadOnly", err)
	}
	told := 0
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := listener.WaitForNotification(ctx)
		cancel()
		if err != nil {
			break
		}
		told++
	}
	if told != 20 {
		t.Errorf("%d notifications, want one for each of the 20 appends beside others and none for the 5 alone", told)
	}
	mustClose(t, other)
	mustClose(t, reader)
	mustBecome(t, "alone again", one.Alone)
}

func mustBecome(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !is() {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the store does not find that it is %s", what)
		}
	}
}

// Two hundred callers in two processes at one stream: one winner each time.
func TestCrowd(t *testing.T) {
	t.Parallel()
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	stores := []*postgres.Store{open(t, o), open(t, o)}
	const rounds, callers = 10, 200
	for round := range eventstore.Revision(rounds) {
		var all sync.WaitGroup
		won := make([]bool, callers)
		for i := range callers {
			all.Go(func() {
				id := event.ID{UUID: named(4, int(round), i)}
				switch _, err := stores[i%2].Append(t.Context(), event.Policy, round, []eventstore.Event{{ID: id}}); {
				case err == nil:
					won[i] = true
				case !errors.Is(err, eventstore.ErrConflict):
					t.Errorf("append: got error %v, want a conflict", err)
				}
			})
		}
		all.Wait()
		winner := slices.Index(won, true)
		if winner < 0 || slices.Contains(won[winner+1:], true) {
			t.Fatalf("round %d: not exactly one winner", round)
		}
	}
	if head, err := stores[0].Head(t.Context()); head != rounds || err != nil {
		t.Errorf("head: got %d and error %v, want %d: a conflict makes no gap", head, err, rounds)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	holder, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(context.Background())
	if _, err := holder.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT FROM caseledger.head FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ready while somebody holds the head row: got error %v, want the context's", err)
	}
	// The append gives up before the caller does, and nothing is recorded.
	_, err = s.Append(t.Context(), event.Policy, 0, []eventstore.Event{{ID: event.ID{UUID: named(1)}}})
	if !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknown) {
		t.Errorf("append while somebody holds the head row: got error %v, want unavailable", err)
	}
	if _, err := holder.Exec(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	append1(t, s, event.Policy, 0, 1)
	if err := s.Ready(t.Context()); err != nil {
		t.Errorf("ready afterwards: %v", err)
	}
	mustClose(t, s)
	if err := s.Ready(t.Context()); !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("ready when closed: got error %v, want closed", err)
	}
}

// A server that was demoted refuses writes. That is told as such, and no
// connection stays with it.
func TestDemoted(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	owner, role := ledgeredEmpty(t, server)
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	append1(t, s, event.Policy, 0, 0)
	execute(t, owner, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	refused := func() bool {
		_, err := s.Append(t.Context(), event.Policy, 1, []eventstore.Event{{ID: event.ID{UUID: named(2, 1)}}})
		return errors.Is(err, eventstore.ErrUnavailable) && errors.Is(err, postgres.ErrReadOnlyServer)
	}
	mustBecome(t, "refused", refused)
	if err := s.Ready(t.Context()); !errors.Is(err, eventstore.ErrUnavailable) || !errors.Is(err, postgres.ErrReadOnlyServer) {
		t.Errorf("ready: got error %v, want a read-only server", err)
	}
	mustBecome(t, "gone", func() bool { return sessions(t, owner, role) == 0 })
	execute(t, owner, "SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	mustBecome(t, "back", func() bool {
		_, err := s.Append(t.Context(), event.Policy, 1, []eventstore.Event{{ID: event.ID{UUID: named(2, 1)}}})
		return err == nil
	})
}

func sessions(t *testing.T, owner, role string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// A standby that is promoted takes over: what the primary acknowledged with its
// consent is there, and appends go on within ten seconds.
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := pgtest.Start(t, pgtest.Options{TCP: true, Durable: true})
	owner, role := ledgeredEmpty(t, primary)
	folder := filepath.Join(primary.Folder(), "standby")
	socket, port := connection(owner)
	primary.Run(t, "pg_basebackup", "-h", socket, "-p", port, "-U", "postgres", "-D", folder, "-R", "-X", "stream", "--checkpoint=fast")
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	standby := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	control := func(args ...string) {
		primary.Run(t, "pg_ctl", append([]string{"-D", folder, "-w", "-l", folder + ".log"}, args...)...)
	}
	control("start", "-o", fmt.Sprintf("-p %d -c max_connections=200 -c listen_addresses=127.0.0.1 -c unix_socket_directories=%s", standby, folder))
	t.Cleanup(func() { control("stop", "-m", "immediate") })
	execute(t, owner, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")

	_, port, _ = strings.Cut(primary.Address(), ":")
	url := fmt.Sprintf("host=127.0.0.1,127.0.0.1 port=%d,%s user=%s dbname=%s sslmode=disable", standby, port, role, database(owner))
	s := open(t, postgres.Options{URL: url, Clock: time.Now})
	reader := open(t, postgres.Options{URL: strings.Replace(url, ","+port, "", 1), ReadOnly: true})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	told := make(chan struct{})
	var writers []*insistent
	var writing sync.WaitGroup
	for i := range 8 {
		w := &insistent{number: i, store: s}
		writers = append(writers, w)
		writing.Go(func() { w.run(t, ctx, told) })
	}
	for range 200 {
		<-told
	}
	if head, err := reader.Wait(t.Context(), 100); err != nil {
		t.Errorf("waiting on a standby: got %d and error %v", head, err)
	}
	primary.Kill()
	control("promote")
	execute(t, fmt.Sprintf("host=127.0.0.1 port=%d user=postgres dbname=postgres sslmode=disable", standby),
		"ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")
	promoted := time.Now()
	for range 16 {
		select {
		case <-told:
		case <-time.After(10 * time.Second):
			t.Fatal("appends do not go on within ten seconds after the promotion")
		}
	}
	t.Logf("appends were back after %v", time.Since(promoted))
	stop()
	writing.Wait()
	all, err := ledger(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	var acked []acknowledged
	for _, w := range writers {
		acked = append(acked, w.acked...)
	}
	mustHold(t, all, acked, true)
}

// connection is the socket and the port of a connection string of pgtest.
func connection(url string) (socket, port string) {
	for field := range strings.FieldsSeq(url) {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "host":
			socket = value
		case "port":
			port = value
		}
	}
	return socket, port
}

// Close answers every append that was accepted, and truly.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	s := open(t, o)
	const writers = 32
	outcomes := make(chan error, writers)
	began := make(chan struct{}, writers)
	for w := range writers {
		go func() {
			began <- struct{}{}
			_, err := s.Append(context.Background(), event.Case(named(1, w)), 0, []eventstore.Event{{ID: event.ID{UUID: named(2, w)}}})
			outcomes <- err
		}()
	}
	for range writers / 2 {
		<-began
	}
	mustClose(t, s)
	recorded := 0
	for range writers {
		switch err := <-outcomes; {
		case err == nil:
			recorded++
		case !errors.Is(err, eventstore.ErrClosed):
			t.Errorf("append while closing: got error %v", err)
		}
	}
	all, err := ledger(t.Context(), open(t, o))
	if len(all) != recorded || err != nil {
		t.Errorf("%d events are recorded (error %v), %d were acknowledged", len(all), err, recorded)
	}
}

// A ledger whose head row is gone takes nothing, and says so.
func TestNoHeadRow(t *testing.T) {
	t.Parallel()
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	s := open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})
	append1(t, s, event.Policy, 0, 0)
	execute(t, owner, "DELETE FROM caseledger.head")
	_, err := s.Append(t.Context(), event.Policy, 1, []eventstore.Event{{ID: event.ID{UUID: named(1)}}})
	if !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknown) || !errors.Is(err, postgres.ErrDamaged) {
		t.Errorf("append: got error %v, want unavailable and damaged", err)
	}
	if all, err := ledger(t.Context(), s); len(all) != 1 || err != nil {
		t.Errorf("read %d events and error %v, want 1", len(all), err)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("ready without a head row")
	}
}
