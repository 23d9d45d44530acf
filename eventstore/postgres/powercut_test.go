//go:build linux && postgres && powercut

package postgres_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// disk is an ext4 file system of the test's own, whose power can be cut.
type disk struct {
	t             *testing.T
	image, folder string
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "clcut") // short: a socket is below it
	if err != nil {
		t.Fatal(err)
	}
	d := &disk{t, filepath.Join(t.TempDir(), "image"), folder}
	f, err := os.Create(d.image)
	if err == nil {
		err = f.Truncate(512 << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	d.run("mkfs.ext4", "-q", d.image)
	d.run("mount", "-o", "loop", d.image, folder)
	t.Cleanup(func() {
		d.run("umount", folder)
		_ = os.Remove(folder)
	})
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return d
}

// run runs a program of the system; it wants root, a loop device and e2fsprogs.
func (d *disk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("a power cut wants root and a loop device: %s: %v: %s", name, err, out)
	}
}

// cut shuts the file system down without writing its journal
// (FS_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH): what was not flushed is
// gone, also from the system's cache.
func (d *disk) cut() {
	d.t.Helper()
	f, err := os.Open(d.folder)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	noLogFlush := uint32(2)
	if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), 0x8004587d, uintptr(unsafe.Pointer(&noLogFlush))); failed != 0 {
		d.t.Fatalf("shut the file system down: %v", failed)
	}
}

// again mounts it anew, as after a start.
func (d *disk) again() {
	d.t.Helper()
	d.run("umount", d.folder)
	d.run("mount", "-o", "loop", d.image, d.folder)
}

// TestPowerCut cuts the power of the disk under a server that 8 writers append
// to: what was acknowledged is there afterwards, once, and positions are dense.
// The same server with synchronous_commit=off must lose what it acknowledged, or
// the cut is none.
func TestPowerCut(t *testing.T) {
	rounds := setting(t, "CASELEDGER_TEST_POWER_CUTS", 3, strconv.Atoi)
	d := newDisk(t)
	server := pgtest.Start(t, pgtest.Options{Durable: true, Folder: d.folder, Config: []string{"wal_writer_delay=10s"}})
	owner, role := ledgeredEmpty(t, server)
	d.run("sync", "-f", d.folder) // the server's files were made without waiting for the disk
	total := 0
	for round := range rounds {
		s, err := postgres.Open(t.Context(), postgres.Options{URL: as(role, owner), Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var mu sync.Mutex
		var acked []event.ID
		var writing sync.WaitGroup
		enough := make(chan struct{})
		for w := range 8 {
			writing.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					id := event.ID{UUID: named(7, round, w, n)}
					_, err := s.Append(ctx, event.Case(named(8, round, w, n)), 0, []eventstore.Event{{ID: id, Body: make([]byte, 500)}})
					if err != nil {
						continue // the power is off: nothing was acknowledged
					}
					mu.Lock()
					if acked = append(acked, id); len(acked) == 400 {
						close(enough)
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		d.cut()
		stop()
		writing.Wait()
		server.Kill()
		_ = s.Close() // its server is gone
		d.again()
		server.Restart(t)
		there := map[event.ID]bool{}
		after, err := postgres.Open(t.Context(), postgres.Options{URL: as(role, owner), Clock: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		var last eventstore.Position
		for e, err := range after.ReadAll(t.Context(), 0) {
			if err != nil {
				t.Fatal(err)
			}
			if last++; e.Position != last || there[e.ID] {
				t.Fatalf("round %d: entry %d is at %d, or is there twice", round, last, e.Position)
			}
			there[e.ID] = true
		}
		mustClose(t, after)
		lost := 0
		for _, id := range acked {
			if !there[id] {
				lost++
			}
		}
		if total += len(acked); lost > 0 {
			t.Errorf("round %d: %d of %d acknowledged events are lost", round, lost, len(acked))
		}
	}
	if lost := loses(t, d, server, owner); lost == 0 {
		t.Error("a server that does not wait for its disk lost nothing: the power was not cut")
	} else {
		t.Logf("%d cuts, %d acknowledged events, none lost; without waiting for the disk %d of 200 were", rounds, total, lost)
	}
}

// loses counts how many of 200 commits that did not wait for the disk are lost.
func loses(t *testing.T, d *disk, server *pgtest.Server, url string) int {
	t.Helper()
	execute(t, url, "CREATE TABLE plain (n integer)", "CHECKPOINT")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		if _, err := conn.Exec(t.Context(), fmt.Sprintf("SET synchronous_commit = off; INSERT INTO plain VALUES (%d)", n)); err != nil {
			t.Fatal(err)
		}
	}
	d.cut()
	server.Kill()
	_ = conn.Close(t.Context()) // its server is gone
	d.again()
	server.Restart(t)
	if conn, err = pgx.Connect(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var there int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM plain").Scan(&there); err != nil {
		t.Fatal(err)
	}
	return 200 - there
}
