package ledger_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/ledgertest"
	"caseledger/eventstore/sqlite"
)

// victimEnv names, to a process of this test, a folder and the call of shelf and
// memory before which it is to be killed.
const victimEnv = "CASELEDGER_TEST_SEALER_VICTIM"

func TestMain(m *testing.M) {
	folder, call, ok := strings.Cut(os.Getenv(victimEnv), "|")
	if !ok {
		os.Exit(m.Run())
	}
	if err := victim(context.Background(), folder, call); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// onDisk is a ledger that outlives its process.
type onDisk struct {
	store  *sqlite.Store
	shelf  *keep.ShelfFolder
	config ledger.SealerConfig
}

func openOnDisk(ctx context.Context, folder string) (_ *onDisk, err error) {
	d := &onDisk{}
	if d.store, err = sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(folder, "ledger.db"), Clock: time.Now}); err != nil {
		return nil, err
	}
	if d.shelf, err = keep.OpenShelfFolder(filepath.Join(folder, "tiles")); err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	path := filepath.Join(folder, "signer-key")
	keys, err := ledger.ReadSigningKeys(path)
	if errors.Is(err, ledger.ErrKeysMissing) {
		keys, err = ledger.CreateSigningKeys(path, origin, rand.Reader)
	}
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.config = ledger.SealerConfig{Store: d.store, Shelf: d.shelf, Memory: ledger.NewMemoryFile(path+".last", origin), Origin: origin,
		Verifiers: keys.Verifiers(), Clock: time.Now, After: time.After, Log: slog.New(slog.DiscardHandler), Chunk: 256}
	for _, s := range keys.Signers() {
		d.config.Signers = append(d.config.Signers, &writing{s, filepath.Join(folder, "signed")})
	}
	return d, nil
}

func (d *onDisk) close() error { return errors.Join(d.shelf.Close(), d.store.Close()) }

func (d *onDisk) seal(ctx context.Context) (ledger.Tree, error) {
	s, err := ledger.NewSealer(d.config)
	if err != nil {
		return ledger.Tree{}, err
	}
	return s.Seal(ctx)
}

// writing is a signer that writes down what it is about to sign.
type writing struct {
	note.Signer
	path string
}

func (w *writing) Sign(text []byte) ([]byte, error) {
	f, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.Write(append(text[:len(text):len(text)], '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return w.Signer.Sign(text)
}

// calling tells of every call before it is made.
type calling struct {
	ledger.Memory
	call func()
}

func (c *calling) LastSigned(ctx context.Context) (ledger.Tree, error) {
	c.call()
	return c.Memory.LastSigned(ctx)
}

func (c *calling) Signing(ctx context.Context, last, tree ledger.Tree) error {
	c.call()
	return c.Memory.Signing(ctx, last, tree)
}

// victim records events, seals them, and kills itself before a call.
func victim(ctx context.Context, folder, before string) error {
	fatal, err := strconv.ParseInt(before, 10, 64)
	if err != nil {
		return err
	}
	d, err := openOnDisk(ctx, folder)
	if err != nil {
		return err
	}
	head, err := d.store.Head(ctx)
	if err != nil {
		return err
	}
	var batch []eventstore.Event
	for n := range uint64(150) {
		batch = append(batch, eventstore.Event{ID: event.ID{UUID: uuid(uint64(head) + n)}, Body: body(uint64(head) + n)})
	}
	if _, err := d.store.Append(ctx, event.Access(uuid(0)), eventstore.AtEnd, batch); err != nil {
		return err
	}
	var calls atomic.Int64
	call := func() {
		if calls.Add(1) == fatal {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			fmt.Fprintln(os.Stderr, err)
			select {}
		}
	}
	faulty := ledgertest.NewFaulty(d.shelf, nil)
	faulty.Each(func(int, string) { call() })
	d.config.Shelf, d.config.Memory = faulty, &calling{d.config.Memory, call}
	if _, err := d.seal(ctx); err != nil {
		return err
	}
	return d.close()
}

// TestASealerThatIsKilledLeavesALedgerThatGoesOn kills a process before each call
// of the files that it publishes to, in turn.
func TestASealerThatIsKilledLeavesALedgerThatGoesOn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for k, done := 1, false; !done; k++ {
		child := exec.CommandContext(t.Context(), os.Args[0])
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%s|%d", victimEnv, folder, k))
		child.Stderr = os.Stderr
		err := child.Run()
		if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
			t.Fatalf("before call %d: %v", k, err)
		}
		if done = err == nil; done && k < 9 {
			t.Fatalf("it makes %d calls only", k-1)
		}
		d, err := openOnDisk(t.Context(), folder)
		if err != nil {
			t.Fatalf("after it was killed before call %d: %v", k, err)
		}
		tree, err := d.seal(t.Context())
		if err != nil || tree != treeOf(t, d.store, int64(150*k)) {
			t.Fatalf("after it was killed before call %d %v is sealed, %v", k, tree, err)
		}
		if done {
			mustBeConsistent(t, d.store, written(t, filepath.Join(folder, "signed")))
		}
		if err := d.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// written are the trees that a [writing] signer wrote down.
func written(t *testing.T, path string) []ledger.Tree {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var trees []ledger.Tree
	for text := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n\n"), "\n\n") {
		_, tree, err := ledger.ParseCheckpointText(text + "\n")
		if err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}
