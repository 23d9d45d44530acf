//go:build postgres

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// BenchmarkProjectPostgres folds a ledger's sealed bytes into the caseload on a
// durable server: building it, and following from a table that serves. The
// plain alternative decodes and opens each event in the same way and writes its
// row and the checkpoint in a transaction of its own. The aims are 20 times
// the events a second for building, 8 for following; -benchtime 5x for a median
// of five rounds.
func BenchmarkProjectPostgres(b *testing.B) {
	const people, few = 400, 2000
	dir := dataDir(filepath.Join(b.TempDir(), "data"))
	fillLedger(b, dir, people)
	r, err := opening{dir: dir, mode: reading, now: time.Now, random: rand.Reader}.open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.close() }()
	head, err := r.head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	dsn := pgtest.Start(b, pgtest.Options{Durable: true}).DSN("postgres")
	ledger := newSource(r.store, r.opener(string(event.NHS)))
	var plain, building, following []time.Duration
	timed := func(times *[]time.Duration, work func() (time.Duration, error)) {
		took, err := work()
		if err != nil {
			b.Fatal(err)
		}
		*times = append(*times, took)
	}
	for round := 0; b.Loop(); round++ {
		timed(&plain, func() (time.Duration, error) {
			return projectPlainly(b.Context(), r, dsn, fmt.Sprintf("plain%d", round), few)
		})
		timed(&building, func() (time.Duration, error) {
			return projectCaseload(b.Context(), ledger, dsn, fmt.Sprintf("built%d", round), false)
		})
		timed(&following, func() (time.Duration, error) {
			return projectCaseload(b.Context(), ledger, dsn, fmt.Sprintf("followed%d", round), true)
		})
	}
	each := few / median(plain).Seconds()
	b.ReportMetric(each, "plain/s")
	for name, times := range map[string][]time.Duration{"build": building, "follow": following} {
		rate := float64(head) / median(times).Seconds()
		b.ReportMetric(rate, name+"/s")
		b.ReportMetric(rate/each, name+":plain")
	}
}

// nothing is a ledger without entries.
type nothing struct{ projections.Source }

func (nothing) ReadAll(context.Context, event.Position, []string) iter.Seq2[projections.Item, error] {
	return func(func(projections.Item, error) bool) {}
}

// projectCaseload folds the ledger into the caseload of the NHS; serves says
// that its table is there already, empty.
func projectCaseload(ctx context.Context, ledger projections.Source, dsn, schema string, serves bool) (took time.Duration, err error) {
	store, err := sqlstore.OpenPostgres(ctx, dsn, schema, sqlstore.Options{})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	caseload := []*projections.Projection{modelsFor(viewer(string(event.NHS), theRegister.Controller)).caseload.Projection}
	if serves {
		if err := projections.NewRunner(store, nothing{ledger}, caseload, projections.Options{}).CatchUp(ctx); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	err = projections.NewRunner(store, ledger, caseload, projections.Options{}).CatchUp(ctx)
	return time.Since(began), err
}

// projectPlainly writes one row and the checkpoint for each of the first events.
func projectPlainly(ctx context.Context, r *record, dsn, schema string, events int) (time.Duration, error) {
	db, err := sql.Open("pgx", dsn+" search_path="+schema)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, text := range []string{"CREATE SCHEMA " + schema,
		"CREATE TABLE caseload (person text PRIMARY KEY, type text NOT NULL, at bigint NOT NULL, position bigint NOT NULL)",
		"CREATE TABLE checkpoint (one int PRIMARY KEY, position bigint NOT NULL)", "INSERT INTO checkpoint VALUES (1, 0)"} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	upsert, err := db.PrepareContext(ctx, `INSERT INTO caseload VALUES ($1, $2, $3, $4)
		ON CONFLICT (person) DO UPDATE SET type = excluded.type, at = excluded.at, position = excluded.position`)
	if err != nil {
		return 0, err
	}
	move, err := db.PrepareContext(ctx, "UPDATE checkpoint SET position = $1 WHERE one = 1")
	if err != nil {
		return 0, err
	}
	reader := codec.NewReader(catalogue.Events, r.opener(string(event.NHS)), codec.Options{})
	began := time.Now()
	for stored, err := range r.store.ReadAll(ctx, 0) {
		if err != nil {
			return 0, err
		}
		e, err := reader.Decode(ctx, stored)
		if err != nil {
			return 0, err
		}
		if err := upsertOne(ctx, db, upsert, move, e); err != nil {
			return 0, err
		}
		if e.Position == event.Position(events) {
			break
		}
	}
	return time.Since(began), nil
}
