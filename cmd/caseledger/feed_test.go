package main

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// TestBlackBoxFeedPassesAPoisonEvent alters a sealed box in the ledger: the
// feed goes on past the entry, which only who sees everything sees.
func TestBlackBoxFeedPassesAPoisonEvent(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	db, err := sql.Open("sqlite", "file:"+filepath.Join(data, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	var poisoned int
	var sealed []byte
	if err := db.QueryRowContext(t.Context(), "SELECT position, body FROM events WHERE substr(stream, 1, 1) = x'01' ORDER BY position DESC LIMIT 1").Scan(&poisoned, &sealed); err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := db.ExecContext(t.Context(), "UPDATE events SET body = ? WHERE position = ?", sealed, poisoned); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := serveData(t, data)
	newPerson(t, r)
	type row struct {
		Entry string `json:"entry"`
		Type  string `json:"type"`
	}
	var all, own []row
	r.as("AUD1").get("/api/v1/events?limit=500", &all)
	r.as("NUR1").get("/api/v1/events?limit=500", &own)
	broken := slices.IndexFunc(all, func(r row) bool { return r.Entry == strconv.Itoa(poisoned) })
	if broken < 0 || broken == len(all)-1 || all[broken].Type == "" {
		t.Errorf("the auditor sees %d entries, want the one at %d among them, with its type, and what came after", len(all), poisoned)
	}
	if len(own) == 0 || len(own) >= len(all) {
		t.Errorf("the nurse sees %d entries of %d", len(own), len(all))
	}
}
