//go:build postgres

package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/postgres/pgtest"
)

// servers is a record on PostgreSQL: a ledger whose tables belong to one role and
// are written by another, and the keys and the read models in databases of that
// one's own.
type servers struct {
	*pgtest.Server
	owner, ledger, keys, views string // connection strings
	data                       string // the folder of the key-encryption key
}

func newServers(t testing.TB, o pgtest.Options) servers {
	t.Helper()
	o.Durable = true // the keystore asks for it
	s := servers{Server: pgtest.Start(t, o), data: filepath.Join(t.TempDir(), "data")}
	s.sql(t, s.DSN("postgres"), "CREATE ROLE ledger_owner LOGIN", "CREATE ROLE caseledger LOGIN",
		"CREATE DATABASE ledger OWNER ledger_owner", "CREATE DATABASE keys OWNER caseledger", "CREATE DATABASE views OWNER caseledger")
	as := func(role, database string) string {
		return strings.Replace(s.DSN(database), "user=postgres", "user="+role, 1)
	}
	s.owner, s.ledger = as("ledger_owner", "ledger"), as("caseledger", "ledger")
	s.keys, s.views = as("caseledger", "keys"), as("caseledger", "views")
	if err := os.Mkdir(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s servers) sql(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, one := range statements {
		if _, err := db.ExecContext(t.Context(), one); err != nil {
			t.Fatalf("%s: %v", one, err)
		}
	}
}

// at are the settings of the record.
func (s servers) at() []string {
	return []string{"--data", s.data, "--ledger", s.ledger, "--keys", s.keys, "--views", s.views}
}

func (s servers) must(t testing.TB, args ...string) string {
	t.Helper()
	return mustCommand(t, append(args, s.at()...)...)
}

func (s servers) migrate(t testing.TB) {
	t.Helper()
	mustCommand(t, "migrate", "up", "--data", s.data, "--ledger", s.owner, "--keys", s.keys, "--views", s.views, "--app-role", "caseledger", "--synthetic")
}

// serve starts a process that serves the record, and waits until it is ready.
func (s servers) serve(t testing.TB, issuer *tokenIssuer, more ...string) *running {
	t.Helper()
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience, "--jwks", keysFor(t, issuer)}, s.at()...)
	r := start(t, append(args, more...)...)
	r.issuer = issuer
	r.address = strings.TrimPrefix(r.line("serving "), "serving ")
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusOK })
	return r
}

// probe is the status of a probe; 0 if nobody answers.
func (r *running) probe(path string) int {
	p, err := r.client.Get(r.address + path)
	if err != nil {
		return 0
	}
	_ = p.Body.Close()
	return p.StatusCode
}

// figure is a figure of /metrics; -1 if it is not there.
func (r *running) figure(t testing.TB, name string) float64 {
	t.Helper()
	p, err := r.client.Get(r.address + "/metrics")
	if err != nil {
		return -1
	}
	raw, err := io.ReadAll(p.Body)
	_ = p.Body.Close()
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(raw)) {
		var n float64
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if _, err := fmt.Sscan(rest, &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

// TestBlackBoxServers serves a record on PostgreSQL from nothing, writes to it and
// reads it back, and runs every command that opens a record.
func TestBlackBoxServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	f := command(t, append([]string{"serve", "--quiet"}, s.at()...)...)
	if f.code != int(exitError) || !strings.Contains(f.errs, "caseledger migrate up") {
		t.Errorf("serving what was not migrated ended with %d:\n%s", f.code, f.errs)
	}
	if got := s.status(t); got["ledger"] != pending || got["views"] != pending {
		t.Errorf("before anything was migrated: %v", got)
	}
	s.migrate(t)
	if got := s.status(t); got["ledger"] != applied || got["keys"] != applied || got["views"] != applied {
		t.Errorf("after the migration: %v", got)
	}
	s.migrate(t) // changes nothing
	issuer := newIssuer(t)
	r := s.serve(t, issuer)
	who := newPerson(t, r)
	s.must(t, "doctor", "--quiet")
	for _, args := range [][]string{{"events", "list", "--json"}, {"findings", "list", "--json"}, {"project", "status", "--json"},
		{"replay", who.String()}, {"policy", "diff", "HH-RS-1", "HH-RS-1"}} {
		f := command(t, append(args, s.at()...)...)
		if f.code != 0 && args[0] != "policy" {
			t.Errorf("%v ended with %d:\n%s", args, f.code, f.errs)
		}
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	s.must(t, "project", "check", "--quiet")
	s.must(t, "findings", "run", "--quiet")
	s.must(t, "doctor", "--quiet")
}

// status is how the parts of the record stand; a part with a pending step is.
func (s servers) status(t testing.TB) map[string]string {
	t.Helper()
	out := mustCommand(t, "migrate", "status", "--json", "--data", s.data, "--ledger", s.owner, "--keys", s.keys, "--views", s.views)
	got := map[string]string{}
	for line := range strings.Lines(out) {
		var one migrationStep
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if got[one.Part] != pending {
			got[one.Part] = one.State
		}
	}
	return got
}

// TestBlackBoxFromFolderToServers copies a record from a data folder to
// PostgreSQL: entries, bytes, positions and read models are the same.
func TestBlackBoxFromFolderToServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	data := filepath.Join(t.TempDir(), "simulated")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--people", "40", "--seed", "5", "--breaches", "0.5")
	path := filepath.Join(t.TempDir(), "ledger.bin")
	exported := mustCommand(t, "ledger", "export", path, "--quiet", "--json", "--data", data)
	s.migrate(t)
	on := []string{"--data", data, "--ledger", s.ledger, "--views", s.views}
	with := func(args ...string) string {
		t.Helper()
		return mustCommand(t, append(append(args, "--quiet"), on...)...)
	}
	if imported := with("ledger", "import", path, "--json"); imported != exported {
		t.Errorf("imported %s, exported %s", imported, exported)
	}
	if f := command(t, append([]string{"ledger", "import", path}, on...)...); f.code != int(exitConflict) {
		t.Errorf("a second import ended with %d: %s", f.code, f.errs)
	}
	if with("events", "export", "--format", "jsonl") != mustCommand(t, "events", "export", "--format", "jsonl", "--data", data, "--quiet") {
		t.Error("the entries on the server are others")
	}
	again := filepath.Join(t.TempDir(), "again.bin")
	if with("ledger", "export", again, "--json") != exported {
		t.Error("what is exported from the server has other bytes")
	}
	issuer := newIssuer(t)
	r := start(t, append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--jwks", keysFor(t, issuer)}, on...)...)
	r.issuer, r.address = issuer, strings.TrimPrefix(r.line("serving "), "serving ")
	waitFor(t, func() bool { return r.probe("/health/readiness") == http.StatusOK })
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	theirs, ours := digests(t, with("project", "check", "--json")), digests(t, mustCommand(t, "project", "check", "--json", "--quiet", "--data", data))
	if len(ours) < 50 {
		t.Errorf("only %d read models are compared", len(ours))
	}
	for model, digest := range ours {
		if theirs[model] != digest {
			t.Errorf("read model %s differs: %s on the server, %s in the folder", model, theirs[model], digest)
		}
	}
}

// digests are the digests of read models by their side and name.
func digests(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(out) {
		var one refolded
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		all[one.Side+"/"+one.Model] = fmt.Sprintf("%s of %d rows", one.Digest, one.Rows)
	}
	return all
}
