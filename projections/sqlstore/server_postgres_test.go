//go:build postgres

package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

// countRow counts a person's events: what is folded twice or not at all shows.
type countRow struct {
	Events int `db:"events"`
}

var counts = projections.Define(projections.Spec[countRow]{
	Name: "counts", Version: 1, Types: []string{"sample.named"},
	Fold: func(row *countRow, _ event.Recorded) *countRow {
		next := projections.Copy(row)
		next.Events++
		return next
	},
})

func counting(store projections.Store, ledger *projectiontest.Ledger, pageEvents int) *projections.Runner {
	return projections.NewRunner(store, ledger, []*projections.Projection{counts.Projection}, projections.Options{PageEvents: pageEvents})
}

// admin runs statements as the superuser.
func admin(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// What is wrong has a name, and nothing of the connection string is told but
// that.
func TestWhatIsWrongWithAServerHasAName(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{TCP: true})
	admin(t, server.DSN("postgres"), "CREATE ROLE innkeeper LOGIN PASSWORD 'sesame'", "CREATE ROLE stranger LOGIN", "CREATE DATABASE empty")
	rules := "local all postgres trust\nhost all innkeeper 127.0.0.1/32 scram-sha-256\nhost all stranger 127.0.0.1/32 trust\n"
	if err := os.WriteFile(filepath.Join(server.Folder(), "data", "pg_hba.conf"), []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	admin(t, server.DSN("postgres"), "SELECT pg_reload_conf()")
	at := func(who, database string) string {
		return "postgres://" + who + "@" + server.Address() + "/" + database + "?sslmode=disable"
	}
	for name, test := range map[string]struct {
		dsn     string
		options sqlstore.Options
		want    error
	}{
		"malformed URL":      {dsn: "postgres://innkeeper:sesame@inn.example:port/inn", want: sqlstore.ErrConnString},
		"malformed pairs":    {dsn: "host=inn.example password", want: sqlstore.ErrConnString},
		"unknown setting":    {dsn: at("innkeeper:sesame", "empty") + "&colour=red", want: sqlstore.ErrConnString},
		"nobody there":       {dsn: "postgres://innkeeper:sesame@127.0.0.1:1/inn", want: sqlstore.ErrUnreachable},
		"no such host":       {dsn: "host=/nowhere/inn user=innkeeper password=sesame", want: sqlstore.ErrUnreachable},
		"wrong password":     {dsn: at("innkeeper:wrong-sesame", "empty"), want: sqlstore.ErrCredentials},
		"not let in":         {dsn: at("innkeeper2:sesame", "empty"), want: sqlstore.ErrCredentials},
		"no such database":   {dsn: at("innkeeper:sesame", "inn"), want: sqlstore.ErrNoDatabase},
		"no privilege":       {dsn: at("stranger", "empty"), want: sqlstore.ErrDenied},
		"nothing to read":    {dsn: at("stranger", "empty"), options: sqlstore.Options{ReadOnly: true}, want: projections.ErrOlder},
		"commits not synced": {dsn: at("innkeeper:sesame", "empty") + "&synchronous_commit=off", want: projections.ErrSettings},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openPostgres(t, test.dsn, "rooms", test.options)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			for _, secret := range []string{"sesame", "innkeeper", "stranger", "inn.example", "127.0.0.1", "empty"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error tells %q", secret)
				}
			}
		})
	}
}

// A role that may do nothing but own its schema keeps a side's read models, one
// that is granted SELECT reads them, whatever the role's own settings are.
func TestARoleNeedsNoMoreThanItsSchema(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	admin(t, dsn,
		"CREATE ROLE side LOGIN", "CREATE SCHEMA side AUTHORIZATION side", "ALTER ROLE side SET synchronous_commit = off",
		"CREATE ROLE reader LOGIN", "CREATE ROLE other LOGIN", "GRANT USAGE ON SCHEMA side TO reader",
		"ALTER DEFAULT PRIVILEGES FOR ROLE side IN SCHEMA side GRANT SELECT ON TABLES TO reader")
	as := func(role string) string { return strings.Replace(dsn, "user=postgres", "user="+role, 1) }
	writer, err := openPostgres(t, as("side"), "side", sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	ledger.Add(projectiontest.Person(1), named{event.Own("n")})
	r := follow(t, writer, ledger)
	if _, err := r.Rebuild(t.Context(), "names", projections.RebuildOptions{}); err != nil {
		t.Errorf("a rebuild: %v", err)
	}
	reader, err := openPostgres(t, as("reader"), "side", sqlstore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := projections.Read(t.Context(), reader, names, projections.Query{Limit: 1}); err != nil || len(page.Rows) != 1 {
		t.Errorf("the reader got %d rows, %v", len(page.Rows), err)
	}
	if _, err := openPostgres(t, as("reader"), "side", sqlstore.Options{}); !errors.Is(err, sqlstore.ErrDenied) {
		t.Errorf("the reader, writing: got %v, want ErrDenied", err)
	}
	if _, err := openPostgres(t, as("other"), "side", sqlstore.Options{ReadOnly: true}); !errors.Is(err, projections.ErrOlder) {
		t.Errorf("another side, reading: got %v, want ErrOlder, as if there were nothing", err)
	}
}

// running runs a runner again whenever it stops, as a program does, and tells
// each error.
func running(t *testing.T, r *projections.Runner) (errs <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	told, ended := make(chan error, 1000), make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			err := r.Run(ctx)
			if ctx.Err() != nil {
				return
			}
			select {
			case told <- err:
			default:
			}
			<-time.After(5 * time.Millisecond) // the server may be away
		}
	}()
	return told, func() { cancel(); <-ended }
}

// wantCounts compares what serves with the ledger folded anew.
func wantCounts(t *testing.T, r *projections.Runner, rows int) {
	t.Helper()
	report, err := r.Check(t.Context(), "counts")
	for tries := 0; err != nil && tries < 20; tries++ { // sessions that were ended are found out one by one
		report, err = r.Check(t.Context(), "counts")
	}
	if err != nil || report.Different != 0 || report.ServingRows != rows {
		t.Errorf("%d of %d rows differ, %v; want none of %d", report.Different, report.ServingRows, err, rows)
	}
}

// sessions counts those of stores, once none of them is still ending.
func sessions(t *testing.T, dsn string) (n int) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for range 100 {
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'caseledger'").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return n
		}
		<-time.After(10 * time.Millisecond)
	}
	return n
}

// A server that turns read-only stops the runner, and the runner resumes on
// another session once there is a server that takes writes.
func TestAServerThatTurnsReadOnlyIsLeft(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	dsn := server.DSN("postgres")
	store, err := openPostgres(t, dsn, "side", sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	r := counting(store, ledger, 0)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin(t, dsn, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
	ledger.Add(projectiontest.Person(1), named{event.Own("n")})
	deadline, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	for err = nil; err == nil; { // until the server has read its settings
		err = r.CatchUp(deadline)
	}
	if !errors.Is(err, sqlstore.ErrReadOnlyServer) {
		t.Fatalf("got %v, want ErrReadOnlyServer", err)
	}
	if n := sessions(t, dsn); n != 0 {
		t.Errorf("%d sessions on a read-only server were kept", n)
	}
	if err := r.CatchUp(deadline); !errors.Is(err, sqlstore.ErrReadOnlyServer) {
		t.Errorf("once more: got %v, want ErrReadOnlyServer", err)
	}
	if _, err := openPostgres(t, dsn, "side", sqlstore.Options{}); !errors.Is(err, sqlstore.ErrReadOnlyServer) {
		t.Errorf("opening: got %v, want ErrReadOnlyServer", err)
	}
	if reader, err := openPostgres(t, dsn, "side", sqlstore.Options{ReadOnly: true}); err != nil {
		t.Errorf("opening for reading: %v", err)
	} else if err := reader.WaitFor(t.Context(), counts.Projection, 0); err != nil {
		t.Errorf("reading: %v", err)
	}
	admin(t, dsn+" default_transaction_read_only=off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
	for err = r.CatchUp(deadline); errors.Is(err, sqlstore.ErrReadOnlyServer); err = r.CatchUp(deadline) {
		<-time.After(10 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	wantCounts(t, r, 1)
}

// terminate ends the sessions of stores in the database at once, as the end of
// their process does.
const terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caseledger' AND datname = current_database()"

// However often its sessions are terminated, a runner that is run again ends
// with the rows of the ledger folded anew.
func TestTerminatedSessionsLoseNothing(t *testing.T) {
	t.Parallel()
	const rounds, perRound, people = 60, 40, 25
	dsn := pgtest.Database(t)
	store, err := openPostgres(t, dsn, "side", sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	r := counting(store, ledger, 7)
	errs, stop := running(t, r)
	for round := range rounds {
		for n := range perRound {
			ledger.Add(projectiontest.Person((round*perRound+n)%people), named{event.Own("n")})
		}
		admin(t, dsn, terminate)
	}
	until, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := reaches(until, store, rounds*perRound); err != nil {
		t.Fatal(err)
	}
	stop()
	if len(errs) == 0 {
		t.Error("no session of the runner's was ever terminated")
	}
	for len(errs) > 0 {
		if err := <-errs; errors.Is(err, projections.ErrFenced) || errors.Is(err, projections.ErrOrder) {
			t.Errorf("the runner stopped with %v", err)
		}
	}
	wantCounts(t, r, people)
}

// A reader whose session ends under it is told that the server could not be
// reached, and the next one reads.
func TestAReaderWhoseSessionEndsIsToldSo(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Database(t)
	store, err := openPostgres(t, dsn, "side", sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	ledger.Add(projectiontest.Person(1), named{event.Own("n")})
	if err := counting(store, ledger, 0).CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := func(before func()) error {
		return store.View(t.Context(), func(v projections.View) error {
			before()
			_, err := projections.Select(v, counts, projections.Query{Limit: 1})
			return err
		})
	}
	if err := read(func() { admin(t, dsn, terminate) }); err != sqlstore.ErrUnreachable { // a cause would quote the server's address
		t.Errorf("got %v, want ErrUnreachable and nothing else", err)
	}
	if err := read(func() {}); err != nil {
		t.Errorf("the next reader: %v", err)
	}
}

// reaches waits until the read model reflects a position, through whatever
// happens to the sessions of who waits.
func reaches(ctx context.Context, store projections.Reader, at int) error {
	for {
		err := store.WaitFor(ctx, counts.Projection, event.Position(at))
		if err == nil || ctx.Err() != nil {
			return err
		}
		<-time.After(5 * time.Millisecond)
	}
}

// A server that is killed while rows are written and started again holds a
// whole number of pages, and another process that waits sees them come.
func TestAKilledServerLosesNoPage(t *testing.T) {
	t.Parallel()
	const rounds, perRound, people = 3, 2000, 500
	server := pgtest.Start(t, pgtest.Options{Durable: true})
	dsn := server.DSN("postgres")
	store, err := openPostgres(t, dsn, "side", sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ledger := projectiontest.NewLedger(catalogue)
	r := counting(store, ledger, 50)
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	other, err := openPostgres(t, dsn, "side", sqlstore.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	_, stop := running(t, r)
	until, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for round := range rounds {
		for n := range perRound {
			ledger.Add(projectiontest.Person((round*perRound+n)%people), named{event.Own("n")})
		}
		if err := reaches(until, other, round*perRound+perRound/2); err != nil {
			t.Fatal(err)
		}
		server.Kill()
		server.Restart(t)
	}
	if err := reaches(until, other, rounds*perRound); err != nil {
		t.Fatal(err)
	}
	stop()
	wantCounts(t, r, people)
}

// dead is the store of a process that stops dead at its n-th write: it is in the
// middle of the transaction and does nothing more until it is told to go on.
type dead struct {
	projections.Store
	left    atomic.Int64
	stopped chan struct{} // closed when it has
	goOn    chan struct{}
}

func (d *dead) Update(ctx context.Context, write func(projections.Tx) error) error {
	return d.Store.Update(ctx, func(tx projections.Tx) error {
		err := write(tx)
		if d.left.Add(-1) == 0 {
			close(d.stopped)
			<-d.goOn
		}
		return err
	})
}

// Two processes keep one schema. One stops dead while it writes; the other
// takes over, and when the first comes to it is fenced or finds its session
// gone. Whoever is elected again takes over in turn, and every event is folded
// once.
func TestAnotherProcessTakesOver(t *testing.T) {
	t.Parallel()
	const people = 5
	for name, test := range map[string]struct {
		at   int64 // 1 makes the table, 2 builds it, 3 switches, 4 claims, 5 on write pages
		ends bool  // the system ends the dead process's sessions
	}{
		"while it builds": {at: 2, ends: true},
		"while it claims": {at: 4, ends: true},
		"in its page":     {at: 6, ends: true},
		"between pages":   {at: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			until, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			dsn := pgtest.Database(t)
			open := func() *sqlstore.Store {
				store, err := openPostgres(t, dsn, "side", sqlstore.Options{})
				if err != nil {
					t.Fatal(err)
				}
				return store
			}
			ledger := projectiontest.NewLedger(catalogue)
			add := func(n int) {
				for i := range n {
					ledger.Add(projectiontest.Person(i%people), named{event.Own("n")})
				}
			}
			add(20)
			first := &dead{Store: open(), stopped: make(chan struct{}), goOn: make(chan struct{})}
			first.left.Store(test.at)
			one := counting(first, ledger, 3)
			ended := make(chan error, 1)
			go func() { ended <- one.Run(until) }()
			if test.at == 0 {
				if err := reaches(until, first, 20); err != nil {
					t.Fatal(err)
				}
			} else {
				if test.at > 4 {
					if err := reaches(until, first, 20); err != nil {
						t.Fatal(err)
					}
					add(20)
				}
				select {
				case <-first.stopped:
				case <-until.Done():
					t.Fatal("the first never got there")
				}
			}
			if test.ends {
				admin(t, dsn, terminate)
			}
			other := open()
			two := counting(other, ledger, 3)
			if err := two.CatchUp(until); err != nil {
				t.Fatal(err)
			}
			close(first.goOn)
			add(20)
			err := <-ended
			if test.ends == errors.Is(err, projections.ErrFenced) {
				t.Errorf("the first came to and stopped with %v", err)
			}
			again, stop := running(t, two)
			if err := reaches(until, other, ledger.Len()); err != nil {
				t.Fatal(err)
			}
			// Elected again; the sessions that were ended are found out one by one.
			for err = one.CatchUp(until); err != nil && until.Err() == nil; err = one.CatchUp(until) {
				if errors.Is(err, projections.ErrFenced) {
					t.Errorf("the first, elected again: %v", err)
				}
			}
			add(20)
			select {
			case err = <-again:
			case <-until.Done():
			}
			if !errors.Is(err, projections.ErrFenced) {
				t.Errorf("the other stopped with %v, want ErrFenced", err)
			}
			// It runs again, as if it were elected, and goes on.
			if err := reaches(until, other, ledger.Len()); err != nil {
				t.Fatal(err)
			}
			stop()
			wantCounts(t, two, people)
		})
	}
}
