//go:build postgres

package vault

import (
	"path/filepath"
	"testing"

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
