package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// median is the middle of several durations.
func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

// BenchmarkReadPerson reads the timeline of a person of 50 events through the
// API, the access event included, beside two raw reads: of the same 50 rows of
// the ledger's file, sealed as they are, and of the 50 rows of the read model
// that the answer is made of. The aim is a ratio of the medians under 5.
func BenchmarkReadPerson(b *testing.B) {
	const people = 200
	dir := dataDir(filepath.Join(b.TempDir(), "data"))
	fillLedger(b, dir, people)
	issuer := newIssuer(b)
	trust, err := demoTrust(issuer)
	if err != nil {
		b.Fatal(err)
	}
	p := &program{now: time.Now, random: rand.Reader, errs: discard{}}
	s, err := p.newServer(b.Context(), parts{opening: opening{dir: dir, mode: writing, now: time.Now, random: rand.Reader}, trust: trust, role: "all"})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.close() }()
	s.log = slog.New(slog.DiscardHandler)
	if err := s.sides.catchUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	nurse, _ := memberNamed("NUR1")
	token, err := issuer.token(nurse, time.Now(), time.Hour)
	if err != nil {
		b.Fatal(err)
	}
	through := func(i int) {
		q := httptest.NewRequest(http.MethodGet, "/api/v1/people/"+filled(i%people).String()+"/timeline?perPage=100", nil)
		q.Header.Set("Authorization", "Bearer "+token)
		q.Header.Set("X-Purpose-Of-Use", "DIRECT_CARE")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, q)
		if w.Code != http.StatusOK {
			b.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	sealed := rawReader(b, dir.file(ledgerFile), "SELECT position, recorded_at, event_id, revision, body FROM events WHERE stream = ? ORDER BY revision")
	folded := rawReader(b, dir.file(filepath.Join(viewsFolder, "NHS.db")), `SELECT event, part, controller, position, revision, recorded_at, type, effective_at,
		begun_at, actor, purpose, origin, data, corrects, corrected_by, corrected_at FROM timeline_v1 WHERE stream = ? ORDER BY position`)
	var api, ledger, model []time.Duration
	one := func(i int, times *[]time.Duration, read func()) {
		began := time.Now()
		read()
		if i >= 100 { // before, what stays in memory is not there yet
			*times = append(*times, time.Since(began))
		}
	}
	round := func(i int) {
		who := event.Case(filled(i % people))
		stored := who.Bytes()
		one(i, &api, func() { through(i) })
		one(i, &ledger, func() { sealed(stored[:]) })
		one(i, &model, func() { folded(who.String()) })
	}
	for i := range 100 {
		round(i)
	}
	for i := 100; b.Loop(); i++ {
		round(i)
	}
	b.ReportMetric(float64(median(api).Microseconds()), "µs/api")
	b.ReportMetric(float64(median(ledger).Microseconds()), "µs/ledger-rows")
	b.ReportMetric(float64(median(model).Microseconds()), "µs/model-rows")
	b.ReportMetric(float64(median(api))/float64(median(ledger)), "ratio/ledger-rows")
	b.ReportMetric(float64(median(api))/float64(median(model)), "ratio/model-rows")
}

// rawReader reads all rows of one person as the plain alternative would.
func rawReader(b *testing.B, path, text string) func(who any) {
	b.Helper()
	file, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	query, err := file.Prepare(text)
	if err != nil {
		b.Fatal(err)
	}
	return func(who any) {
		if err := readRaw(b.Context(), query, who); err != nil {
			b.Fatal(err)
		}
	}
}

func readRaw(ctx context.Context, query *sql.Stmt, who any) error {
	rows, err := query.QueryContext(ctx, who)
	if err != nil {
		return err
	}
	columns, err := rows.Columns()
	if err != nil {
		return errors.Join(err, rows.Close())
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	n := 0
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			return errors.Join(err, rows.Close())
		}
		n++
	}
	if n < eventsOfOne {
		return fmt.Errorf("%d rows of one person", n)
	}
	return errors.Join(rows.Err(), rows.Close())
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkCatchUp brings one read model up to date from sealed bytes, beside
// the plain alternative: each event is decoded and opened, and its row and the
// checkpoint are written in a transaction of its own. The aim is 8 times the
// events a second. Making the empty files is not counted.
func BenchmarkCatchUp(b *testing.B) {
	const people = 400
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
	var ours, plain []time.Duration
	for round := 0; b.Loop(); round++ {
		took, err := catchUpOne(b.Context(), r, filepath.Join(b.TempDir(), fmt.Sprintf("%d.db", round)))
		if err != nil {
			b.Fatal(err)
		}
		tookPlainly, err := catchUpPlainly(b.Context(), r, filepath.Join(b.TempDir(), fmt.Sprintf("plain-%d.db", round)))
		if err != nil {
			b.Fatal(err)
		}
		ours, plain = append(ours, took), append(plain, tookPlainly)
	}
	b.ReportMetric(float64(head)/median(ours).Seconds(), "events/s/ours")
	b.ReportMetric(float64(head)/median(plain).Seconds(), "events/s/plain")
	b.ReportMetric(float64(median(plain))/float64(median(ours)), "ratio")
}

// catchUpOne folds the ledger into one read model of the NHS's.
func catchUpOne(ctx context.Context, r *record, path string) (time.Duration, error) {
	store, err := sqlstore.OpenSQLite(ctx, path, sqlstore.Options{})
	if err != nil {
		return 0, err
	}
	keys := r.opener(string(event.NHS))
	consents := modelsFor(viewer(string(event.NHS), theRegister.Controller)).consents
	runner := projections.NewRunner(store, newSource(r.store, keys), []*projections.Projection{consents.Projection}, projections.Options{})
	began := time.Now()
	err = runner.CatchUp(ctx)
	return time.Since(began), errors.Join(err, store.Close())
}

// catchUpPlainly writes one row and the checkpoint for each event.
func catchUpPlainly(ctx context.Context, r *record, path string) (time.Duration, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(2)&_txlock=immediate")
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, text := range []string{`CREATE TABLE consents (person TEXT, type TEXT, at INTEGER, position INTEGER, PRIMARY KEY (person)) STRICT`,
		`CREATE TABLE checkpoint (one INTEGER PRIMARY KEY, position INTEGER) STRICT`, `INSERT INTO checkpoint VALUES (1, 0)`} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return 0, err
		}
	}
	upsert, err := db.PrepareContext(ctx, `INSERT INTO consents VALUES (?, ?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET type = excluded.type, at = excluded.at, position = excluded.position`)
	if err != nil {
		return 0, err
	}
	move, err := db.PrepareContext(ctx, `UPDATE checkpoint SET position = ? WHERE one = 1`)
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
	}
	return time.Since(began), nil
}

// upsertOne writes one row and the checkpoint, in a transaction of their own.
func upsertOne(ctx context.Context, db *sql.DB, upsert, move *sql.Stmt, e event.Recorded) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.StmtContext(ctx, upsert).ExecContext(ctx, e.Stream.String(), e.Type, e.RecordedAt.UnixMicro(), int64(e.Position))
	if err == nil {
		_, err = tx.StmtContext(ctx, move).ExecContext(ctx, int64(e.Position))
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}
