package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/sqlite"
)

// victimEnv names the database to a child process that is to be killed.
const victimEnv = "CASELEDGER_TEST_SQLITE_VICTIM"

// victim appends with eight writers until it is killed, and prints each event
// once it is acknowledged: its position and the name of its id.
func victim(path string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Path: path, Clock: time.Now})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	begin, err := s.Head(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var printing sync.Mutex
	for w := range 8 {
		go func() {
			stream, held := event.Case(named(1, int(begin), w)), eventstore.Revision(0)
			for i := 0; ; i++ {
				name := []int{2, int(begin), w, i}
				batch := []eventstore.Event{{ID: event.ID{UUID: named(name...)}, Body: make([]byte, 500)}}
				if i%3 == 0 {
					batch = append([]eventstore.Event{{ID: event.ID{UUID: named(append(name, 1)...)}}}, batch...)
				}
				got, err := s.Append(ctx, stream, held, batch)
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				held = got.Revision
				printing.Lock()
				fmt.Println(got.Last, name[1], w, i)
				printing.Unlock()
			}
		}()
	}
	select {}
}

// A process that is killed in the middle of its work leaves every event that
// it acknowledged, no gap, and no half batch.
func TestKilledWhileAppending(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	acknowledged := map[eventstore.Position]event.ID{}
	for _, kill := range []int{1, 30, 300, 1000, 3000} {
		child := exec.CommandContext(t.Context(), self)
		child.Env = append(os.Environ(), victimEnv+"="+path)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1; lines.Scan(); n++ {
			var position eventstore.Position
			name := []int{2, 0, 0, 0}
			if _, err := fmt.Sscan(lines.Text(), &position, &name[1], &name[2], &name[3]); err != nil {
				break // the line that the kill cut off
			}
			acknowledged[position] = event.ID{UUID: named(name...)}
			if n == kill/2 {
				besideVictim(t, path, position)
			}
			if n == kill {
				if err := child.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := child.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		afterCrash(t, path, acknowledged)
	}
	t.Logf("%d acknowledged batches survived", len(acknowledged))
}

// besideVictim checks what another process may do while the writer lives.
func besideVictim(t *testing.T, path string, acknowledged eventstore.Position) {
	t.Helper()
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Clock: time.Now}); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("a second writing process: got error %v, want ErrInUse", err)
	}
	reader := open(t, sqlite.Options{Path: path, ReadOnly: true})
	n, err := readAll(t.Context(), reader)
	if err != nil || n < int(acknowledged) {
		t.Errorf("a reading process: got %d events and error %v, want at least %d", n, err, acknowledged)
	}
	mustClose(t, reader)
}

func afterCrash(t *testing.T, path string, acknowledged map[eventstore.Position]event.ID) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Clock: time.Now})
	if err != nil {
		t.Fatalf("open after a crash: %v", err)
	}
	defer mustClose(t, s)
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	found := 0
	var before eventstore.Stored
	for e, err := range s.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if id, ok := acknowledged[e.Position]; ok {
			found++
			if e.ID != id {
				t.Errorf("position %d holds another event than was acknowledged", e.Position)
			}
		}
		if len(before.Body) == 0 && before.Position > 0 && before.Stream != e.Stream {
			t.Errorf("position %d begins a batch that does not end", before.Position)
		}
		before = e
	}
	if found != len(acknowledged) {
		t.Errorf("%d of %d acknowledged batches are there", found, len(acknowledged))
	}
	if len(before.Body) == 0 && before.Position > 0 {
		t.Errorf("the ledger ends in the middle of a batch")
	}
}
