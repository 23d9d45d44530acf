// Package pgtest opens read-model stores on a PostgreSQL server of the test
// binary's own. It never touches another server.
package pgtest

import (
	"testing"

	"caseledger/eventstore/postgres/pgtest"
	"caseledger/projections/sqlstore"
)

// Open returns an empty store in a schema of its own.
func Open(t testing.TB) *sqlstore.Store {
	t.Helper()
	dsn, schema := Schema(t)
	store, err := sqlstore.OpenPostgres(t.Context(), dsn, schema, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// Schema returns a connection string and the name of a schema nobody else uses.
// Several names may follow from one: add a suffix.
func Schema(t testing.TB) (dsn, schema string) {
	t.Helper()
	return pgtest.Schema(t)
}
