package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"caseledger/eventstore/vault"
)

// What every process that serves one record must agree on stands beside the
// keys, which they share in any case: in the keystore where that is on a server,
// in the data folder otherwise.

// syntheticMark says of a keystore that every person in it is invented.
const syntheticMark = "synthetic"

// synthetic reports whether the record holds invented people only.
func (o opening) synthetic(ctx context.Context, keys *vault.Vault) (bool, error) {
	if o.at.keys.server != "" {
		return keys.Marked(ctx, syntheticMark)
	}
	return o.dir.synthetic()
}

// invented is [opening.synthetic] of a record that is not open yet.
func (o opening) invented(ctx context.Context) (bool, error) {
	if o.at.keys.server == "" {
		return o.dir.synthetic()
	}
	o.mode = reading
	keys, err := o.openKeys(ctx)
	if err != nil {
		return false, err
	}
	marked, err := o.synthetic(ctx, keys)
	return marked, errors.Join(err, keys.Close())
}

// tokenSecret is the secret behind the API's opaque tokens. Losing it costs
// clients their cursors, nothing else.
func (r *record) tokenSecret(ctx context.Context, random io.Reader) (secret [32]byte, _ error) {
	held, err := r.vault.Secret(ctx, "tokens", func() ([]byte, error) {
		drawn := make([]byte, len(secret))
		_, err := io.ReadFull(random, drawn)
		return drawn, err
	})
	if err == nil && copy(secret[:], held) != len(held) {
		err = vault.ErrKeyBroken
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("read the token secret: %w", err)
	}
	return secret, nil
}
