//go:build postgres

package pgtest_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"caseledger/eventstore/postgres/pgtest"
)

// What was committed outlives a kill of a server with fsync.
func TestAKilledServerRecovers(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Options{Durable: true, TCP: true})
	s.Database(t)
	count := func(statement string) (n int) {
		t.Helper()
		db, err := sql.Open("pgx", s.URL("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	count("CREATE TABLE kept (n int)")
	for n := 1; n < 4; n++ {
		if got := count("INSERT INTO kept VALUES (1)"); got != n {
			t.Errorf("%d rows, want %d", got, n)
		}
		s.Kill()
		s.Restart(t)
	}
	s.Stop()
}
