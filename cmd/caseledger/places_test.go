package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const hush = "s3cret-of-nobody"

func TestAConnectionStringSaysWhichEngine(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return "file:" + path
	}
	all := []engine{postgresServer, kurrentCluster}
	for _, c := range []struct {
		value string
		want  engine // empty: refused
	}{
		{"", sqliteFile},
		{"postgres://u:" + hush + "@db.invalid/ledger", postgresServer},
		{"postgresql://db.invalid/ledger", postgresServer},
		{"host=/run/postgresql dbname=ledger password=" + hush, postgresServer},
		{"esdb://u:" + hush + "@a.invalid:2113,b.invalid:2113?tls=true", kurrentCluster},
		{"kurrentdb+discover://a.invalid", kurrentCluster},
		{file("one", "postgres://u:"+hush+"@db.invalid/ledger\n", 0o600), postgresServer},
		{strings.Replace(file("two", "kurrentdb://a.invalid", 0o440), "file:", "file://", 1), kurrentCluster},
		{file("open", "postgres://u:"+hush+"@db.invalid/ledger", 0o644), ""},
		{file("lines", "postgres://u:"+hush+"@db.invalid/ledger\nand more", 0o600), ""},
		{file("empty", "\n", 0o600), ""},
		{file("again", "file:"+folder+"/one", 0o600), ""},
		{"file:" + folder + "/none", ""},
		{"mysql://u:" + hush + "@db.invalid/ledger", ""},
		{hush, ""},
	} {
		got, err := connection("ledger", c.value, all...)
		switch {
		case c.want == "" && (!errors.Is(err, errUsage) || strings.Contains(err.Error(), hush)):
			t.Errorf("%q: got %v and error %v, want a mistake of usage that hides it", c.value, got, err)
		case c.want != "" && (err != nil || got.engine() != c.want):
			t.Errorf("%q: got %v and error %v, want %s", c.value, got, err, c.want)
		}
		if text := fmt.Sprintf("%v %+v %#v %s", got, got, got, got); strings.Contains(text, hush) {
			t.Errorf("%q is printed as %s", c.value, text)
		}
	}
	if _, err := connection("keys", "kurrentdb://a.invalid", postgresServer); !errors.Is(err, errUsage) {
		t.Errorf("an engine that keeps no keys: got %v", err)
	}
}

func TestConnectionStringsAreNotPrinted(t *testing.T) {
	t.Parallel()
	secret := "postgres://u:" + hush + "@127.0.0.1:1/x?connect_timeout=1"
	for _, args := range [][]string{
		{"doctor", "--ledger", secret}, {"serve", "--ledger", secret, "--keys", secret, "--views", secret},
		{"serve", "--ledger", "host=127.0.0.1 port=1 password=" + hush}, {"events", "list", "--ledger", "postgres://u:" + hush + "@%zz"},
		{"migrate", "up", "--ledger", secret}, {"ledger", "export", "-", "--ledger", secret}, {"project", "status", "--views", secret, "--ledger", secret},
		{"demo", "--views", secret}, {"simulate", "--people", "1", "--ledger", secret}, {"serve", "--role", "worker", "--ledger", secret},
		{"serve", "--ledger", "kurrentdb://u:" + hush + "@127.0.0.1:1"},
		{"keys", "copy", "--to", secret, "--keys", secret}, {"keys", "copy", "--to", "mysql://u:" + hush + "@127.0.0.1:1"},
	} {
		out, errs, code := call(t, []string{"CASELEDGER_DATA=" + filepath.Join(t.TempDir(), "data")}, args...)
		if code == 0 || strings.Contains(out+errs, hush) {
			t.Errorf("%v ended with %d and said:\n%s%s", args, code, out, errs)
		}
	}
	if got := shown(setting{secret: true}, "file:/run/secrets/ledger"); got != "file:/run/secrets/ledger" {
		t.Errorf("where a secret is, is shown as %q", got)
	}
}

func TestRolesWantPlacesThatProcessesShare(t *testing.T) {
	t.Parallel()
	server := place{postgresServer, "postgres://db.invalid"}
	for _, c := range []struct {
		at      places
		role    string
		refused bool
	}{
		{places{}, "worker", false},
		{places{server, server, server}, "web", false},
		{places{server, place{}, place{}}, "all", false},
		{places{server, place{}, server}, "worker", true},
		{places{place{}, place{}, server}, "web", true},
	} {
		if err := c.at.serves(c.role); (err != nil) != c.refused {
			t.Errorf("%v as %s: got %v", c.at, c.role, err)
		}
	}
	for _, c := range []struct {
		at   places
		role string
		want duties
	}{
		{places{}, "all", duties{answers: true, projects: true, judges: true}},
		{places{}, "web", duties{answers: true, judges: true}},
		{places{}, "worker", duties{projects: true}},
		{places{server, server, server}, "all", duties{true, true, true, true}},
		{places{server, server, server}, "web", duties{answers: true, elected: true}},
		{places{server, server, server}, "worker", duties{projects: true, judges: true, elected: true}},
	} {
		if got := dutiesOf(c.role, c.at); got != c.want {
			t.Errorf("%v as %s: got %+v, want %+v", c.at, c.role, got, c.want)
		}
	}
}
