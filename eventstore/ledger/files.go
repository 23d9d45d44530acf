package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"caseledger/eventstore/filelock"
)

// writeFile writes content to a new file of mode 0600 in the same folder, and
// then gives it its name with place, os.Link or os.Rename. It returns once file
// and directory entry are on disk; path has its old content or the new one, whole,
// whenever the process dies.
func writeFile(path string, content []byte, place func(from, to string) error) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // O_EXCL, mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o600) // whatever the umask made of it
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = place(f.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// exclusive runs f while nobody else changes the file, in this process or in
// another.
func exclusive(ctx context.Context, path string, f func() error) error {
	lock, err := filelock.Wait(ctx, path+".lock")
	if err != nil {
		return fmt.Errorf("ledger: lock %s: %w", path, err)
	}
	return errors.Join(f(), lock.Close())
}
