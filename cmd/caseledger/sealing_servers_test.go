//go:build postgres

package main

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/postgres/pgtest"
)

// TestSealsOnServers has a record on PostgreSQL sealed, ended and succeeded, with
// what was signed last beside the keys, and the tiles beside the read models.
func TestSealsOnServers(t *testing.T) {
	t.Parallel()
	s := newServers(t, pgtest.Options{})
	s.migrate(t)
	o := opening{dir: dataDir(s.data), mode: writing, now: time.Now, random: rand.Reader,
		at: places{ledger: place{postgresServer, s.ledger}, keys: place{postgresServer, s.keys}, views: place{postgresServer, s.views}}}
	seal := func() (is sealingStatus) {
		t.Helper()
		r, err := o.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.close() }()
		if err := o.sealAll(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(s.must(t, "ledger", "status", "--json")), &is); err != nil || is.Sealed == 0 || is.Sealed != is.Entries || is.Remembered != is.Sealed {
			t.Errorf("%+v is sealed (%v)", is, err)
		}
		return is
	}
	was := seal()
	if checkpoint := s.must(t, "ledger", "checkpoint"); !strings.HasPrefix(checkpoint, was.Origin+"\n") {
		t.Errorf("the checkpoint of %s is\n%s", was.Origin, checkpoint)
	}
	succeed := []string{"ledger", "recover", "--succeed-by", "ledger.hub.example/2027", "--reason", "an hour was lost", "--yes", "--quiet"}
	s.must(t, succeed...)
	if kept, err := filepath.Glob(filepath.Join(s.data, "signer-key.retired1")); err != nil || len(kept) != 1 {
		t.Errorf("the old key is not kept: %v, %v", kept, err)
	}
	is := seal()
	if p := is.Predecessor; is.Origin != "ledger.hub.example/2027" || is.Root != was.Root || p == nil || p.Origin != was.Origin || p.Checkpoint == "" {
		t.Errorf("the successor of %+v is %+v", was, is)
	}
	if f := command(t, append(succeed, s.at()...)...); f.code != int(exitConflict) {
		t.Errorf("once more ended with %d:\n%s", f.code, f.errs)
	}
	s.sql(t, s.views, "SELECT count(*) FROM caseledger_tiles_retired1.object")
}
