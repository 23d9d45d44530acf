//go:build postgres

package sqlstore_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
	"caseledger/projections/sqlstore/pgtest"
)

func openPostgres(t *testing.T, dsn, schema string, o sqlstore.Options) (*sqlstore.Store, error) {
	t.Helper()
	store, err := sqlstore.OpenPostgres(t.Context(), dsn, schema, o)
	if err == nil {
		t.Cleanup(func() { _ = store.Close() })
	}
	return store, err
}

// Two sides in two schemas of one database see nothing of each other.
func TestEachSchemaIsAStoreOfItsOwn(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	if _, err := openPostgres(t, dsn, schema+"x", sqlstore.Options{ReadOnly: true}); !errors.Is(err, projections.ErrOlder) {
		t.Errorf("what is read only and not there: got %v", err)
	}
	for _, n := range []int{1, 2} {
		store, err := openPostgres(t, dsn, schema+strings.Repeat("x", n), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ledger := projectiontest.NewLedger(catalogue)
		for range n {
			ledger.Add(projectiontest.Person(n), named{event.Own("n")})
		}
		follow(t, store, ledger)
	}
	for _, n := range []int{1, 2} {
		store, err := openPostgres(t, dsn, schema+strings.Repeat("x", n), sqlstore.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		page, err := projections.Read(t.Context(), store, names, projections.Query{Limit: 10})
		if err != nil || len(page.Rows) != 1 || page.Position != event.Position(n) {
			t.Errorf("schema %d: got %d rows at %d, %v", n, len(page.Rows), page.Position, err)
		}
		if err := store.Update(t.Context(), func(projections.Tx) error { return nil }); !errors.Is(err, sqlstore.ErrReadOnly) {
			t.Errorf("an update of what is read only: got %v", err)
		}
	}
}

func TestPostgresIsRefusedWhereItIsNotAsItShouldBe(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	store, err := openPostgres(t, dsn, schema, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openPostgres(t, dsn+" synchronous_commit=off", schema, sqlstore.Options{}); !errors.Is(err, projections.ErrSettings) {
		t.Errorf("without durable commits: got %v, want ErrSettings", err)
	}
	if _, err := openPostgres(t, dsn, `a"b`, sqlstore.Options{}); !errors.Is(err, projections.ErrSettings) {
		t.Errorf("a malformed schema name: got %v, want ErrSettings", err)
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO "+schema+".store_version (version) VALUES (99)"); err != nil {
		t.Fatal(err)
	}
	for _, options := range []sqlstore.Options{{}, {ReadOnly: true}} {
		if _, err := openPostgres(t, dsn, schema, options); !errors.Is(err, projections.ErrNewer) {
			t.Errorf("a newer store with %+v: got %v, want ErrNewer", options, err)
		}
	}
	_ = store
}

// Opening at once from many places makes the tables once.
func TestManyOpenAnEmptySchemaAtOnce(t *testing.T) {
	t.Parallel()
	dsn, schema := pgtest.Schema(t)
	opened := make(chan error)
	for range 8 {
		go func() {
			store, err := sqlstore.OpenPostgres(t.Context(), dsn, schema, sqlstore.Options{})
			if err == nil {
				err = store.Close()
			}
			opened <- err
		}()
	}
	for range 8 {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}
