//go:build postgres

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/eventstore/kurrent/kurrenttest"
	"caseledger/eventstore/postgres/pgtest"
)

// canaries are a user, a password and a database of nobody: what is in a
// connection string is in no output.
const (
	canaryUser     = "canary-user-7151"
	canaryPassword = "canary-password-7151"
	canaryDatabase = "canary-database-7151"
)

// TestBlackBoxServerFaults starts the program with each part of the record on a
// server that is wrong in each way. It ends with the code for it, and with one
// line that names the setting and says what to do, and nothing that it prints
// holds a part of the connection string.
func TestBlackBoxServerFaults(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{TCP: true})
	s.migrate(t)
	s.sql(t, s.DSN("postgres"), fmt.Sprintf("CREATE ROLE %q LOGIN PASSWORD 'another'", canaryUser),
		"CREATE DATABASE newer_ledger TEMPLATE ledger", "CREATE DATABASE newer_keys TEMPLATE keys", "CREATE DATABASE newer_views TEMPLATE views",
		"CREATE DATABASE empty OWNER caseledger")
	s.sql(t, s.DSN("newer_ledger"), "INSERT INTO caseledger.migrations (version, name, digest) VALUES (9999, '9999_later', '')")
	s.sql(t, s.DSN("newer_keys"), "UPDATE caseledger_keys.keystore SET version = 9999")
	for _, name := range viewNames {
		s.sql(t, s.DSN("newer_views"), "INSERT INTO "+schemaOf(name)+".store_version VALUES (9999)")
	}
	standby := s.Standby(t)
	asks := filepath.Join(s.Folder(), "data", "pg_hba.conf")
	rules, err := os.ReadFile(asks)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(asks, []byte(fmt.Sprintf("local all %q scram-sha-256\n%s", canaryUser, rules)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.sql(t, s.DSN("postgres"), "SELECT pg_reload_conf()")

	as := func(user, password, database string, of *pgtest.Server) string {
		return strings.Replace(of.DSN(database), "user=postgres", "user="+user+" password="+password, 1)
	}
	cluster := kurrenttest.Start(t, kurrenttest.Options{Nodes: 1, TLS: true, User: "admin", Password: "changeit"})
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, cluster.CA(), 0o600); err != nil {
		t.Fatal(err)
	}
	parts := []string{"ledger", "keys", "views"}
	type fault struct {
		what string
		dsn  func(part string) string
		code exit
		says []string // beside the setting
		only string   // the part; empty: each
	}
	same := func(dsn string) func(string) string { return func(string) string { return dsn } }
	for _, f := range []fault{
		{"malformed", same("postgres://" + canaryUser + ":" + canaryPassword + "@%zz/" + canaryDatabase), exitUsage, []string{"connection string"}, ""},
		{"a malformed setting", same("host=" + s.Folder() + " user=" + canaryUser + " password=" + canaryPassword + " port=" + canaryDatabase), exitUsage, []string{"connection string"}, ""},
		{"nobody listens", same("postgres://" + canaryUser + ":" + canaryPassword + "@127.0.0.1:1/" + canaryDatabase), exitUnavailable, []string{"reached", "caseledger doctor"}, ""},
		{"no such host", same("postgres://" + canaryUser + ":" + canaryPassword + "@" + canaryDatabase + ".invalid/x"), exitUnavailable, []string{"reached", "caseledger doctor"}, ""},
		{"a wrong password", func(part string) string { return as(canaryUser, canaryPassword, part, s.Server) }, exitDenied, []string{"refuse", "caseledger doctor"}, ""},
		{"no such role", func(part string) string { return as("canary-nobody-7151", canaryPassword, part, s.Server) }, exitDenied, []string{"refuse", "caseledger doctor"}, ""},
		{"no such database", same(as("caseledger", canaryPassword, canaryDatabase, s.Server)), exitNotFound, []string{"database", "caseledger migrate up"}, ""},
		{"a standby", func(part string) string { return as("caseledger", canaryPassword, part, standby) }, exitUnavailable, []string{"read-only", "caseledger doctor"}, ""},
		{"never migrated", same(as("caseledger", canaryPassword, "empty", s.Server)), exitError, []string{"caseledger migrate up"}, "ledger"},
		{"of a later version", func(part string) string { return as("caseledger", canaryPassword, "newer_"+part, s.Server) }, exitError, []string{"caseledger version"}, ""},
		{"the owner's role", func(string) string { return as("ledger_owner", canaryPassword, "ledger", s.Server) }, exitDenied, []string{"privileges"}, "ledger"},
		{"another cluster's password", same("esdb://" + canaryUser + ":" + canaryPassword + "@" + cluster.Addresses()[0] + "?tls=true&tlsCAFile=" + ca), exitDenied, []string{"credentials", "caseledger doctor"}, "ledger"},
		{"no cluster listens", same("esdb://" + canaryUser + ":" + canaryPassword + "@127.0.0.1:1?tls=true"), exitUnavailable, []string{"answered", "caseledger doctor"}, "ledger"},
		{"a cluster's malformed", same("esdb://" + canaryUser + ":" + canaryPassword + "@127.0.0.1:1?tls=" + canaryDatabase), exitUsage, []string{"connection string"}, "ledger"},
	} {
		for _, part := range parts {
			if f.only != "" && part != f.only {
				continue
			}
			secret := filepath.Join(t.TempDir(), "connection")
			if err := os.WriteFile(secret, []byte(f.dsn(part)), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, given := range []string{f.dsn(part), "file:" + secret} {
				args := append([]string{"serve", "--addr", "127.0.0.1:0", "--issuer", demoIssuer, "--audience", demoAudience, "--jwks", keysFor(t, newIssuer(t))}, s.at()...)
				ended := command(t, append(args, "--"+part, given)...)
				last := ended.errs[strings.LastIndexByte(strings.TrimSpace(ended.errs), '\n')+1:]
				if f.code == exitUsage {
					last = strings.TrimSuffix(ended.errs, "caseledger: add --help to see how it is called\n")
					last = last[strings.LastIndexByte(strings.TrimSpace(last), '\n')+1:]
				}
				if ended.code != int(f.code) {
					t.Errorf("%s, --%s: ended with %d, want %d:\n%s", f.what, part, ended.code, f.code, last)
				}
				for _, want := range append(f.says, "caseledger: ", "--"+part) {
					if !strings.Contains(last, want) {
						t.Errorf("%s, --%s: %q is not in\n%s", f.what, part, want, last)
					}
				}
				if strings.Count(ended.errs, "caseledger: ") != 1 && f.code != exitUsage {
					t.Errorf("%s, --%s: more than one line says it:\n%s", f.what, part, ended.errs)
				}
				for _, secret := range []string{canaryUser, canaryPassword, canaryDatabase, "canary", s.Folder(), "tlsCAFile"} {
					if strings.Contains(ended.out+ended.errs, secret) {
						t.Errorf("%s, --%s: %q is printed:\n%s%s", f.what, part, secret, ended.out, ended.errs)
					}
				}
				if f.code == exitUsage {
					continue
				}
				break // the two forms are told apart only where they are read
			}
		}
	}
}
