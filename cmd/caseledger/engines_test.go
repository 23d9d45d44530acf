//go:build postgres

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

// sameRandom is randomness that is the same in every record.
type sameRandom struct {
	mu sync.Mutex
	*rand.ChaCha8
}

func newSameRandom() *sameRandom { return &sameRandom{ChaCha8: rand.NewChaCha8([32]byte{4})} }

func (r *sameRandom) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ChaCha8.Read(b)
}

// memoryLedger is a ledger that nothing keeps.
type memoryLedger struct{ *memory.Store }

func (memoryLedger) Ready(context.Context) error { return nil }

// onEngine is a record with the three journeys in it.
type onEngine struct {
	name string
	*record
}

// enginesPlayed plays the journeys, as one, into a record on each engine, with
// the same clock and the same randomness, and judges them.
func enginesPlayed(t *testing.T) []onEngine {
	t.Helper()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	// The keystore that the migration made has keys of its own.
	s.sql(t, s.DSN("postgres"), "CREATE DATABASE samekeys OWNER caseledger")
	server := func(url string) place { return place{postgresServer, url} }
	cluster := kurrenttest.Start(t, kurrenttest.Options{})
	keys := s.DSN("samekeys")
	var all []onEngine
	for _, e := range []struct {
		name string
		at   places
	}{
		{"memory", places{}},
		{"SQLite", places{}},
		{"PostgreSQL", places{server(s.ledger), server(keys), server(s.views)}},
		{"KurrentDB's double", places{ledger: place{kurrentCluster, cluster.URL()}}},
	} {
		all = append(all, onEngine{e.name, playedOn(t, e.name == "memory", e.at)})
	}
	return all
}

// playedOn is [opening.open] and then [program.load], but for the ledger, which
// has randomness of its own.
func playedOn(t *testing.T, inMemory bool, at places) *record {
	t.Helper()
	var journals []*journal
	for _, name := range journeyNames {
		in, err := openJourney(name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = in.Close() }()
		journals = append(journals, readJournal(in))
	}
	next, begin := beginning(merged(journals...))
	clock := &handClock{at: begin}
	o := opening{dir: dataDir(filepath.Join(t.TempDir(), "data")), at: at, mode: writing, now: clock.now, random: newRandom()}
	r := &record{dir: o.dir, at: at, crowded: at.ledger.server != "", synthetic: true}
	t.Cleanup(func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	must(o.dir.prepare())
	var err error
	if r.store = (memoryLedger{memory.New(clock.now)}); !inMemory {
		r.store, err = o.openLedger(ctx)
		must(err)
	}
	left, err := r.openTraces(ctx)
	must(err)
	r.follows = &traced{Store: r.store, traces: left}
	o.random = newSameRandom()
	r.vault, err = o.openKeys(ctx)
	must(err)
	r.codec = codec.New(catalogue.Events, r.vault, newSameRandom())
	must(r.settle(ctx, o.now()))
	must(r.publish(ctx, o.now))
	player := r.player(clock, clock.now, everybody())
	sum, err := player.play(ctx, next, nil)
	must(err)
	if sum.Events < 100 {
		t.Fatalf("the journeys came to %d events", sum.Events)
	}
	_, err = r.judge(ctx, everybody(), clock.now, false, nil)
	must(err)
	must(r.buildViews(ctx))
	return r
}

// stored is what a store holds, whole and in order.
func (r *record) stored(t testing.TB) (all []eventstore.Stored) {
	t.Helper()
	for s, err := range r.store.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		s.Body = slices.Clone(s.Body)
		all = append(all, s)
	}
	return all
}

// TestEnginesHoldTheSame plays the journeys into every engine: positions, bytes,
// decoded events, findings, and every row of every read model of every side are
// the same, and each read model keeps what it promises when the engine's store
// feeds it: for two sets of them, or for all where CASELEDGER_TEST_ENGINE_FEEDS
// is set.
func TestEnginesHoldTheSame(t *testing.T) {
	t.Parallel()
	all := enginesPlayed(t)
	first := all[0]
	entries, told := first.stored(t), first.told(t)
	if len(told.rows) < 50 || told.rowCount < 500 || len(told.findings) < 27 || len(told.events) != len(entries) {
		t.Fatalf("there is little to compare: %d entries, %d decoded, %d read models with %d rows, %d findings",
			len(entries), len(told.events), len(told.rows), told.rowCount, len(told.findings))
	}
	for _, e := range all[1:] {
		compare(t, e.name+": entry", e.stored(t), entries)
		got := e.told(t)
		compare(t, e.name+": event", got.events, told.events)
		compare(t, e.name+": finding", got.findings, told.findings)
		compare(t, e.name+": read model", got.rows, told.rows)
	}
	t.Logf("%d entries, %d read models with %d rows, %d findings", len(entries), len(told.rows), told.rowCount, len(told.findings))
	feeding, sets := all[1:], []string{string(event.Probation), audit}
	if _, whole := os.LookupEnv("CASELEDGER_TEST_ENGINE_FEEDS"); whole {
		feeding, sets = all, viewNames
	}
	for _, e := range feeding {
		for _, name := range sets {
			t.Run(e.name+"/"+name, func(t *testing.T) { feeds(t, e, name) })
		}
	}
}

// tells is what a record tells its readers.
type tells struct {
	events   []event.Recorded
	findings []standingFinding
	rows     []string // the digest of each read model
	rowCount int
}

// compare names the first line in which two lists differ.
func compare[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: there are %d, want %d", what, len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s %d: got\n%+v\nwant\n%+v", what, i+1, got[i], want[i])
			return
		}
	}
}

func (r *record) told(t testing.TB) (all tells) {
	t.Helper()
	for _, s := range r.stored(t) {
		e, err := r.codec.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		all.events = append(all.events, e)
	}
	for one, err := range r.findings(t.Context(), event.UUID{}) {
		if err != nil {
			t.Fatal(err)
		}
		all.findings = append(all.findings, one)
	}
	sides, err := r.views(t.Context(), everybody(), viewOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sides.close() }()
	for _, s := range sides {
		for _, m := range s.runner.Models() {
			report, err := s.runner.Check(t.Context(), m.Name())
			if err != nil || report.Different != 0 || report.Serving != report.Built {
				t.Errorf("%s of %s is not what the ledger folds to: %d rows differ (%v)", m.Name(), s.name, report.Different, err)
			}
			all.rowCount += report.ServingRows
			all.rows = append(all.rows, fmt.Sprintf("%s of %s at %d: %d rows, %x", m.Name(), s.name, report.Position, report.ServingRows, report.Serving))
		}
	}
	return all
}

// history is an engine's store as one set of read models is fed from it.
type history struct {
	*source
	streams []event.StreamID
	events  map[event.StreamID][]event.Recorded
	bad     map[event.StreamID]bool
	last    event.Position
}

func newHistory(t testing.TB, r *record, name string) *history {
	t.Helper()
	keys := r.opener(name)
	h := &history{source: newSource(r.store, keys), events: map[event.StreamID][]event.Recorded{}, bad: map[event.StreamID]bool{}}
	reader := codec.NewReader(catalogue.Events, keys, codec.Options{})
	for s, err := range r.store.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if h.last = s.Position; !slices.Contains(h.streams, s.Stream) {
			h.streams = append(h.streams, s.Stream)
		}
		e, err := reader.Decode(t.Context(), s)
		if err != nil {
			h.bad[s.Stream] = true
		}
		h.events[s.Stream] = append(h.events[s.Stream], e)
	}
	return h
}

// Streams implements [projectiontest.History].
func (h *history) Streams() []event.StreamID { return h.streams }

// Events implements [projectiontest.History].
func (h *history) Events(of event.StreamID) ([]event.Recorded, bool) { return h.events[of], !h.bad[of] }

// Last implements [projectiontest.History].
func (h *history) Last() event.Position { return h.last }

var _ projectiontest.History = (*history)(nil)

// feeds checks what the read models of one set promise, fed from an engine.
func feeds(t *testing.T, e onEngine, name string) {
	store := projectiontest.OpenSQLite(t)
	if e.at.views.server != "" {
		var err error
		store, err = sqlstore.OpenPostgres(t.Context(), e.at.views.url, "feeds_"+schemaOf(name), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = store.Close() }()
	}
	models := modelsFor(viewer(name, everybody().register.Controller)).all()
	if err := projectiontest.Check(t, store, newHistory(t, e.record, name), models...); err != nil {
		t.Error(err)
	}
}
