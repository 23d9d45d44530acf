//go:build postgres

package keep_test

import (
	"database/sql"
	"errors"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/eventstore/relay"
)

func TestRelayKeepPostgres(t *testing.T) {
	t.Parallel()
	testRelayKeep(t, func(t *testing.T) relay.Keep {
		dsn, schema := pgtest.Schema(t)
		db, err := sql.Open("pgx", dsn+" search_path="+schema)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.ExecContext(t.Context(), "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		if _, err := keep.OpenRelay(t.Context(), db); !errors.Is(err, keep.ErrRelayVersion) {
			t.Errorf("without tables: got %v, want ErrRelayVersion", err)
		}
		for range 2 { // once more changes nothing
			if err := keep.MakeRelay(t.Context(), db); err != nil {
				t.Fatal(err)
			}
		}
		k, err := keep.OpenRelay(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return k
	})
}
