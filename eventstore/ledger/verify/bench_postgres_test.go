//go:build postgres

package verify_test

import (
	"path/filepath"
	"testing"
	"time"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// BenchmarkVerifyPostgreSQL is [BenchmarkVerify] of a ledger on PostgreSQL.
func BenchmarkVerifyPostgreSQL(b *testing.B) {
	const n = 200_000
	k := newKey(b, origin)
	g := &generated{of: made(b, 1000), n: n}
	shelf, err := keep.OpenShelfFolder(filepath.Join(b.TempDir(), "tiles"))
	if err != nil {
		b.Fatal(err)
	}
	k.fill(b, shelf, g.hash(b), n)
	url := pgtest.Database(b)
	if _, err := postgres.Migrate(b.Context(), url, postgres.MigrateOptions{}); err != nil {
		b.Fatal(err)
	}
	store, err := postgres.Open(b.Context(), postgres.Options{URL: url, Clock: time.Now, AllowOwner: true, AllowNoFsync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if err := store.Ingest(b.Context(), g.all()); err != nil {
		b.Fatal(err)
	}
	compareVerify(b, k, store, shelf, n)
}
