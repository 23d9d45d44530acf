package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ours are the packages of this module that the program may be made of: none
// that stores, hashes, signs, packs or serves.
var ours = []string{"caseledger/cmd/caseledger-verify", "caseledger/eventstore/ledger/offline", "caseledger/eventstore/ledger/verdict"}

// forbidden says what a package must not be for the program to be what it says.
func forbidden(path string) bool {
	if strings.HasPrefix(path, "caseledger/") {
		return !slices.Contains(ours, path)
	}
	for _, p := range []string{"net", "net/http", "crypto/tls", "database/sql", "os/exec", "plugin", "archive/zip",
		"golang.org/x/mod/sumdb/tlog", "github.com/jackc/pgx/v5", "modernc.org/sqlite"} {
		if path == p || strings.HasPrefix(path, p+"/") {
			return true
		}
	}
	return false
}

func goCommand(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out
}

// Neither a network, nor a database, nor another program, nor the ledger's own
// code is in the program.
func TestWhatTheProgramIsMadeOf(t *testing.T) {
	t.Parallel()
	packages := strings.Fields(string(goCommand(t, ".", "list", "-deps", ".")))
	if len(packages) < 20 || !slices.Contains(packages, "github.com/transparency-dev/merkle/proof") {
		t.Fatalf("the list of packages is none: %q", packages)
	}
	for _, p := range packages {
		if forbidden(p) {
			t.Errorf("the program is linked with %s", p)
		}
	}
	for _, p := range []string{"net", "net/http", "os/exec", "database/sql/driver", "caseledger/eventstore/codec", "caseledger/eventstore/ledger", "golang.org/x/mod/sumdb/tlog"} {
		if !forbidden(p) {
			t.Errorf("%s would pass", p)
		}
	}
}

// The same source gives the same program, wherever it lies.
func TestTheProgramIsReproducible(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	copyFile(t, root, elsewhere, "go.mod")
	copyFile(t, root, elsewhere, "go.sum")
	for _, p := range ours {
		dir := strings.TrimPrefix(p, "caseledger/")
		files, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f.Name(), ".go") && !strings.HasSuffix(f.Name(), "_test.go") {
				copyFile(t, root, elsewhere, filepath.Join(dir, f.Name()))
			}
		}
	}
	var programs [2][]byte
	for i, dir := range []string{root, elsewhere} {
		out := filepath.Join(t.TempDir(), "caseledger-verify")
		goCommand(t, dir, "build", "-trimpath", "-buildvcs=false", "-o", out, "./cmd/caseledger-verify")
		if programs[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Errorf("two builds differ: %d and %d bytes", len(programs[0]), len(programs[1]))
	}
	t.Logf("the program has %d bytes", len(programs[0]))
	if len(programs[0]) > 8<<20 {
		t.Error("a verifier that is to be looked through is not larger than 8 MiB")
	}
}

func copyFile(t *testing.T, from, to, name string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from, name))
	at := filepath.Join(to, name)
	if err = errors.Join(err, os.MkdirAll(filepath.Dir(at), 0o700), os.WriteFile(at, b, 0o600)); err != nil {
		t.Fatal(err)
	}
}
