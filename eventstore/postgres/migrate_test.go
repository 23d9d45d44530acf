//go:build postgres

package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	before, err := postgres.Status(t.Context(), url)
	if err != nil || len(before) == 0 || before[0].Applied || before[0].Version != 1 {
		t.Fatalf("status of an empty database: got %+v and error %v", before, err)
	}
	if err := try(t, url, "SELECT FROM caseledger.migrations"); sqlState(err) != "42P01" {
		t.Errorf("status made something: %v", err)
	}
	done, err := postgres.Migrate(t.Context(), url, postgres.MigrateOptions{})
	if err != nil || len(done) != len(before) {
		t.Fatalf("migrate: applied %d and error %v, want %d", len(done), err, len(before))
	}
	after, err := postgres.Status(t.Context(), url)
	if err != nil || !after[len(after)-1].Applied {
		t.Errorf("status afterwards: got %+v and error %v", after, err)
	}
	if done, err = postgres.Migrate(t.Context(), url, postgres.MigrateOptions{}); err != nil || len(done) != 0 {
		t.Errorf("a second time: applied %d and error %v, want nothing to do", len(done), err)
	}
	mustRefuse(t, postgres.Options{URL: url, Clock: time.Now, AllowNoFsync: true}, postgres.ErrPrivileges, "UPDATE")
}

func TestMigrateTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	execute(t, url, "CREATE ROLE together LOGIN")
	var all sync.WaitGroup
	var mu sync.Mutex
	applied := 0
	for range 6 {
		all.Go(func() {
			done, err := postgres.Migrate(t.Context(), url, postgres.MigrateOptions{AppRole: "together"})
			if err != nil {
				t.Errorf("migrate: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			applied += len(done)
		})
	}
	all.Wait()
	known, err := postgres.Status(t.Context(), url)
	if err != nil || applied != len(known) {
		t.Errorf("six that migrate at once applied %d migrations (error %v), want each of %d once", applied, err, len(known))
	}
	open(t, postgres.Options{URL: as("together", url), Clock: time.Now})
}

// Granting takes back what a role had beside.
func TestMigrateGrantsExactly(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	execute(t, url, `CREATE ROLE "Odd ""name""; --" LOGIN`)
	const role = `Odd "name"; --`
	migrate(t, url, role)
	execute(t, url, `GRANT ALL ON ALL TABLES IN SCHEMA caseledger TO "Odd ""name""; --", PUBLIC`, `GRANT ALL ON SCHEMA caseledger TO "Odd ""name""; --", PUBLIC`)
	migrate(t, url, role)
	open(t, postgres.Options{URL: as(`'Odd "name"; --'`, url), Clock: time.Now})
}

func TestMigrateRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	execute(t, url, "CREATE ROLE lesser LOGIN")
	cases := map[string]struct {
		url, role string
		prepare   string
		want      error
		says      string
	}{
		"a role that does not exist":    {pgtest.Database(t), "nobody_there", "", nil, "42704"},
		"the role that migrates itself": {pgtest.Database(t), "postgres", "", postgres.ErrPrivileges, "migrates"},
		"a role that may make nothing":  {as("lesser", url), "", "", postgres.ErrPrivileges, "0001_ledger"},
		"another program's schema":      {pgtest.Database(t), "", "CREATE SCHEMA caseledger CREATE TABLE events (n integer)", postgres.ErrForeign, "no migrations"},
	}
	for name, c := range cases {
		if c.prepare != "" {
			execute(t, c.url, c.prepare)
		}
		_, err := postgres.Migrate(t.Context(), c.url, postgres.MigrateOptions{AppRole: c.role})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got error %v, want %v that says %q", name, err, c.want, c.says)
		}
	}
	if err := try(t, url, "SELECT FROM caseledger.events"); sqlState(err) != "42P01" {
		t.Errorf("a migration that failed left something: %v", err)
	}
}
