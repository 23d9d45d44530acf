package kurrent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/kurrent"
	"caseledger/eventstore/kurrent/kurrenttest"
)

// silent makes what wants a logger, without one.
func silent[M, L, S any](from func(M, L) S, m M) S {
	var l L
	return from(m, l)
}

// Between the store and its server whatever can go wrong does. Appends end in
// time, with a true outcome, and five seconds after the network is well again
// they go on; nothing is lost or twice.
func TestPartition(t *testing.T) {
	t.Parallel()
	double := kurrenttest.Start(t, kurrenttest.Options{})
	proxy := toxiproxy.NewProxy(silent(toxiproxy.NewServer, toxiproxy.NewMetricsContainer(nil)), "server", "127.0.0.1:0", double.Addresses()[0])
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	s := open(t, kurrent.Options{URL: "esdb://" + proxy.Listen + "?tls=false", Timeout: time.Second, Watch: 100 * time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	told := make(chan struct{})
	var mu sync.Mutex
	acknowledged := map[event.ID]eventstore.Appended{}
	var writing sync.WaitGroup
	for w := range 4 {
		stream := event.Case(named("partition", fmt.Sprint(w)))
		writing.Go(func() {
			for at := eventstore.Revision(0); ctx.Err() == nil; {
				e := fact("partition", fmt.Sprint(w), fmt.Sprint(at))
				// What was begun is brought to its end, so that all is acknowledged.
				got, err := s.Append(context.WithoutCancel(ctx), stream, at, []eventstore.Event{e})
				for err != nil {
					if !errors.Is(err, eventstore.ErrUnknown) && !errors.Is(err, eventstore.ErrUnavailable) {
						t.Errorf("append: %v", err)
						return
					}
					got, err = s.Append(context.WithoutCancel(ctx), stream, at, []eventstore.Event{e})
				}
				mu.Lock()
				acknowledged[e.ID] = got
				mu.Unlock()
				at++
				select {
				case told <- struct{}{}:
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
	<-told
	for _, fault := range []struct{ name, toxic string }{
		{"slow", `{"type": "latency", "attributes": {"latency": 100, "jitter": 50}}`},
		{"in small pieces", `{"type": "slicer", "attributes": {"average_size": 64, "size_variation": 32, "delay": 100}}`},
		{"reset", `{"type": "reset_peer", "attributes": {"timeout": 30}}`},
		{"answers lost", `{"type": "timeout", "stream": "downstream"}`},
		{"questions lost", `{"type": "timeout", "stream": "upstream"}`},
		{"away", ""},
	} {
		if fault.toxic == "" {
			proxy.Stop()
		} else if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fault.toxic)); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Second)
		if fault.toxic == "" {
			if err := proxy.Start(); err != nil {
				t.Fatal(err)
			}
		}
		proxy.Toxics.ResetToxics(ctx)
		for range 8 {
			select {
			case <-told:
			case <-time.After(5 * time.Second):
				t.Fatalf("%s: appends do not go on within five seconds after the network is well", fault.name)
			}
		}
	}
	stop()
	writing.Wait()
	mustHold(t, s, acknowledged)
}
