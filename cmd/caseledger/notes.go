package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// A note is what one start leaves for the next so that it need not read the
// whole ledger: opaque identifiers only. It stands beside the read models, and
// like them can be made anew from the ledger.

func (d dataDir) note(name string) string { return d.file(filepath.Join(viewsFolder, name)) }

// recall reads a note into v; false if there is none that can be read, and v is
// then worth nothing.
func (d dataDir) recall(name string, v any) bool {
	raw, err := os.ReadFile(d.note(name))
	return err == nil && json.Unmarshal(raw, v, json.RejectUnknownMembers(true)) == nil
}

// remember leaves a note. The file appears whole or not at all; without it the
// next start reads more.
func (d dataDir) remember(name string, v any) error {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("leave a note: %w", err)
	}
	fresh := d.note(name) + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("leave a note: %w", err)
	}
	if err := writeNew(fresh, append(text, '\n')); err != nil {
		return err
	}
	if err := os.Rename(fresh, d.note(name)); err != nil {
		return fmt.Errorf("leave a note: %w", err)
	}
	return nil
}

// unremember removes a note.
func (d dataDir) unremember(name string) error {
	if err := os.Remove(d.note(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a note: %w", err)
	}
	return nil
}
