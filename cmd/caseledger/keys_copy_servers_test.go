//go:build postgres

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/postgres/pgtest"
)

// TestBlackBoxMoveToServers moves a record from its folder to servers by the
// commands of docs/operations/backup-and-restore.md, reads it there, serves it,
// and brings its keys back to a folder.
func TestBlackBoxMoveToServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	folder := filepath.Join(t.TempDir(), "folder")
	mustCommand(t, "simulate", "--journal", "alpha", "--quiet", "--data", folder)
	replay := []string{"replay", "A", "--true-on", "2026-06-01", "--known-on", "2026-06-01", "--format", "json", "--quiet"}
	was := mustCommand(t, append(replay, "--data", folder)...)
	kek := filepath.Join(folder, kekFile)

	path := filepath.Join(t.TempDir(), "ledger.bin")
	mustCommand(t, "migrate", "up", "--data", s.data, "--ledger", s.owner, "--keys", s.keys, "--views", s.views, "--key-file", kek, "--app-role", "caseledger")
	copied := mustCommand(t, "keys", "copy", "--to", s.keys, "--json", "--data", folder)
	name, checkpoint, _ := strings.Cut(mustCommand(t, "ledger", "checkpoint", "--data", folder), "\n")
	signed := filepath.Join(t.TempDir(), "checkpoint")
	if err := os.WriteFile(signed, []byte(name+"\n"+checkpoint), 0o600); err != nil {
		t.Fatal(err)
	}
	mustCommand(t, "ledger", "export", path, "--data", folder)
	s.must(t, "ledger", "import", path, "--key-file", kek)
	signer := filepath.Join(t.TempDir(), signerFile) // without what was signed last beside it
	copyFile(t, filepath.Join(folder, signerFile), signer)
	if err := os.Chmod(signer, 0o600); err != nil {
		t.Fatal(err)
	}
	s.must(t, "ledger", "recover", "--accept", signed, "--reason", "moved to servers", "--signer-key", signer)
	if f := command(t, "keys", "copy", "--to", s.keys, "--data", folder); f.code != int(exitConflict) {
		t.Errorf("a second copy ended with %d:\n%s", f.code, f.errs)
	}

	if is := s.must(t, append(replay, "--key-file", kek)...); is != was {
		t.Errorf("the servers tell another record:\n%s\nthe folder:\n%s", is, was)
	}
	r := s.serve(t, newIssuer(t), "--key-file", kek, "--signer-key", signer)
	newPerson(t, r)
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	s.must(t, "project", "check", "--quiet", "--key-file", kek)
	s.must(t, "doctor", "--quiet", "--key-file", kek)
	if is := s.must(t, append(replay, "--key-file", kek)...); is != was {
		t.Error("after it was served the record is another")
	}

	if now := s.must(t, "ledger", "checkpoint"); !strings.HasPrefix(now, name+"\n") || strings.HasPrefix(now, name+"\n"+checkpoint) {
		t.Errorf("the servers have sealed\n%s\nafter\n%s\n%s", now, name, checkpoint)
	}
	s.must(t, "verify", "--quiet", "--key-file", kek, "--checkpoint", signed)

	back := filepath.Join(t.TempDir(), "back")
	var there, here copiedKeys
	for said, into := range map[string]*copiedKeys{copied: &there, s.must(t, "keys", "copy", "--to", back, "--json", "--key-file", kek): &here} {
		if err := json.Unmarshal([]byte(said), into); err != nil {
			t.Fatal(err)
		}
	}
	if here.Keys <= there.Keys || here.Identifiers < there.Identifiers || !here.Synthetic {
		t.Errorf("what comes back is %+v, what went was %+v", here, there)
	}
	mustCommand(t, "ledger", "import", path, "--data", back, "--key-file", kek)
	if is := mustCommand(t, append(replay, "--data", back, "--key-file", kek)...); is != was {
		t.Error("what came back is another record")
	}
}
