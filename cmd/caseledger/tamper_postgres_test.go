//go:build postgres

package main

import (
	"crypto/rand"
	"database/sql"
	"testing"
	"time"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/postgres/pgtest"
)

// TestTamperCorpusPostgreSQL alters a record on servers.
func TestTamperCorpusPostgreSQL(t *testing.T) {
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	on := func(dsn string) place { return place{postgresServer, dsn} }
	c := &corpus{t: t, one: sampled(400), o: opening{dir: dataDir(s.data), now: time.Now, random: rand.Reader,
		at: places{ledger: on(s.ledger), keys: on(s.keys), views: on(s.views)}}}
	c.fill()
	open := func(database string) *sql.DB {
		db, err := sql.Open("pgx", s.DSN(database)+" synchronous_commit=off")
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(1)
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	ledgers, views := open("ledger"), open("views")
	c.events = readRows(t, ledgers, "caseledger.events", "position")
	c.head = readRows(t, ledgers, "caseledger.head", "one")
	keys := open("keys")
	c.keys = readRows(t, keys, "caseledger_keys.keys", "key_id")
	c.more = []*rows{readRows(t, keys, "caseledger_keys.tombstones", "one"), readRows(t, keys, "caseledger_keys.secrets", "name")}
	c.objects = func() (names []string) {
		all := readRows(t, views, keep.ShelfSchema+".object", "name")
		return all.order
	}
	c.view = func(set string) (*sql.DB, string) { return views, schemaOf(set) + "." }
	c.run()
}
