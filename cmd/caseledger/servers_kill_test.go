//go:build postgres

package main

import (
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/postgres/pgtest"
)

// serverKillRounds is how often [TestBlackBoxServersKill] lets something fail,
// unless CASELEDGER_TEST_PG_KILL_ROUNDS says otherwise.
const serverKillRounds = 6

// TestBlackBoxServersKill keeps the promises of [TestBlackBoxKill] for a record on
// PostgreSQL, where in turn the program is killed, its sessions are ended by the
// server, and the server is killed and recovers. After a failure of the server
// the program acknowledges commands again by itself.
func TestBlackBoxServersKill(t *testing.T) {
	t.Parallel()
	rounds := roundsOf(t, "CASELEDGER_TEST_PG_KILL_ROUNDS", serverKillRounds)
	random := rand.New(rand.NewPCG(2, uint64(rounds)))
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	server := func(url string) place { return place{postgresServer, url} }
	k := &killing{t: t, data: s.data, at: s.at(), places: places{server(s.ledger), server(s.keys), server(s.views)}, outage: true,
		issuer: newIssuer(t), acknowledged: map[event.ID]bool{}}
	k.keys = keysFor(t, k.issuer)
	if code := s.serve(t, k.issuer).stop(); code != 0 {
		t.Fatalf("the first server stopped with %d", code)
	}
	k.check()
	moment := func() { <-time.After(20*time.Millisecond + time.Duration(random.Int64N(int64(280*time.Millisecond)))) }
	var slowest time.Duration
	for round := range rounds {
		k.round(func(*running) {
			moment()
			switch round % 3 {
			case 1:
				for range 3 {
					s.endSessions(t)
					moment()
				}
			case 2:
				s.Kill()
				moment()
				s.Restart(t)
			default:
				return
			}
			began := time.Now()
			heard := k.heard()
			waitFor(t, func() bool { return k.heard() > heard+killWriters })
			slowest = max(slowest, time.Since(began))
			moment()
		})
		k.check()
		if t.Failed() {
			t.Fatalf("after %d rounds", round+1)
		}
	}
	k.end()
	if rounds >= 3 && k.refused == 0 {
		t.Error("no command was ever refused: nothing failed")
	}
	t.Logf("%d rounds, %d events, %d acknowledged, %d commands repeated, %d refused for now; acknowledging again took at most %s",
		rounds, k.last, len(k.acknowledged), k.repeated, k.refused, slowest)
}

// endSessions ends every session of the program.
func (s servers) endSessions(t *testing.T) {
	t.Helper()
	db, err := sql.Open("pgx", s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	waitFor(t, func() bool {
		var ended int
		if err := db.QueryRowContext(t.Context(), "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'caseledger'").Scan(&ended); err != nil {
			t.Error(err)
		}
		return ended > 0
	})
}

// heard counts what was acknowledged.
func (k *killing) heard() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.acknowledged)
}
