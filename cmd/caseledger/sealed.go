package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	proofs "caseledger/eventstore/ledger"
)

// sealed is what a ledger's seals are made with, and where they are kept.
type sealed struct {
	keys   *proofs.SigningKeys
	shelf  proofs.Shelf
	memory proofs.Memory
	closes []io.Closer
}

func (s *sealed) close() error {
	var failed []error
	for _, c := range s.closes {
		failed = append(failed, c.Close())
	}
	return errors.Join(failed...)
}

// lastSuffix is what the file of what was signed last is called after the one of
// the signing keys.
const lastSuffix = ".last"

// signerPath is the file of the signing keys; what was signed last is beside it,
// unless the keys of the people's data are on a server.
func (o opening) signerPath() string {
	if o.signer != "" {
		return o.signer
	}
	return o.dir.file(signerFile)
}

// signingKeys reads the keys that sign the ledger. Whoever writes the record makes
// them, if there are none: of an origin that is nobody's.
func (o opening) signingKeys() (*proofs.SigningKeys, error) {
	keys, err := proofs.ReadSigningKeys(o.signerPath())
	if o.mode == reading || !errors.Is(err, proofs.ErrKeysMissing) {
		return keys, err
	}
	origin, err := newOrigin(o.random)
	if err != nil {
		return nil, err
	}
	keys, err = proofs.CreateSigningKeys(o.signerPath(), origin, o.random)
	if errors.Is(err, fs.ErrExist) { // another first start was faster
		return proofs.ReadSigningKeys(o.signerPath())
	}
	return keys, err
}

// newOrigin draws the name of a ledger that nobody has named.
func newOrigin(random io.Reader) (string, error) {
	var id event.UUID
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return "", fmt.Errorf("draw the name of the ledger: %w", err)
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // RFC 9562, version 4
	return "caseledger.invalid/" + id.String(), nil
}

// openShelf opens where the ledger is published. A folder that nobody has made is
// [errNotFound] to whoever only reads.
func (o opening) openShelf(ctx context.Context) (_ proofs.Shelf, _ io.Closer, err error) {
	defer func() { err = o.at.views.explained("views", err) }()
	if o.at.views.server != "" {
		s, err := keep.OpenShelfPostgres(ctx, o.at.views.url, keep.ShelfSchema)
		if err != nil {
			return nil, nil, fmt.Errorf("open the seals on %s: %w", o.at.views, err)
		}
		return s, s, nil
	}
	return o.openTiles(o.dir.file(tilesFolder))
}

func (o opening) openTiles(folder string) (proofs.Shelf, io.Closer, error) {
	if o.mode == reading {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return nil, nil, fmt.Errorf("nothing was sealed in %s: %w", o.dir, errNotFound)
		}
	}
	s, err := keep.OpenShelfFolder(folder)
	if err != nil {
		return nil, nil, fmt.Errorf("open the seals in %s: %w", o.dir, err)
	}
	return s, s, nil
}

// openSigned opens what the signer remembers.
func (o opening) openSigned(ctx context.Context, origin string) (_ proofs.Memory, _ io.Closer, err error) {
	defer func() { err = o.at.keys.explained("keys", err) }()
	if o.at.keys.server == "" {
		return proofs.NewMemoryFile(o.signerPath()+lastSuffix, origin), io.NopCloser(nil), nil
	}
	m, err := keep.OpenSignerPostgres(ctx, o.at.keys.url)
	if err != nil {
		return nil, nil, fmt.Errorf("open what was signed last on %s: %w", o.at.keys, err)
	}
	return m, m, nil
}

// openSealed opens keys, shelf and memory.
func (o opening) openSealed(ctx context.Context) (_ *sealed, err error) {
	s := &sealed{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.keys, err = o.signingKeys(); err != nil {
		return nil, err
	}
	shelf, closes, err := o.openShelf(ctx)
	if err != nil {
		return nil, err
	}
	s.shelf, s.closes = shelf, append(s.closes, closes)
	memory, closes, err := o.openSigned(ctx, s.keys.Origin())
	if err != nil {
		return nil, err
	}
	s.memory, s.closes = memory, append(s.closes, closes)
	return s, nil
}

// sealer makes a sealer of a store.
func (s *sealed) sealer(store ledger, now func() time.Time, log *slog.Logger, published func(proofs.Tree, []byte)) (*proofs.Sealer, error) {
	return proofs.NewSealer(proofs.SealerConfig{Store: store, Shelf: s.shelf, Memory: s.memory, Origin: s.keys.Origin(),
		Signers: s.keys.Signers(), Verifiers: s.keys.Verifiers(), Clock: now, After: time.After, Log: log, Published: published})
}
