//go:build postgres

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/eventstore/postgres/pgtest"
)

// What is wrong with a server has a name and an exit code, and leaves the data
// folder as it was.
func TestServersThatCannotServe(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	with := func(dsn, from, to string) string { return strings.Replace(dsn, from, to, 1) }
	s.migrate(t)
	s.sql(t, s.DSN("postgres"), "CREATE DATABASE newer OWNER ledger_owner")
	newer := with(s.owner, "dbname=ledger", "dbname=newer")
	mustCommand(t, "migrate", "up", "--data", s.data, "--ledger", newer, "--app-role", "caseledger")
	s.sql(t, newer, "INSERT INTO caseledger.migrations (version, name, digest) VALUES (999, 'later', 'x')")
	for _, c := range []struct {
		what                string
		ledger, keys, views string
		says                string
		code                exit
	}{
		{"nobody listens", "postgres://127.0.0.1:1/ledger", s.keys, s.views, "cannot be reached", exitUnavailable},
		{"nobody listens for the keys", s.ledger, "postgres://127.0.0.1:1/keys", s.views, "cannot be reached", exitUnavailable},
		{"nobody listens for the views", s.ledger, s.keys, "postgres://127.0.0.1:1/views", "cannot be reached", exitUnavailable},
		{"no such database", with(s.ledger, "dbname=ledger", "dbname=none"), s.keys, s.views, "does not exist", exitNotFound},
		{"no such role", with(s.ledger, "user=caseledger", "user=nobody"), s.keys, s.views, "credentials", exitDenied},
		{"a malformed string", "postgres://%zz", s.keys, s.views, "malformed", exitUsage},
		{"the owner's role", s.owner, s.keys, s.views, "privileges", exitDenied},
		{"not migrated", with(s.ledger, "dbname=ledger", "dbname=postgres"), s.keys, s.views, "caseledger migrate up", exitError},
		{"a newer schema", with(s.ledger, "dbname=ledger", "dbname=newer"), s.keys, s.views, "newer than this program", exitError},
		{"the keys beside the ledger", s.ledger, s.DSN("ledger"), s.views, "shares its database", exitError},
	} {
		_, errs, code := call(t, nil, "serve", "--quiet", "--addr", "127.0.0.1:0", "--data", s.data, "--ledger", c.ledger, "--keys", c.keys, "--views", c.views)
		if code != int(c.code) || !strings.Contains(errs, c.says) {
			t.Errorf("%s: ended with %d and said %q, want %d and %q", c.what, code, errs, c.code, c.says)
		}
	}
	if _, err := os.Stat(filepath.Join(s.data, ledgerFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger was made in the data folder (%v)", err)
	}
}
