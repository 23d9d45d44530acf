package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/verdict"
)

// altered runs statements on a database file, as its owner could.
func altered(t testing.TB, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// reported is the report of a verification in JSON.
type reported struct {
	Verdict  verdict.Verdict   `json:"verdict"`
	Entries  uint64            `json:"entries"`
	Unsealed uint64            `json:"unsealed"`
	Findings []verdict.Finding `json:"findings"`
}

func verified(t testing.TB, wanted exit, args ...string) (r reported) {
	t.Helper()
	f := command(t, append([]string{"verify", "--json", "--quiet"}, args...)...)
	if f.code != int(wanted) {
		t.Fatalf("verify %v ended with %d, want %d:\n%s%s", args, f.code, wanted, f.out, f.errs)
	}
	if err := json.Unmarshal([]byte(f.out), &r); err != nil {
		t.Fatalf("%v\n%s", err, f.out)
	}
	return r
}

func TestBlackBoxVerify(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "record")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--people", "2")
	words := mustCommand(t, "verify", "--quiet", "--data", data, "--open")
	if !strings.Contains(words, "\nintact: ") || !strings.HasSuffix(words, verdict.Limits+"\n") {
		t.Errorf("verify says\n%s", words)
	}
	whole := verified(t, exitOK, "--data", data, "--full")
	if whole.Verdict != verdict.Intact || whole.Entries < 100 || whole.Unsealed != 0 {
		t.Errorf("%+v", whole)
	}

	dir := dataDir(data)
	o := opening{dir: dir, mode: reading, now: time.Now, random: rand.Reader}
	shelf, err := o.openShelf(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shelf.Close() }()
	kept := filepath.Join(t.TempDir(), "kept")
	signed, err := shelf.Load(t.Context(), ledger.RegisterCheckpoint)
	if err == nil {
		err = os.WriteFile(kept, signed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	verified(t, exitOK, "--data", data, "--since", kept)
	verified(t, exitOK, "--data", data, "--checkpoint", kept, "--without-keys")
	for _, args := range [][]string{{"--since", kept, "--full"}, {"--since", kept, "--checkpoint", kept}, {"--open", "--without-keys"}, {"one", "two"}} {
		if f := command(t, append([]string{"verify", "--data", data}, args...)...); f.code != int(exitUsage) {
			t.Errorf("verify %v ended with %d", args, f.code)
		}
	}
	if f := command(t, "verify", "--data", t.TempDir()); f.code != int(exitNotFound) {
		t.Errorf("verify of nothing ended with %d", f.code)
	}

	altered(t, dir.file(keysFile), "DELETE FROM keys WHERE key_id = (SELECT min(key_id) FROM keys)")
	if r := verified(t, exitIntegrity, "--data", data); r.Verdict != verdict.KeyMissing || r.Findings[0].Key == "" {
		t.Errorf("a key deleted: %+v", r)
	}
	if a, err := ledger.ReadAlarm(t.Context(), shelf); err != nil || a == nil || a.Code != ledger.AlarmVerification {
		t.Errorf("the alarm is %+v, %v", a, err)
	}
	altered(t, dir.file(ledgerFile), "UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 40", "DELETE FROM events WHERE position = 60")
	r := verified(t, exitIntegrity, "--data", data)
	if r.Verdict != verdict.Tampered || len(r.Findings) < 2 || !r.Findings[0].Names(40) || !r.Findings[1].Names(60) {
		t.Errorf("two entries altered: %+v", r)
	}
	f := command(t, "verify", "--data", data)
	if f.code != int(exitIntegrity) || !strings.Contains(f.out, "TAMPERED at entry 40: ") || !strings.Contains(f.errs, "TAMPERED at entry 40") {
		t.Errorf("in words, with %d:\n%s%s", f.code, f.out, f.errs)
	}
	if err := os.RemoveAll(dir.file(tilesFolder)); err != nil {
		t.Fatal(err)
	}
	f = command(t, "verify", "--data", data)
	if f.code != int(exitIntegrity) || !strings.Contains(f.out, "there is no checkpoint, and entries were sealed") || !strings.Contains(f.errs, "could not be raised") {
		t.Errorf("without a shelf, with %d:\n%s%s", f.code, f.out, f.errs)
	}
}
