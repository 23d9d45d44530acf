package keep_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
)

// shelfProcess names, in the environment of a process of this test, the folder
// that it is to work on.
const shelfProcess = "CASELEDGER_TEST_SHELF_PROCESS"

func TestMain(m *testing.M) {
	if folder, ok := os.LookupEnv(shelfProcess); ok {
		fmt.Println(putAndCount(folder, os.Args[1]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// putAndCount puts objects and counts in a register, and says so, for ever.
func putAndCount(folder, name string) error {
	s, err := keep.OpenShelfFolder(folder)
	if err != nil {
		return err
	}
	ctx := context.Background()
	for n := 0; ; n++ {
		var objects []ledger.Object
		for i := range 5 {
			objects = append(objects, ledger.Object{Name: fmt.Sprintf("%s/%d/%d", name, n, i), Bytes: []byte(strings.Repeat(name, 8192))})
		}
		if err := s.Put(ctx, objects...); err != nil {
			return err
		}
		for {
			old, err := s.Load(ctx, "count")
			if err != nil {
				return err
			}
			err = s.Swap(ctx, "count", old, append(old, name...))
			if err == nil {
				break
			}
			if !errors.Is(err, ledger.ErrMoved) {
				return err
			}
		}
		fmt.Println(n)
	}
}

func TestShelfMemory(t *testing.T) {
	t.Parallel()
	ledgertest.RunShelf(t, func(*testing.T) func() ledger.Shelf {
		s := &keep.ShelfMemory{}
		return func() ledger.Shelf { return s }
	})
}

// A shelf that was told of no fault has none.
func TestShelfFaulty(t *testing.T) {
	t.Parallel()
	ledgertest.RunShelf(t, func(*testing.T) func() ledger.Shelf {
		s := ledgertest.NewFaulty(&keep.ShelfMemory{}, nil)
		return func() ledger.Shelf { return s }
	})
}

func openFolder(t *testing.T, path string) *keep.ShelfFolder {
	t.Helper()
	s, err := keep.OpenShelfFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestShelfFolder(t *testing.T) {
	t.Parallel()
	ledgertest.RunShelf(t, func(t *testing.T) func() ledger.Shelf {
		path := filepath.Join(t.TempDir(), "tiles")
		return func() ledger.Shelf { return openFolder(t, path) }
	})
}

// A shelf that is killed while it stores has stored each object whole or not at
// all, what it acknowledged, and every value that it swapped.
func TestAFolderOutlivesItsProcesses(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tiles")
	said := map[string]int{}
	var processes []*exec.Cmd
	for _, name := range []string{"a", "b"} {
		p := exec.CommandContext(t.Context(), os.Args[0], name)
		p.Env = append(os.Environ(), shelfProcess+"="+folder)
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		processes = append(processes, p)
		defer func() { _ = p.Wait() }() // killed
		lines := bufio.NewScanner(out)
		for said[name] < 10 && lines.Scan() {
			if lines.Text() != fmt.Sprint(said[name]) {
				t.Fatalf("process %s: %s", name, lines.Text())
			}
			said[name]++
		}
	}
	for _, p := range processes {
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	s := openFolder(t, folder)
	count, err := s.Load(t.Context(), "count")
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range said {
		if got := strings.Count(string(count), name); n < 10 || got < n {
			t.Errorf("%s said %d and %d are counted", name, n, got)
		}
		for i := range n * 5 {
			if _, err := s.Get(t.Context(), fmt.Sprintf("%s/%d/%d", name, i/5, i%5)); err != nil {
				t.Error(err)
			}
		}
	}
	err = filepath.WalkDir(filepath.Join(folder, "objects"), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() != 8192 {
			t.Errorf("%s has %d bytes, %v", d.Name(), info.Size(), err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Put(t.Context(), ledger.Object{Name: "after", Bytes: []byte("x")}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAFolderIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tiles")
	s := openFolder(t, folder)
	if err := s.Put(t.Context(), ledger.Object{Name: "tile/0/000.p/1", Bytes: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Swap(t.Context(), "r", nil, []byte("x")); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o600)
		if d.IsDir() {
			mode = 0o700
		} else {
			files++
		}
		if info.Mode().Perm() != mode {
			t.Errorf("%s has %s", path, info.Mode())
		}
		return nil
	})
	if err != nil || files != 3 { // with the lock
		t.Errorf("%d files, %v", files, err)
	}
	if err := s.Remove(t.Context(), "tile/0/000.p/1"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(folder, "objects")); err != nil || len(left) > 0 {
		t.Errorf("empty folders stay: %v, %v", left, err)
	}
}

// Whoever can make a link in the folder reaches nothing by it, in the folder or
// outside.
func TestALinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("swordfish"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ target, at string }{
		"a file outside":   {secret, "objects/tile/0/000"},
		"a file within":    {"001", "objects/tile/0/000"},
		"a folder outside": {outside, "objects/tile"},
		"a folder within":  {"other", "objects/tile"},
		"nothing":          {"nowhere", "objects/tile/0/000"},
		"a register":       {secret, "registers/r"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "tiles")
			s := openFolder(t, folder)
			if err := s.Put(t.Context(), ledger.Object{Name: "other/0/000", Bytes: []byte("within")}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(c.at, "tile") {
				if err := s.Put(t.Context(), ledger.Object{Name: "tile/0/001", Bytes: []byte("within")}); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(c.target, filepath.Join(folder, c.at)); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(c.at, "registers") {
				_, err := s.Load(t.Context(), "r")
				wantNotPlain(t, "load", err)
				wantNotPlain(t, "swap", s.Swap(t.Context(), "r", []byte("swordfish"), []byte("x")))
				return
			}
			_, err := s.Get(t.Context(), "tile/0/000")
			wantNotPlain(t, "get", err)
			wantNotPlain(t, "put", s.Put(t.Context(), ledger.Object{Name: "tile/0/000", Bytes: []byte("x")}))
			wantNotPlain(t, "remove", s.Remove(t.Context(), "tile/0/000"))
		})
	}
	t.Cleanup(func() {
		if b, err := os.ReadFile(secret); err != nil || string(b) != "swordfish" {
			t.Errorf("what is outside: %q, %v", b, err)
		}
	})
	link := filepath.Join(t.TempDir(), "tiles")
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	_, err := keep.OpenShelfFolder(link)
	wantNotPlain(t, "the shelf itself", err)
	_, err = keep.OpenShelfFolder(secret)
	wantNotPlain(t, "a file", err)
}

func wantNotPlain(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, keep.ErrNotPlain) || strings.Contains(err.Error(), "swordfish") {
		t.Errorf("%s: got %v, want ErrNotPlain", what, err)
	}
}

// readsOnly checks that a shelf that somebody filled can be read by whoever opened
// it for that, and not changed.
func readsOnly(t *testing.T, filled, s ledger.Shelf) {
	t.Helper()
	ctx := t.Context()
	a := ledger.Object{Name: "tile/0/000", Bytes: []byte("x")}
	if err := errors.Join(filled.Put(ctx, a), filled.Swap(ctx, "r", nil, []byte("v"))); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Get(ctx, a.Name); err != nil || string(b) != "x" {
		t.Errorf("get: %q, %v", b, err)
	}
	if v, err := s.Load(ctx, "r"); err != nil || string(v) != "v" {
		t.Errorf("load: %q, %v", v, err)
	}
	for what, err := range map[string]error{"put": s.Put(ctx, ledger.Object{Name: "b"}), "put again": s.Put(ctx, a), "remove": s.Remove(ctx, a.Name),
		"swap": s.Swap(ctx, "r", []byte("v"), []byte("w"))} {
		if !errors.Is(err, keep.ErrReadOnly) {
			t.Errorf("%s: got %v, want ErrReadOnly", what, err)
		}
	}
	if b, err := filled.Get(ctx, a.Name); err != nil || string(b) != "x" {
		t.Errorf("afterwards: %q, %v", b, err)
	}
}

func TestAFolderThatIsReadStaysAsItIs(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tiles")
	if _, err := keep.ReadShelfFolder(folder); !errors.Is(err, keep.ErrNoShelf) {
		t.Errorf("where there is none: got %v, want ErrNoShelf", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	filled := openFolder(t, folder)
	s, err := keep.ReadShelfFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	readsOnly(t, filled, s)
}

func TestAFileLargerThanAnyObjectIsNone(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "tiles")
	s := openFolder(t, folder)
	if err := os.WriteFile(filepath.Join(folder, "objects", "a"), make([]byte, ledger.MaxObjectBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "a"); !errors.Is(err, ledger.ErrMalformed) {
		t.Errorf("got %v", err)
	}
	if err := s.Put(t.Context(), ledger.Object{Name: "a"}); !errors.Is(err, ledger.ErrOther) {
		t.Errorf("got %v", err)
	}
}

func TestAFaultyShelfFailsAsItIsTold(t *testing.T) {
	t.Parallel()
	a, b := ledger.Object{Name: "a", Bytes: []byte("x")}, ledger.Object{Name: "b", Bytes: []byte("x")}
	for moment, there := range map[ledgertest.Moment]string{ledgertest.Before: "", ledgertest.Halfway: "a", ledgertest.After: "ab"} {
		s := &keep.ShelfMemory{}
		f := ledgertest.NewFaulty(s, map[int]ledgertest.Moment{1: moment, 3: moment})
		if err := f.Put(t.Context(), a, b); !errors.Is(err, ledgertest.ErrInjected) {
			t.Errorf("the first call: %v", err)
		}
		got := ""
		for _, name := range []string{"a", "b"} {
			if _, err := s.Get(t.Context(), name); err == nil {
				got += name
			}
		}
		if got != there {
			t.Errorf("%v: stored %q, want %q", moment, got, there)
		}
		if _, err := f.Load(t.Context(), "r"); err != nil {
			t.Errorf("the second call: %v", err)
		}
		if err := f.Swap(t.Context(), "r", nil, []byte("x")); !errors.Is(err, ledgertest.ErrInjected) {
			t.Errorf("the third call: %v", err)
		}
		if v, _ := s.Load(t.Context(), "r"); (v != nil) != (moment == ledgertest.After) {
			t.Errorf("%v: the register has %q", moment, v)
		}
		if f.Calls() != 3 {
			t.Errorf("%d calls", f.Calls())
		}
	}
}
