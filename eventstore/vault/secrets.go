package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// draw makes a secret of the keystore's own.
func (v *Vault) draw() ([]byte, error) {
	if v.readOnly {
		return nil, fmt.Errorf("%w: it has never been written to", ErrNotKeystore)
	}
	plain := make([]byte, keyBytes)
	if _, err := io.ReadFull(v.rand, plain); err != nil {
		return nil, fmt.Errorf("vault: draw a secret: %w", err)
	}
	return plain, nil
}

// secret returns a secret of the keystore, made on first use.
func (v *Vault) secret(ctx context.Context, name string, draw func() ([]byte, error)) ([]byte, error) {
	wrapped, err := v.store.secret(ctx, name)
	if err != nil {
		return nil, err
	}
	if wrapped == nil {
		plain, err := draw()
		if err != nil {
			return nil, err
		}
		defer clear(plain)
		if wrapped, err = v.wrap(name, plain); err != nil {
			return nil, err
		}
		if wrapped, err = v.store.addSecret(ctx, name, wrapped); err != nil {
			return nil, err
		}
	}
	return v.unwrap(name, wrapped)
}

func (v *Vault) wrap(name string, plain []byte) ([]byte, error) {
	return wrapSecret(v.kek, name, plain)
}

func wrapSecret(kek KEK, name string, plain []byte) ([]byte, error) {
	wrapped, err := kek.Encrypt(plain, secretContext(name))
	if err != nil {
		return nil, fmt.Errorf("vault: wrap a secret: %w", err)
	}
	return wrapped, nil
}

func (v *Vault) unwrap(name string, wrapped []byte) ([]byte, error) {
	return unwrapSecret(v.kek, name, wrapped)
}

func unwrapSecret(kek KEK, name string, wrapped []byte) ([]byte, error) {
	plain, err := kek.Decrypt(wrapped, secretContext(name))
	if err != nil {
		return nil, fmt.Errorf("%w: a secret of the keystore: %w", ErrKeyBroken, err)
	}
	return plain, nil
}

// An installation's own secrets and marks stand beside the keystore's, under
// names that those never have.
const (
	blindSecret  = "blind-index"
	personSecret = "person-id"
	secretPrefix = "installation/"
	markPrefix   = "mark/"
	maxName      = 200
)

var errName = errors.New("vault: a secret or a mark has a name of 1 to 200 bytes")

// Secret returns a secret that every process of an installation shares. The
// first that asks for it has it drawn; concurrent calls, also from other
// processes, get the one that was stored first. It is kept as keys are: wrapped
// by the key-encryption key, never in readable form. The caller owns what is
// returned.
//
// name has 1 to 200 bytes and is not secret. Errors: draw's; [ErrReadOnly] if
// it would have to be drawn; [ErrKeyBroken].
func (v *Vault) Secret(ctx context.Context, name string, draw func() ([]byte, error)) ([]byte, error) {
	if name == "" || len(name) > maxName {
		return nil, errName
	}
	if v.readOnly {
		draw = func() ([]byte, error) { return nil, ErrReadOnly }
	}
	return v.secret(ctx, secretPrefix+name, draw)
}

// Mark says something of the whole keystore, for ever and for every process:
// that everybody in it is invented, for instance. A keystore that held a key
// or an identifier before it was marked is [ErrInUse]; one that has the mark is
// left as it is.
//
// name has 1 to 200 bytes.
func (v *Vault) Mark(ctx context.Context, name string) error {
	if v.readOnly {
		return ErrReadOnly
	}
	marked, err := v.Marked(ctx, name)
	if marked || err != nil {
		return err
	}
	wrapped, err := v.wrap(markPrefix+name, nil)
	if err != nil {
		return err
	}
	first, err := v.store.addFirst(ctx, markPrefix+name, wrapped)
	if first || err != nil {
		return err
	}
	if marked, err = v.Marked(ctx, name); marked || err != nil { // by somebody else, meanwhile
		return err
	}
	return ErrInUse
}

// Marked reports whether the keystore has a mark. [ErrKeyBroken]: it has one
// that nobody with the key-encryption key made.
func (v *Vault) Marked(ctx context.Context, name string) (bool, error) {
	if name == "" || len(name) > maxName {
		return false, errName
	}
	wrapped, err := v.store.secret(ctx, markPrefix+name)
	if wrapped == nil || err != nil {
		return false, err
	}
	_, err = v.unwrap(markPrefix+name, wrapped)
	return err == nil, err
}
