//go:build postgres

package postgres_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// smallEnv names a folder of a small file system, for who may not mount one.
const smallEnv = "CASELEDGER_TEST_PG_SMALL"

// small is a folder of a file system of so many MB, for a server's account.
func small(t *testing.T, size int) string {
	t.Helper()
	if folder := os.Getenv(smallEnv); folder != "" {
		return folder
	}
	folder, err := os.MkdirTemp("/tmp", "clfs") //nolint:usetesting // it outlives the mount, and is below nobody else's folder
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=1777", size), "tmpfs", folder).CombinedOutput(); err != nil {
		t.Fatalf("this test needs a file system that it can fill: run it as root, or name a folder of a small one in %s (mount: %v: %s)", smallEnv, err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", folder).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
		if err := os.Remove(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// ballast takes up space until it is removed.
func ballast(t *testing.T, folder string, size int) string {
	t.Helper()
	path := filepath.Join(folder, "ballast")
	if err := os.WriteFile(path, make([]byte, size<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// filling appends until there is no room, and then, with room again, once more.
type filling struct {
	s     *postgres.Store
	acked []acknowledged
}

func (f *filling) append(t *testing.T) error {
	t.Helper()
	n := len(f.acked)
	a := acknowledged{ids: []event.ID{{UUID: named(2, n)}}}
	got, err := f.s.Append(t.Context(), event.Case(named(1, n)), 0, []eventstore.Event{{ID: a.ids[0], Body: make([]byte, 40000)}})
	if err == nil {
		a.last = got.Last
		f.acked = append(f.acked, a)
	}
	return err
}

func (f *filling) untilFull(t *testing.T) error {
	t.Helper()
	for range 10000 {
		if err := f.append(t); err != nil {
			return err
		}
	}
	t.Fatal("the file system does not become full")
	return nil
}

func (f *filling) mustGoOn(t *testing.T) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		err := f.append(t)
		if err == nil {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-deadline:
			t.Fatalf("ten seconds after there is room: %v", err)
		}
	}
	all, err := ledger(t.Context(), f.s)
	if err != nil {
		t.Fatal(err)
	}
	mustHold(t, all, f.acked, true)
}

// A full disk under the events refuses appends, truly, and nothing else.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t)
	folder := filepath.Join(small(t, 24), "space")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if owner, err := os.Stat(server.Folder()); err != nil {
		t.Fatal(err)
	} else if s := owner.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
		if err := os.Chown(folder, int(s.Uid), int(s.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, server.DSN("postgres"), "CREATE ROLE filler LOGIN", "CREATE TABLESPACE small LOCATION '"+folder+"'", "CREATE DATABASE small TABLESPACE small")
	t.Cleanup(func() {
		execute(t, server.DSN("postgres"), "DROP DATABASE small WITH (FORCE)", "DROP TABLESPACE small")
	})
	url := server.DSN("small")
	migrate(t, url, "filler")
	room := ballast(t, filepath.Dir(folder), 4)
	f := &filling{s: open(t, postgres.Options{URL: as("filler", url), Clock: time.Now})}
	for range 3 {
		if err := f.untilFull(t); !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknown) || sqlState(err) != "53100" {
			t.Fatalf("append on a full disk: got error %v, want unavailable", err)
		}
	}
	if all, err := ledger(t.Context(), f.s); err != nil || len(all) != len(f.acked) {
		t.Errorf("read %d events and error %v, want the %d that were acknowledged", len(all), err, len(f.acked))
	}
	if err := os.Remove(room); err != nil {
		t.Fatal(err)
	}
	f.mustGoOn(t)
}

// A full disk under the write-ahead log stops the server itself. No event that
// was acknowledged is lost, and appends go on once the server does.
func TestFullLog(t *testing.T) {
	t.Parallel()
	folder := small(t, 170)
	server := pgtest.Start(t, pgtest.Options{Folder: folder, Config: []string{"max_wal_size=64MB", "min_wal_size=32MB", "autovacuum=off"}})
	room := ballast(t, folder, 40)
	owner, role := ledgeredEmpty(t, server)
	f := &filling{s: open(t, postgres.Options{URL: as(role, owner), Clock: time.Now})}
	if err := f.untilFull(t); !errors.Is(err, eventstore.ErrUnavailable) && !errors.Is(err, eventstore.ErrUnknown) {
		t.Fatalf("append on a full disk: got error %v, want unavailable or unknown", err)
	}
	if err := os.Remove(room); err != nil {
		t.Fatal(err)
	}
	server.Kill() // it may be down, or be trying to recover
	server.Restart(t)
	f.mustGoOn(t)
}
