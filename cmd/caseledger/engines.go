package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver of every database in the data folder

	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/reactor"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/vault"
	"caseledger/projections/sqlstore"
)

// This file alone knows which adapters there are.

// ledger is a store as the program uses it, whatever keeps it.
type ledger interface {
	eventstore.Store
	eventstore.Ingester
	io.Closer
	// Ready reports whether the store takes appends now or, opened for reading,
	// can be read.
	Ready(ctx context.Context) error
}

// memo is what the monitors remember, whatever keeps it.
type memo interface {
	reactor.Keep
	io.Closer
}

// openLedger opens the ledger of a record.
func (o opening) openLedger(ctx context.Context) (ledger, error) {
	switch o.at.ledger.engine() {
	case sqliteFile:
		s, err := sqlite.Open(ctx, sqlite.Options{Path: o.dir.file(ledgerFile), Clock: o.now, ReadOnly: o.mode == reading})
		if err != nil {
			return nil, fmt.Errorf("open the ledger in %s: %w", o.dir, err)
		}
		return fileLedger{s}, nil
	default:
		return nil, fmt.Errorf("there is no adapter for a ledger in %s", o.at.ledger)
	}
}

// fileLedger is a ledger in the data folder.
type fileLedger struct{ *sqlite.Store }

// Ready implements [ledger]: a file takes appends as long as it is open.
func (l fileLedger) Ready(ctx context.Context) error {
	_, err := l.Head(ctx)
	return err
}

// openKeys opens the keystore of a record.
func (o opening) openKeys(ctx context.Context) (*vault.Vault, error) {
	kek := o.kek
	if kek == "" {
		kek = o.dir.file(kekFile)
	}
	with := vault.Config{KEKPath: kek, ReadOnly: o.mode == reading, Now: o.now, Rand: o.random}
	with.Path = o.dir.file(keysFile)
	v, err := vault.Open(ctx, with)
	if err != nil {
		return nil, fmt.Errorf("open the keys in %s: %w", o.dir, err)
	}
	return v, nil
}

// openViews opens the store of one set of read models.
func (r *record) openViews(ctx context.Context, name string, readOnly bool) (*sqlstore.Store, error) {
	path := r.viewsFile(name)
	if !readOnly {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of read models: %w", err)
		}
	}
	s, err := sqlstore.OpenSQLite(ctx, path, sqlstore.Options{ReadOnly: readOnly})
	if err != nil {
		return nil, fmt.Errorf("open the read models of %s: %w", name, err)
	}
	return s, nil
}

// withViews works on one set of read models, if it is there.
func (r *record) withViews(ctx context.Context, name string, readOnly bool, work func(*sqlstore.Store) error) error {
	if _, err := os.Stat(r.viewsFile(name)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	s, err := r.openViews(ctx, name, readOnly)
	if err != nil {
		return err
	}
	return errors.Join(work(s), s.Close())
}

func (r *record) viewsFile(name string) string {
	return r.dir.file(filepath.Join(viewsFolder, name+".db"))
}

// openMemo opens what the monitors remember.
func (r *record) openMemo(ctx context.Context) (memo, error) {
	k, err := keep.OpenSQLite(ctx, r.dir.file(monitorsFile))
	if err != nil {
		return nil, fmt.Errorf("open %s, which may be removed and is then made again: %w", r.dir.file(monitorsFile), err)
	}
	return k, nil
}

// forgetMemo removes what the monitors remember; nobody has it open.
func (r *record) forgetMemo(_ context.Context) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(r.dir.file(monitorsFile) + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("forget what the monitors remember: %w", err)
		}
	}
	return nil
}

// schemaOf is the PostgreSQL schema of a set of read models.
func schemaOf(name string) string { return "views_" + strings.ToLower(name) }
