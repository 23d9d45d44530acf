package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"caseledger/eventstore/filelock"
	"caseledger/eventstore/ledger"
)

var (
	// ErrReadOnly: the shelf was opened for reading only.
	ErrReadOnly = errors.New("keep: the shelf is open for reading only")
	// ErrNoShelf: there is no shelf to read.
	ErrNoShelf = errors.New("keep: there is no shelf")
)

// ErrNotPlain: where a file or a folder of the shelf belongs there is something
// else, such as a symbolic link. It is not followed.
var ErrNotPlain = errors.New("keep: neither a plain file nor a folder")

// The parts of a shelf's folder. Below objects each object is a file of its own
// name; what is in staging belongs to whoever holds the lock.
const (
	objectsFolder   = "objects"
	registersFolder = "registers"
	stagingFolder   = "staging"
	lockFile        = "lock"
)

// ShelfFolder is a shelf in a folder of a local file system, of mode 0700 with
// files of mode 0600. Processes of one machine may have it open at once: one
// changes it at a time. An object's name is no other object's folder.
//
// A file is written and flushed under another name, then renamed, then its
// folder is flushed: it is there whole or not at all, whenever the power fails.
type ShelfFolder struct {
	path     string
	root     *os.Root
	readOnly bool
	mu       sync.Mutex // before the lock, so that the goroutines of a process do not poll
	// settled are folders that are known to be in their own folder durably.
	settled map[string]bool
}

var _ ledger.Shelf = (*ShelfFolder)(nil)

// OpenShelfFolder opens the shelf in a folder, and makes it if there is none.
// [ErrNotPlain] if that is no folder.
func OpenShelfFolder(folder string) (*ShelfFolder, error) {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keep: %w", err)
	}
	s, err := openFolder(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{objectsFolder, registersFolder, stagingFolder} {
		if err == nil {
			err = s.folder(name)
		}
	}
	if err == nil {
		err = s.settle(registersFolder) // whoever renamed last may have died before
	}
	if err == nil {
		err = syncPath(filepath.Dir(s.path))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// ReadShelfFolder opens the shelf in a folder for reading only: it makes and
// changes nothing, and answers whatever would with [ErrReadOnly]. [ErrNoShelf],
// [ErrNotPlain].
func ReadShelfFolder(folder string) (*ShelfFolder, error) {
	s, err := openFolder(folder)
	if err != nil {
		return nil, err
	}
	s.readOnly = true
	return s, nil
}

func openFolder(folder string) (*ShelfFolder, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	switch info, err := os.Lstat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNoShelf
	case err != nil:
		return nil, fmt.Errorf("keep: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("%w: %s", ErrNotPlain, folder)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("keep: %w", err)
	}
	return &ShelfFolder{path: folder, root: root, settled: map[string]bool{}}, nil
}

// Close releases the folder.
func (s *ShelfFolder) Close() error { return s.root.Close() }

// locked runs a change while nobody else changes anything.
func (s *ShelfFolder) locked(ctx context.Context, change func() error) error {
	if s.readOnly {
		return ErrReadOnly
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	lock, err := filelock.Wait(ctx, filepath.Join(s.path, lockFile))
	if err != nil {
		return fmt.Errorf("keep: lock: %w", err)
	}
	defer func() { _ = lock.Close() }() // nothing was written
	return change()
}

// kind returns nil for what is there and has the kind that is wanted, a
// folder's or a plain file's; fs.ErrNotExist, [ErrNotPlain].
func (s *ShelfFolder) kind(name string, kind fs.FileMode) error {
	switch info, err := s.root.Lstat(name); {
	case err != nil:
		return err
	case info.Mode().Type() != kind:
		return fmt.Errorf("%w: %s", ErrNotPlain, name)
	}
	return nil
}

// folders are the folders that a file is in, from the outermost.
func folders(file string) (all []string) {
	for at, c := range file {
		if c == '/' {
			all = append(all, file[:at])
		}
	}
	return all
}

// folder makes a folder, in one that is there, unless it is there.
func (s *ShelfFolder) folder(name string) error {
	if err := s.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep: %w", err)
	}
	if err := s.kind(name, fs.ModeDir); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// plain returns nil for a plain file below plain folders; fs.ErrNotExist where
// there is none, [ErrNotPlain] where something else is.
func (s *ShelfFolder) plain(name string) error {
	for _, folder := range folders(name) {
		if err := s.kind(folder, fs.ModeDir); err != nil {
			if errors.Is(err, ErrNotPlain) && s.kind(folder, 0) == nil {
				err = fs.ErrNotExist // a file has nothing in it
			}
			return err
		}
	}
	err := s.kind(name, 0)
	if errors.Is(err, ErrNotPlain) && s.kind(name, fs.ModeDir) == nil {
		err = fs.ErrNotExist
	}
	return err
}

// read returns what is in a plain file; [ledger.ErrMalformed] if that is more
// than a number of bytes.
func (s *ShelfFolder) read(name string, most int64) ([]byte, error) {
	if err := s.plain(name); err != nil {
		return nil, err
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%w: %s is larger than %d bytes", ledger.ErrMalformed, name, most)
	}
	return b, err
}

// stage writes and flushes a file in the place that nobody reads.
func (s *ShelfFolder) stage(n int, b []byte) (name string, err error) {
	name = path.Join(stagingFolder, strconv.Itoa(n))
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return name, errors.Join(err, f.Close())
}

// settle flushes what is in a folder: names, not contents.
func (s *ShelfFolder) settle(folder string) error {
	return syncPath(filepath.Join(s.path, filepath.FromSlash(folder)))
}

func syncPath(folder string) error {
	if runtime.GOOS == "windows" {
		return nil // has no such call; its journal keeps the order
	}
	f, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	return nil
}

// Put implements [ledger.Shelf].
func (s *ShelfFolder) Put(ctx context.Context, objects ...ledger.Object) error {
	if err := ledger.CheckObjects(objects); err != nil {
		return err
	}
	if len(objects) == 0 {
		return ctx.Err()
	}
	return s.locked(ctx, func() error { return s.put(ctx, objects) })
}

func (s *ShelfFolder) put(ctx context.Context, objects []ledger.Object) error {
	fresh, err := s.missing(objects)
	if err != nil {
		return err
	}
	staged, err := s.stageAll(ctx, fresh)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	for _, o := range objects { // those that are there, too: somebody may have died before they were settled
		for _, folder := range folders(path.Join(objectsFolder, o.Name)) {
			if err := s.folder(folder); err != nil {
				return err
			}
		}
	}
	for i, o := range fresh {
		if err := s.root.Rename(staged[i], path.Join(objectsFolder, o.Name)); err != nil {
			return fmt.Errorf("keep: %w", err)
		}
	}
	return s.settleAll(objects)
}

// missing are the objects that are not there, each once. [ledger.ErrOther].
func (s *ShelfFolder) missing(objects []ledger.Object) (fresh []ledger.Object, _ error) {
	of := map[string][]byte{}
	for _, o := range objects {
		there, known := of[o.Name]
		if !known {
			var err error
			there, err = s.read(path.Join(objectsFolder, o.Name), int64(len(o.Bytes)))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				there = o.Bytes
				fresh = append(fresh, o)
			case errors.Is(err, ledger.ErrMalformed): // it is longer
				return nil, fmt.Errorf("%w: %s", ledger.ErrOther, o.Name)
			case err != nil:
				return nil, fmt.Errorf("keep: %w", err)
			}
			of[o.Name] = there
		}
		if !bytes.Equal(there, o.Bytes) {
			return nil, fmt.Errorf("%w: %s", ledger.ErrOther, o.Name)
		}
	}
	return fresh, nil
}

// atOnceStaged is how many files are flushed at a time: a file system answers
// several that wait with one write of its journal.
const atOnceStaged = 16

// stageAll stages objects; the results are in their order.
func (s *ShelfFolder) stageAll(ctx context.Context, objects []ledger.Object) ([]string, error) {
	names, errs := make([]string, len(objects)), make([]error, len(objects))
	var wait sync.WaitGroup
	for worker := range min(atOnceStaged, len(objects)) {
		wait.Go(func() {
			for i := worker; i < len(objects); i += atOnceStaged {
				if errs[i] = ctx.Err(); errs[i] == nil {
					names[i], errs[i] = s.stage(i, objects[i].Bytes)
				}
			}
		})
	}
	wait.Wait()
	return names, errors.Join(errs...)
}

// settleAll flushes the folders of objects, and those above that this process
// has not flushed since it saw them made.
func (s *ShelfFolder) settleAll(objects []ledger.Object) error {
	own, above := map[string]bool{}, map[string]bool{}
	for _, o := range objects {
		all := append([]string{"."}, folders(path.Join(objectsFolder, o.Name))...)
		own[all[len(all)-1]] = true
		for i, folder := range all[1:] {
			if !s.settled[folder] {
				above[all[i]] = true
			}
		}
	}
	for folder := range own {
		above[folder] = true
	}
	for folder := range above {
		if err := s.settle(folder); err != nil {
			return err
		}
	}
	for folder := range own {
		for _, f := range append(folders(folder), folder) {
			s.settled[f] = true
		}
	}
	return nil
}

// Get implements [ledger.Shelf].
func (s *ShelfFolder) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ledger.CheckName(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, err := s.read(path.Join(objectsFolder, name), ledger.MaxObjectBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ledger.ErrAbsent, name)
	case err != nil:
		return nil, fmt.Errorf("keep: %w", err)
	}
	return b, nil
}

// Remove implements [ledger.Shelf].
func (s *ShelfFolder) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := ledger.CheckName(name); err != nil {
			return err
		}
	}
	return s.locked(ctx, func() error {
		for _, name := range names {
			file := path.Join(objectsFolder, name)
			err := s.plain(file)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				err = s.root.Remove(file)
			}
			if err != nil {
				return fmt.Errorf("keep: %w", err)
			}
			for _, folder := range slices.Backward(folders(file)[1:]) {
				if s.root.Remove(folder) != nil {
					break // there is something in it
				}
				delete(s.settled, folder)
			}
		}
		return nil
	})
}

// Load implements [ledger.Shelf].
func (s *ShelfFolder) Load(ctx context.Context, register string) ([]byte, error) {
	if err := ledger.CheckRegister(register, nil); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.load(register)
}

func (s *ShelfFolder) load(register string) ([]byte, error) {
	b, err := s.read(path.Join(registersFolder, register), ledger.MaxRegisterBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("keep: %w", err)
	}
	return b, nil
}

// Swap implements [ledger.Shelf].
func (s *ShelfFolder) Swap(ctx context.Context, register string, old, value []byte) error {
	if err := ledger.CheckRegister(register, value); err != nil {
		return err
	}
	return s.locked(ctx, func() error {
		held, err := s.load(register)
		switch {
		case err != nil:
			return err
		case (held == nil) != (old == nil) || !bytes.Equal(held, old):
			return fmt.Errorf("%w: %s", ledger.ErrMoved, register)
		}
		staged, err := s.stage(0, value)
		if err == nil {
			err = s.root.Rename(staged, path.Join(registersFolder, register))
		}
		if err != nil {
			return fmt.Errorf("keep: %w", err)
		}
		return s.settle(registersFolder)
	})
}
