//go:build postgres

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/eventstore/postgres/pgtest"
)

// TestBlackBoxReadmeServers runs, as they stand, the lines of README.md that make,
// serve and look at a record on servers.
func TestBlackBoxReadmeServers(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newServers(t, pgtest.Options{})
	folder := filepath.Join(t.TempDir(), "servers")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]string{"owner.url": s.owner, "ledger.url": s.ledger, "keys.url": s.keys, "views.url": s.views} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(dsn+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := 0
	for line := range strings.Lines(string(readme)) {
		text, ours := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/caseledger ")
		if !ours || !strings.Contains(text, "./servers/") {
			continue
		}
		lines++
		args := strings.Fields(strings.ReplaceAll(text, "./servers", folder))
		if args[0] != "serve" {
			if out := mustCommand(t, args...); out == "" {
				t.Errorf("line %d says nothing", lines)
			}
			continue
		}
		served := start(t, append(args, "--addr", "127.0.0.1:0")...) // the usual port may be another's
		served.line("serving ")
		if code := served.stop(); code != 0 {
			t.Errorf("the server stopped with %d:\n%s", code, served.errs)
		}
	}
	if lines != 3 {
		t.Errorf("%d lines, want the three of a record on servers", lines)
	}
}
