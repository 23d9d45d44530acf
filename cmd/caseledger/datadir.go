package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The files of a data directory. Everything in it is made with mode 0600, the
// folders with 0700.
const (
	ledgerFile    = "ledger.db"
	keysFile      = "keys.db"
	kekFile       = "key-encryption-key"
	syntheticFile = "SYNTHETIC"
	viewsFolder   = "views"

	organisationsFile = "organisations" // beside those that every installation knows
)

// syntheticText is what the marker of an invented population says to whoever
// finds it.
const syntheticText = "Every person in this folder is invented. Nothing real may be recorded here:\nonly identifiers of the test ranges are accepted.\n"

// dataDir is a data directory, by its path.
type dataDir string

func (d dataDir) file(name string) string { return filepath.Join(string(d), name) }

// synthetic reports whether the directory holds invented people only.
func (d dataDir) synthetic() (bool, error) {
	_, err := os.Stat(d.file(syntheticFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// exists reports whether the directory holds a ledger.
func (d dataDir) exists() (bool, error) {
	_, err := os.Stat(d.file(ledgerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// prepare makes the directory, or checks the one that is there.
func (d dataDir) prepare() error {
	if err := os.MkdirAll(d.file(viewsFolder), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	return nil
}

// markSynthetic says for ever that the directory holds invented people only.
// It refuses a directory that holds anything, because what is there may be
// real.
func (d dataDir) markSynthetic() error {
	entries, err := os.ReadDir(string(d))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	if len(entries) > 0 {
		return usage("the data directory %s is not empty: invented people are never mixed into a record that may be real", d)
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	return writeNew(d.file(syntheticFile), []byte(syntheticText))
}

// writeNew writes a file that must not be there yet, and its directory entry,
// to disk.
func writeNew(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := syncFolder(path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// syncFolder writes a file's directory entry to disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
