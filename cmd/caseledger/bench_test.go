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
// API, the access event included, beside a raw read of the same 50 rows from
// the ledger's file. The aim is a ratio of the medians under 5.
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
	file, err := sql.Open("sqlite", "file:"+dir.file(ledgerFile)+"?mode=ro&_pragma=query_only(1)")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := file.Prepare("SELECT position, recorded_at, event_id, revision, body FROM events WHERE stream = ? ORDER BY revision")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	raw := func(i int) {
		if err := readRaw(b.Context(), rows, filled(i%people)); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 100 { // both with everything in memory that stays there
		through(i)
		raw(i)
	}
	var api, plain []time.Duration
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		through(i)
		middle := time.Now()
		raw(i)
		api, plain = append(api, middle.Sub(began)), append(plain, time.Since(middle))
	}
	report(b, median(api), median(plain))
}

// report puts two medians and their ratio beside the benchmark's own figures.
func report(b *testing.B, ours, plain time.Duration) {
	b.ReportMetric(float64(ours.Microseconds()), "µs/ours")
	b.ReportMetric(float64(plain.Microseconds()), "µs/plain")
	b.ReportMetric(float64(ours)/float64(plain), "ratio")
}

// readRaw reads a person's rows as the plain alternative would.
func readRaw(ctx context.Context, query *sql.Stmt, who event.UUID) error {
	stream := event.Case(who).Bytes()
	rows, err := query.QueryContext(ctx, stream[:])
	if err != nil {
		return err
	}
	n := 0
	for rows.Next() {
		var position, at, revision int64
		var id, body []byte
		if err := rows.Scan(&position, &at, &id, &revision, &body); err != nil {
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
// events a second.
func BenchmarkCatchUp(b *testing.B) {
	const people = 200
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
		began := time.Now()
		if err := catchUpOne(b.Context(), r, filepath.Join(b.TempDir(), fmt.Sprintf("%d.db", round))); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if err := catchUpPlainly(b.Context(), r, filepath.Join(b.TempDir(), fmt.Sprintf("plain-%d.db", round))); err != nil {
			b.Fatal(err)
		}
		ours, plain = append(ours, middle.Sub(began)), append(plain, time.Since(middle))
	}
	b.ReportMetric(float64(head)/median(ours).Seconds(), "events/s/ours")
	b.ReportMetric(float64(head)/median(plain).Seconds(), "events/s/plain")
	b.ReportMetric(float64(median(plain))/float64(median(ours)), "ratio")
}

// catchUpOne folds the ledger into one read model of the NHS's.
func catchUpOne(ctx context.Context, r *record, path string) error {
	store, err := sqlstore.OpenSQLite(ctx, path, sqlstore.Options{})
	if err != nil {
		return err
	}
	keys := r.opener(string(event.NHS))
	consents := modelsFor(viewer(string(event.NHS), theRegister.Controller)).consents
	runner := projections.NewRunner(store, newSource(r.store, keys), []*projections.Projection{consents.Projection}, projections.Options{})
	return errors.Join(runner.CatchUp(ctx), store.Close())
}

// catchUpPlainly writes one row and the checkpoint for each event.
func catchUpPlainly(ctx context.Context, r *record, path string) error {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(2)&_txlock=immediate")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, text := range []string{`CREATE TABLE consents (person TEXT, type TEXT, at INTEGER, position INTEGER, PRIMARY KEY (person)) STRICT`,
		`CREATE TABLE checkpoint (one INTEGER PRIMARY KEY, position INTEGER) STRICT`, `INSERT INTO checkpoint VALUES (1, 0)`} {
		if _, err := db.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	upsert, err := db.PrepareContext(ctx, `INSERT INTO consents VALUES (?, ?, ?, ?)
		ON CONFLICT (person) DO UPDATE SET type = excluded.type, at = excluded.at, position = excluded.position`)
	if err != nil {
		return err
	}
	move, err := db.PrepareContext(ctx, `UPDATE checkpoint SET position = ? WHERE one = 1`)
	if err != nil {
		return err
	}
	reader := codec.NewReader(catalogue, r.opener(string(event.NHS)), codec.Options{})
	for stored, err := range r.store.ReadAll(ctx, 0) {
		if err != nil {
			return err
		}
		e, err := reader.Decode(ctx, stored)
		if err != nil {
			return err
		}
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
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	return nil
}
