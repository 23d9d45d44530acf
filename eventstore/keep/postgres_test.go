//go:build postgres

package keep_test

import (
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"caseledger/eventstore/keep"
	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/eventstore/reactor"
)

func init() {
	keeps["postgres"] = func(t *testing.T) reactor.Keep {
		dsn, schema := pgtest.Schema(t)
		return opened(t)(keep.OpenPostgres(t.Context(), dsn, schema))
	}
}

// What was acknowledged is there for another process, which takes over at
// once; many may open it first.
func TestASchemaIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	all := make([]*keep.Database, 6)
	var wait sync.WaitGroup
	for i := range all {
		wait.Go(func() {
			k, err := keep.OpenPostgres(t.Context(), dsn, schema)
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = k
		})
	}
	wait.Wait()
	for _, k := range all {
		defer func() { _ = k.Close() }()
	}
	first, second := &subject{Keep: all[0], t: t}, &subject{Keep: all[1], t: t}
	first.take("a")
	first.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1)}, Looks: []reactor.Look{{Person: id(1), At: 2}}})
	if to := second.take("a"); to != 5 {
		t.Errorf("goes on at %d, want 5", to)
	}
	second.due(noon, 9, person(1))
	if err := first.Settle(t.Context(), first.fence, []reactor.Settled{{Subject: person(1)}}); !errors.Is(err, reactor.ErrFenced) {
		t.Errorf("the first one: got %v, want ErrFenced", err)
	}
}

// Of many that take at once each gets a fence of its own, and only the last
// may write.
func TestTakersGetFencesOfTheirOwn(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	k := opened(t)(keep.OpenPostgres(t.Context(), dsn, schema))
	fences := make([]reactor.Fence, 16)
	var wait sync.WaitGroup
	for i := range fences {
		wait.Go(func() {
			fence, _, err := k.Take(t.Context(), []string{"a", "b"}[i%2])
			if err != nil {
				t.Error(err)
			}
			fences[i] = fence
		})
	}
	wait.Wait()
	for _, f := range fences {
		if err := k.Everybody(t.Context(), f); (f == 16) != (err == nil) {
			t.Errorf("fence %d: %v", f, err)
		}
	}
}

func TestAnotherSchema(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	s := &subject{Keep: opened(t)(keep.OpenPostgres(t.Context(), dsn, schema)), t: t}
	s.take("a")
	s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1)}})
	run(t, dsn, "UPDATE "+schema+".keep_version SET version = 99")
	s = &subject{Keep: opened(t)(keep.OpenPostgres(t.Context(), dsn, schema)), t: t}
	if to := s.take("a"); to != 0 {
		t.Errorf("of a newer version: goes on at %d, want from the beginning", to)
	}
	s.status(reactor.Status{})

	foreign := schema + "_foreign"
	run(t, dsn, "CREATE SCHEMA "+foreign)
	run(t, dsn, "CREATE TABLE "+foreign+".agenda (one int)")
	if _, err := keep.OpenPostgres(t.Context(), dsn, foreign); !errors.Is(err, keep.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	run(t, dsn, "INSERT INTO "+foreign+".agenda VALUES (1)")
	if _, err := keep.OpenPostgres(t.Context(), dsn, `x"; DROP TABLE y`); err == nil {
		t.Error("opened a schema of a malformed name")
	}
}

func TestAServersFaultsHaveNames(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	run(t, dsn, "CREATE ROLE keep_stranger LOGIN")
	for url, want := range map[string]error{
		"swordfish":                                     pgsql.ErrConnectionString,
		"postgres://u:swordfish@127.0.0.1:1/x":          pgsql.ErrUnreachable,
		dsn + " user=swordfish":                         pgsql.ErrCredentials,
		dsn + " user=keep_stranger":                     pgsql.ErrPrivilege,
		dsn + " default_transaction_read_only=on":       pgsql.ErrServerReadOnly,
		strings.Replace(dsn, "dbname=", "dbname=no", 1): pgsql.ErrNoDatabase,
	} {
		_, err := keep.OpenPostgres(t.Context(), url, schema)
		if !errors.Is(err, want) || strings.Contains(err.Error(), "swordfish") {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

func run(t *testing.T, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
