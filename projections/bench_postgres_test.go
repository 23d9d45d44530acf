//go:build postgres

package projections_test

import (
	"context"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// decoded is a source over events that are in memory already.
type decoded struct {
	tape
	events []event.Recorded
}

func (s decoded) ReadAll(_ context.Context, after event.Position, _ []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for _, e := range s.events[after:] {
			if !yield(projections.Item{Recorded: e}, nil) {
				return
			}
		}
	}
}

// BenchmarkPostgres keeps one read model of 240,000 people on a durable server,
// each way once in a round, and reports medians: -benchtime 5x for five rounds. A rebuild begins with nothing;
// what follows begins with a row for each person, so that each event changes one. The plain alternatives are
// an upsert and the checkpoint in a transaction for each event, and 1,000
// upserts pipelined with the checkpoint in one transaction, both with the
// driver's own interface and statements prepared once.
//
// "memory" has the events decoded in memory, "end-to-end" decodes them from
// bytes. The goals: in memory catch-up 15 times as fast as each and 1.5 times
// as fast as pipelined, a rebuild 5 times as fast as pipelined; end to end a
// rebuild 20 to 40 times and catch-up 8 to 15 times as fast as each.
func BenchmarkPostgres(b *testing.B) {
	const people, many, some, few = 240_000, 1_000_000, 200_000, 4_000
	// A million events lie in memory for the benchmark's sake: what looking
	// through them costs is nobody's.
	defer debug.SetGCPercent(debug.SetGCPercent(800))
	server := pgtest.Start(b, pgtest.Options{Durable: true, Config: []string{"max_wal_size=4GB"}})
	dsn := server.Database(b)
	for _, from := range []string{"memory", "end-to-end"} {
		b.Run(from, func(b *testing.B) {
			bodies := payloads(many, people)
			source := func(n int) benchSource { return tape{n, people, bodies[:n]} }
			if from == "memory" {
				events := make([]event.Recorded, many)
				for i, body := range bodies {
					var err error
					if events[i], err = decode(i, body); err != nil {
						b.Fatal(err)
					}
				}
				source = func(n int) benchSource { return decoded{events: events[:n]} }
			}
			ways := []*struct {
				name        string
				from, after int // the first event measured, and the one after the last
				run         func(*testing.B, string, benchSource, int) time.Duration
				took        []time.Duration
			}{
				{name: "each", from: people, after: people + few, run: upserting(1)},
				{name: "pipelined", from: people, after: people + some, run: upserting(1000)},
				{name: "catch-up", from: people, after: people + some, run: folding},
				{name: "rebuild", after: many, run: folding},
			}
			for b.Loop() {
				for _, w := range ways {
					w.took = append(w.took, w.run(b, dsn, source(w.after), w.from))
				}
			}
			rates := map[string]float64{}
			for _, w := range ways {
				slices.Sort(w.took)
				rates[w.name] = float64(w.after-w.from) / w.took[len(w.took)/2].Seconds()
				b.ReportMetric(rates[w.name], w.name+"/s")
			}
			for _, ours := range []string{"catch-up", "rebuild"} {
				for _, plain := range []string{"each", "pipelined"} {
					b.ReportMetric(rates[ours]/rates[plain], ours+":"+plain)
				}
			}
		})
	}
}

var benchSchemas atomic.Int64

func benchSchema() string { return fmt.Sprintf("b%d", benchSchemas.Add(1)) }

type benchSource interface {
	projections.Source
	// first is the source as it was when it had n events.
	first(n int) projections.Source
}

func (s tape) first(n int) projections.Source { s.n = n; return s }

func (s decoded) first(n int) projections.Source { s.events = s.events[:n]; return s }

// folding is the engine: from 0 it builds a table, from elsewhere it follows.
func folding(b *testing.B, dsn string, s benchSource, from int) time.Duration {
	b.Helper()
	store, err := sqlstore.OpenPostgres(b.Context(), dsn, benchSchema(), sqlstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if from > 0 {
		if err := runner(store, s.first(from), cases.Projection).CatchUp(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	began := time.Now()
	if err := runner(store, s, cases.Projection).CatchUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// upserting is the plain alternative, with size events in a transaction.
func upserting(size int) func(*testing.B, string, benchSource, int) time.Duration {
	return func(b *testing.B, dsn string, s benchSource, from int) time.Duration {
		b.Helper()
		ctx := b.Context()
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		schema := benchSchema()
		for _, statement := range []string{
			"CREATE SCHEMA " + schema, "SET search_path = " + schema,
			`CREATE TABLE cases (stream text COLLATE "C" NOT NULL PRIMARY KEY, stage text NOT NULL, name text NOT NULL, since text NOT NULL,
				seen_at bigint NOT NULL, events bigint NOT NULL, last bigint NOT NULL)`,
			"CREATE TABLE checkpoint (name text PRIMARY KEY, position bigint NOT NULL)",
			"INSERT INTO checkpoint VALUES ('cases', 0)",
		} {
			if _, err := conn.Exec(ctx, statement); err != nil {
				b.Fatal(err)
			}
		}
		var rows [][]any
		for item := range s.first(from).ReadAll(ctx, 0, nil) {
			d := item.Data.(joined)
			rows = append(rows, []any{item.Stream.String(), string(d.Stage), d.Name.Value(), d.On.String(), item.RecordedAt.UnixMicro(), 1, int64(item.Position)})
		}
		slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
		columns := []string{"stream", "stage", "name", "since", "seen_at", "events", "last"}
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{"cases"}, columns, pgx.CopyFromRows(rows)); err != nil {
			b.Fatal(err)
		}
		for name, text := range map[string]string{
			"upsert": `INSERT INTO cases (stream, stage, name, since, seen_at, events, last) VALUES ($1, $2, $3, $4, $5, 1, $6)
				ON CONFLICT (stream) DO UPDATE SET stage = excluded.stage, name = excluded.name, since = excluded.since,
				seen_at = excluded.seen_at, events = cases.events + 1, last = excluded.last`,
			"move": "UPDATE checkpoint SET position = $1 WHERE name = 'cases' AND position < $1",
		} {
			if _, err := conn.Prepare(ctx, name, text); err != nil {
				b.Fatal(err)
			}
		}
		began := time.Now()
		batch := &pgx.Batch{}
		commit := func(at event.Position) {
			batch.Queue("move", int64(at))
			err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return tx.SendBatch(ctx, batch).Close() })
			if err != nil {
				b.Fatal(err)
			}
			batch = &pgx.Batch{}
		}
		last := event.Position(0)
		for item, err := range s.ReadAll(ctx, event.Position(from), nil) {
			if err != nil {
				b.Fatal(err)
			}
			d := item.Data.(joined)
			batch.Queue("upsert", item.Stream.String(), string(d.Stage), d.Name.Value(), d.On.String(), item.RecordedAt.UnixMicro(), int64(item.Position))
			if last = item.Position; batch.Len() == size {
				commit(last)
			}
		}
		if batch.Len() > 0 {
			commit(last)
		}
		return time.Since(began)
	}
}
