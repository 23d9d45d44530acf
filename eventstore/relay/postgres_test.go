//go:build postgres

package relay_test

import (
	"database/sql"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/postgres/pgtest"
	"caseledger/eventstore/relay"
)

// A relay whose keep is on a PostgreSQL that is killed goes on when it is there
// again; nothing is lost, held messages are not either, and the order is kept.
func TestTheKeepsServerIsKilled(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t, pgtest.Options{Durable: true})
	db, err := sql.Open("pgx", s.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := keep.MakeRelay(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if w.keep, err = keep.OpenRelay(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	d := newTold()
	d.refuse = func(_ string, attempt int) error {
		if attempt == 1 {
			return &relay.Failure{Reason: relay.Refused} // so that each is held once
		}
		return nil
	}
	c := w.config(destination("a", d))
	c.Destinations[0].Retries = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	r, stop := start(t, c)
	recorded := map[int][]event.ID{}
	for range 2 {
		for who := range 5 {
			recorded[who] = append(recorded[who], w.notices(who, 5)...)
		}
		t.Log("kill")
		s.Kill()
		for who := range 5 {
			recorded[who] = append(recorded[who], w.notices(who, 1)...)
		}
		t.Log("restart")
		s.Restart(t)
		t.Log("restarted")
	}
	until(t, "all to be published", func() bool { return w.through(r) })
	_ = stop()
	inOrder(t, recorded, d.ids())
	if all, err := r.Status(t.Context()); err != nil || all[0].EverParked > 0 {
		t.Errorf("status %+v, %v", all, err)
	}
}
