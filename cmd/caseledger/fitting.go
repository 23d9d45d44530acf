package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

var errOtherKeys = errors.New("the keys are not the ones that this ledger was sealed with: bring the keystore that belongs to it")

// triedEntries is how many entries from the beginning are opened to see whether
// the keys fit. The first ones are those that every record begins with.
const triedEntries = 20

// fitting refuses a ledger that the keys do not open.
func fitting(ctx context.Context, ledger iter.Seq2[eventstore.Stored, error], keys *vault.Vault) iter.Seq2[eventstore.Stored, error] {
	reader := codec.NewReader(catalogue.Events, keys, codec.Options{})
	return func(yield func(eventstore.Stored, error) bool) {
		for e, err := range ledger {
			if err == nil && e.Position <= triedEntries {
				if _, failed := reader.Decode(ctx, e); errors.Is(failed, vault.ErrKeyMissing) {
					err = fmt.Errorf("%w: %w", errOtherKeys, failed)
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// keysOf opens the keys of a ledger that is open. Where the two are kept apart,
// it refuses those of another one, and never makes new ones for a ledger that
// holds something.
func (o opening) keysOf(ctx context.Context, store ledgerStore) (*vault.Vault, error) {
	if o.at.local() {
		return o.openKeys(ctx)
	}
	if o.at.keys.server == "" {
		if err := o.keysThere(ctx, store); err != nil {
			return nil, err
		}
	}
	keys, err := o.openKeys(ctx)
	if err != nil {
		return nil, err
	}
	for e, err := range fitting(ctx, store.ReadAll(ctx, 0), keys) {
		if err != nil {
			return nil, errors.Join(err, keys.Close())
		}
		if e.Position >= triedEntries {
			break
		}
	}
	return keys, nil
}

// keysThere refuses a data folder without keys for a ledger that holds something.
func (o opening) keysThere(ctx context.Context, store ledgerStore) error {
	var head event.Position
	_, err := os.Stat(o.dir.file(keysFile))
	if errors.Is(err, fs.ErrNotExist) {
		if head, err = store.Head(ctx); err == nil && head > 0 {
			err = fmt.Errorf("%w: there are none in %s: %w", errOtherKeys, o.dir, errNotFound)
		}
	}
	return err
}
