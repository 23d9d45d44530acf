package relay_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/relay"
	"caseledger/eventstore/sqlite"
)

// onDisk moves a world to files: the ledger, and the relay's keep.
func (w *world) onDisk() {
	w.Helper()
	file, err := sqlite.Open(w.Context(), sqlite.Options{Path: filepath.Join(w.TempDir(), "ledger.db"), Clock: time.Now})
	if err != nil {
		w.Fatal(err)
	}
	k, err := keep.OpenRelaySQLite(w.Context(), filepath.Join(w.TempDir(), "relay.db"))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _, _ = k.Close(), file.Close() })
	w.store, w.keep = file, k
}

// many records n notices, five at a time, of many people in turn; it returns how
// many that are.
func (w *world) many(n int) (recorded uint64) {
	w.Helper()
	for who := 0; recorded < uint64(n); who = (who + 1) % 1000 {
		stream := event.Case(personID(who))
		batch := w.seal(stream, nurse(), w.notice(), w.notice(), w.notice(), w.notice(), w.notice())
		if w.revision[stream] > 0 {
			batch = batch[len(batch)-5:]
		}
		w.append(stream, batch)
		recorded += 5
	}
	return recorded
}

// BenchmarkPublishNATS publishes a ledger in a file, of real boxes, through
// Watermill to a real NATS JetStream server in this process. The plain loop
// beside it publishes messages of the same size with nats.go, as many under way
// at a time, and knows neither a ledger, nor an order of people, nor a
// checkpoint.
func BenchmarkPublishNATS(b *testing.B) {
	b.Run("relay", func(b *testing.B) {
		s := startNATS(b, server.Options{})
		w := newWorld(b)
		w.onDisk()
		n := w.many(b.N)
		d := destination("bus", s.open())
		d.Lanes = 512
		c := w.config(d)
		c.SaveEvery = 0 // as by default
		r, err := relay.New(c)
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(b.Context())
		defer stop()
		ended := make(chan error, 1)
		b.ResetTimer()
		began := time.Now()
		go func() { ended <- r.Run(ctx) }()
		for done := false; !done; {
			<-time.After(10 * time.Millisecond)
			all, err := r.Status(b.Context())
			done = err == nil && all[0].Published >= n
		}
		b.ReportMetric(float64(n)/time.Since(began).Seconds(), "events/s")
		b.StopTimer()
		stop()
		<-ended
	})
	b.Run("plain", func(b *testing.B) {
		s := startNATS(b, server.Options{})
		conn, err := nats.Connect(s.url())
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(256))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "PLAIN", Subjects: []string{"plain"}, Storage: jetstream.FileStorage}); err != nil {
			b.Fatal(err)
		}
		content := make([]byte, 330)
		b.ResetTimer()
		began := time.Now()
		for n := range b.N {
			if _, err := js.PublishAsync("plain", content, jetstream.WithMsgID(fmt.Sprint(n)), jetstream.WithStallWait(time.Minute)); err != nil {
				b.Fatal(err)
			}
		}
		<-js.PublishAsyncComplete()
		b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "events/s")
	})
}

// BenchmarkLag records 100 events a second in a file and measures how long after
// the append a consumer of the NATS stream has each.
func BenchmarkLag(b *testing.B) {
	s := startNATS(b, server.Options{})
	w := newWorld(b)
	w.onDisk()
	w.many(500)
	d := destination("bus", s.open())
	d.Lanes = 512
	c := w.config(d)
	c.SaveEvery = 0 // as by default
	r, _ := start(b, c)
	until(b, "what was there", func() bool { return w.through(r) })
	conn, err := nats.Connect(s.url())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var mu sync.Mutex
	appended := map[string]time.Time{}
	var lags []time.Duration
	arrived := make(chan struct{}, 1)
	if _, err := conn.Subscribe("caseledger.>", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		if at, ok := appended[m.Header.Get(jetstream.MsgIDHeader)]; ok {
			lags = append(lags, time.Since(at))
		}
		select {
		case arrived <- struct{}{}:
		default:
		}
	}); err != nil {
		b.Fatal(err)
	}
	if err := conn.Flush(); err != nil {
		b.Fatal(err)
	}
	stream := event.Case(personID(0))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	b.ResetTimer()
	for range b.N {
		<-tick.C
		batch := w.seal(stream, nurse(), w.notice())
		batch = batch[len(batch)-1:]
		mu.Lock()
		appended[batch[0].ID.String()] = time.Now() // before it is durable
		mu.Unlock()
		w.append(stream, batch)
	}
	limit := time.After(10 * time.Second)
	for done := false; !done; {
		mu.Lock()
		done = len(lags) == b.N
		mu.Unlock()
		if !done {
			select {
			case <-arrived:
			case <-limit:
				b.Fatalf("%d of %d arrived", len(lags), b.N)
			}
		}
	}
	slices.Sort(lags)
	b.ReportMetric(float64(lags[len(lags)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(lags[len(lags)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(lags[len(lags)-1].Microseconds())/1000, "ms-max")
}
