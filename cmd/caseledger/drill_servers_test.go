//go:build postgres

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/eventstore/postgres/pgtest"
)

// TestTheErasureDrillOnServers is the drill on PostgreSQL, with fewer people: the
// search goes through every file of the server, the write-ahead log among them, and
// dumps from before the erasure are restored.
func TestTheErasureDrillOnServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{Config: []string{"wal_recycle=off", "wal_init_zero=on", "min_wal_size=32MB", "autovacuum=off"}})
	s.migrate(t)
	d := drillOf(t, s.data, 0, 1, 12, 17, 30, 31)
	d.at = places{ledger: place{postgresServer, s.ledger}, keys: place{postgresServer, s.keys}, views: place{postgresServer, s.views}}
	d.args = s.at()
	d.recorded()
	d.answered()
	d.seen()
	before, keys := d.replays(), d.keys()
	search := d.looksFor(keys)
	dumped := map[string][]byte{}
	for _, database := range []string{"ledger", "keys", "views"} {
		dumped[database] = s.Run(t, "pg_dump", "--format=plain", "--dbname="+s.DSN(database))
	}
	control := search.in(t, s.Folder())
	plain, wrapped := 0, 0
	for name := range control {
		switch {
		case strings.Contains(name, "CANARY"):
			plain++
		case strings.Contains(name, "wrapped key"):
			wrapped++
		default:
			t.Errorf("before the erasure the server's files hold %s", name)
		}
	}
	if plain == 0 || wrapped == 0 || len(search.within(dumped["views"])) == 0 || len(search.within(dumped["keys"])) == 0 {
		t.Fatalf("the control finds %d canaries and %d wrapped keys", plain, wrapped)
	}

	d.later(time.Hour)
	d.erased()
	d.tells("live", d.replays(), before)
	d.checked()
	// What the operations page says has the bytes gone at once.
	for _, database := range []string{"views", "keys"} {
		s.sql(t, s.DSN(database), "VACUUM FULL")
	}
	s.sql(t, s.DSN("postgres"), "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
	if found := search.in(t, s.Folder()); len(found) != 0 {
		t.Errorf("after the erasure the server's files hold:%s", say(found))
	}
	if found := search.in(t, s.data); len(found) != 0 {
		t.Errorf("after the erasure the folder holds:%s", say(found))
	}
	for _, database := range []string{"ledger", "keys", "views"} {
		if found := search.within(s.Run(t, "pg_dump", "--format=plain", "--dbname="+s.DSN(database))); len(found) != 0 {
			t.Errorf("a dump of %s holds %d of what was erased", database, len(found))
		}
	}

	// The copies from before, with the key-encryption key that is left.
	restore := func(database string) string {
		t.Helper()
		name := database + "_before"
		s.sql(t, s.DSN("postgres"), "CREATE DATABASE "+name+" OWNER caseledger")
		file := filepath.Join(s.Folder(), database+".sql") // where the server's account reads
		if err := os.WriteFile(file, dumped[database], 0o644); err != nil {
			t.Fatal(err)
		}
		s.Run(t, "psql", "--quiet", "--set=ON_ERROR_STOP=1", "--file="+file, "--dbname="+s.DSN(name))
		return strings.Replace(s.DSN(name), "user=postgres", "user=caseledger", 1)
	}
	older := *d
	older.at.keys.url = restore("keys")
	if out, errs, code := call(t, nil, "replay", drillLabel(0), "--quiet", "--data", s.data, "--ledger", s.ledger, "--keys", older.at.keys.url, "--views", s.views); code == 0 || strings.Contains(out+errs, "CANARY") {
		t.Errorf("with the keystore from before replay ended with %d: %s", code, out)
	}
	older = *d
	older.at.ledger.url, older.at.views.url = restore("ledger"), restore("views")
	for n, said := range older.replays() {
		for _, class := range drillGone(n) {
			if strings.Contains(said, canary(class, n)) {
				t.Errorf("with the ledger from before, %s's %s is told", drillLabel(n), class)
			}
		}
		if len(drillGone(n)) == 0 && said != before[n] {
			t.Errorf("with the ledger from before, %s's record is not what it was", drillLabel(n))
		}
	}
	older.seen()
	if found := search.within(s.Run(t, "pg_dump", "--format=plain", "--dbname="+s.DSN("views_before"))); len(found) != 0 {
		t.Errorf("read models that were restored with their ledger tell %d things that were erased", len(found))
	}
}
