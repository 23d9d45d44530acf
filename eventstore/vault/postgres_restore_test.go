//go:build postgres

package vault

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/eventstore/pgsql"
	"caseledger/eventstore/postgres/pgtest"
)

// An older copy of a keystore brings back what was destroyed since, until it is
// destroyed again, and lacks what was made since, which nothing makes again.
// docs/operations/backup-and-restore.md says so.
func TestAnOlderCopyOfTheKeystoreBringsBackWhatWasDestroyed(t *testing.T) {
	t.Parallel()
	server := pgtest.Durable(t)
	c := database(t)
	v := mustOpen(t, c)
	keys := mustEnsure(t, v, healthOf(alpha), healthOf(bravo))
	sealed := [][]byte{mustSeal(t, v, keys[0].ID, "x"), mustSeal(t, v, keys[1].ID, "y")}
	wantError(t, v.Confirm(t.Context(), number, alpha), nil)
	wantError(t, v.Destroy(t.Context(), keys[1].ID, erasure2), nil)

	copied := filepath.Join(server.Folder(), filepath.Base(c.KEKPath)+t.Name())
	server.Run(t, "pg_dump", "--format=custom", "--file="+copied, "--dbname="+c.URL)
	wantError(t, v.Destroy(t.Context(), keys[0].ID, erasure), nil)
	later := mustEnsure(t, v, healthOf(alpha))[0]
	lost := mustSeal(t, v, later.ID, "z")

	c.URL = server.Database(t)
	server.Run(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+c.URL, copied)
	restored := mustOpen(t, c)
	wantOpen(t, restored, keys[0].ID, sealed[0], "x")
	wantFound(t, restored, number, alpha)
	_, err := restored.Open(t.Context(), nil, keys[1].ID, sealed[1], someplace)
	wantError(t, err, ErrErased)
	_, err = restored.Open(t.Context(), nil, later.ID, lost, someplace)
	wantError(t, err, ErrKeyMissing)

	wantError(t, restored.Destroy(t.Context(), keys[0].ID, erasure), nil)
	_, err = restored.Open(t.Context(), nil, keys[0].ID, sealed[0], someplace)
	wantError(t, err, ErrErased)
}

// A standby can be read, takes no changes, and has every key when it takes the
// primary's place.
func TestAStandbyTakesAKeystoresPlace(t *testing.T) {
	t.Parallel()
	server, c, vaults := durable(t)
	key := mustEnsure(t, vaults[0], healthOf(alpha))[0]
	standby := server.Standby(t)
	later := mustEnsure(t, vaults[0], healthOf(bravo))[0]
	sealed := mustSeal(t, vaults[0], later.ID, "x")

	_, name, _ := strings.Cut(c.URL, "dbname=")
	name, _, _ = strings.Cut(name, " ")
	c.URL = standby.DSN(name)
	_, err := Open(t.Context(), c)
	wantError(t, err, pgsql.ErrServerReadOnly)
	c.ReadOnly = true
	beside := mustOpen(t, c)
	for deadline := time.After(5 * time.Second); ; {
		opened, err := beside.Open(t.Context(), nil, later.ID, sealed, someplace)
		if string(opened) == "x" {
			break
		}
		wantError(t, err, ErrKeyMissing) // not yet
		select {
		case <-deadline:
			t.Fatalf("after five seconds: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	server.Kill()
	standby.Promote(t)
	c.ReadOnly = false
	after := mustOpen(t, c)
	if got := mustEnsure(t, after, healthOf(alpha), healthOf(bravo)); got[0] != key || got[1] != later {
		t.Errorf("keys %v, want %v and %v", got, key, later)
	}
}
