//go:build postgres

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// silent makes what wants a logger, without one.
func silent[M, L, S any](from func(M, L) S, m M) S {
	var l L
	return from(m, l)
}

// proxied starts a proxy before a server.
func proxied(t *testing.T, server *pgtest.Server) *toxiproxy.Proxy {
	t.Helper()
	p := toxiproxy.NewProxy(silent(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)), "server", "127.0.0.1:0", server.Address())
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// through is a connection string by way of an address.
func through(address, role, database string) string {
	host, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", host, port, role, database)
}

// Between the store and its server whatever can go wrong does. Appends and
// reads end in time, with a true outcome; the queue stays short; and five
// seconds after the network is well again everything is.
func TestPartition(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{TCP: true})
	owner, role := ledgeredEmpty(t, server)
	proxy := proxied(t, server)
	s := open(t, postgres.Options{URL: through(proxy.Listen, role, database(owner)), Clock: time.Now})
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
	<-told
	baseline := runtime.NumGoroutine()
	for _, fault := range []struct {
		name, toxic string
		lasting     time.Duration
	}{
		{"slow", `{"type": "latency", "attributes": {"latency": 150, "jitter": 50}}`, time.Second},
		{"in small pieces", `{"type": "slicer", "attributes": {"average_size": 64, "size_variation": 32, "delay": 100}}`, time.Second},
		{"reset", `{"type": "reset_peer", "attributes": {"timeout": 30}}`, time.Second},
		{"answers lost", `{"type": "timeout", "stream": "downstream"}`, 3 * time.Second},
		{"questions lost", `{"type": "timeout", "stream": "upstream"}`, 3 * time.Second},
		{"away", "", time.Second},
	} {
		if fault.toxic == "" {
			proxy.Stop()
		} else if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fault.toxic)); err != nil {
			t.Fatal(err)
		}
		<-time.After(fault.lasting)
		if fault.toxic == "" {
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}
		proxy.Toxics.ResetToxics(ctx)
		healed := time.Now()
		for range 8 {
			select {
			case <-told:
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: appends do not go on within five seconds after the network is well", fault.name)
			}
		}
		reading, cancel := context.WithTimeout(ctx, 5*time.Second)
		if err := s.Ready(reading); err != nil {
			t.Errorf("%s: not ready afterwards: %v", fault.name, err)
		}
		cancel()
		t.Logf("%s: appends were back after %v", fault.name, time.Since(healed))
	}
	stop()
	writing.Wait()
	// Connections that were given up are taken leave of in the background.
	deadline := time.After(20 * time.Second)
	for runtime.NumGoroutine() > baseline+8 {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("%d goroutines are left, there were %d", runtime.NumGoroutine(), baseline)
		}
	}
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

// While the server cannot be heard, more appends than the queue holds are
// turned away at once, and the others in a bounded time.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{TCP: true})
	owner, role := ledgeredEmpty(t, server)
	proxy := proxied(t, server)
	s := open(t, postgres.Options{URL: through(proxy.Listen, role, database(owner)), Clock: time.Now})
	append1(t, s, event.Policy, 0, 1)
	if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"type": "timeout"}`)); err != nil {
		t.Fatal(err)
	}
	const callers = 8192 + 1000
	outcomes := make(chan error, callers)
	begun := time.Now()
	for i := range callers {
		go func() {
			_, err := s.Append(context.Background(), event.Case(named(5, i)), 0, []eventstore.Event{{ID: event.ID{UUID: named(6, i)}}})
			outcomes <- err
		}()
	}
	for range 900 {
		if err := <-outcomes; !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknown) {
			t.Fatalf("an append beyond the queue: got error %v, want unavailable", err)
		}
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("appends beyond the queue were turned away after %v, want at once", took)
	}
	leaving, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, err := range s.ReadAll(leaving, 0) {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a read meanwhile: got error %v, want the context's", err)
		}
	}
	// The append under way is given up in seven seconds, and the server is then
	// looked for once for all who wait.
	for range callers - 900 {
		if err := <-outcomes; !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, eventstore.ErrUnknown) {
			t.Errorf("append: got error %v, want unavailable or unknown", err)
		}
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("the queue was answered after %v, want 7 seconds and 5 for a connection", took)
	}
	proxy.Toxics.ResetToxics(t.Context())
	append1(t, s, event.Policy, 1, 2)
}
