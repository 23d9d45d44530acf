package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// own returns a secret of the keystore's own, drawn when nothing is in it. One
// that has gone missing since is not drawn again: what was made with it would
// no longer be found.
func (v *Vault) own(ctx context.Context, name string) ([]byte, error) {
	one, err := v.store.secret(ctx, name)
	if errors.Is(err, errNoSecret) {
		if v.readOnly {
			return nil, fmt.Errorf("%w: it has never been written to", ErrNotKeystore)
		}
		plain := make([]byte, keyBytes)
		defer clear(plain)
		if _, err := io.ReadFull(v.rand, plain); err != nil {
			return nil, fmt.Errorf("vault: draw a secret: %w", err)
		}
		if _, err = v.addFirst(ctx, name, plain); err != nil {
			return nil, err
		}
		if one, err = v.store.secret(ctx, name); errors.Is(err, errNoSecret) {
			return nil, fmt.Errorf("%w: a secret of the keystore is gone", ErrKeyBroken)
		}
	}
	if err != nil {
		return nil, err
	}
	return unwrapSecret(v.ring, one)
}

// secret returns an installation's secret, made on first use.
func (v *Vault) secret(ctx context.Context, name string, draw func() ([]byte, error)) ([]byte, error) {
	one, err := v.store.secret(ctx, name)
	if errors.Is(err, errNoSecret) {
		plain, err := draw()
		if err != nil {
			return nil, err
		}
		defer clear(plain)
		if err := v.wrapping(ctx, name, plain, func(s secret) (err error) {
			one, err = v.store.addSecret(ctx, s)
			return err
		}); err != nil {
			return nil, err
		}
		return unwrapSecret(v.ring, one)
	}
	if err != nil {
		return nil, err
	}
	return unwrapSecret(v.ring, one)
}

// addFirst wraps and stores a secret in a keystore without keys and claims, and
// reports whether it did.
func (v *Vault) addFirst(ctx context.Context, name string, plain []byte) (first bool, err error) {
	err = v.wrapping(ctx, name, plain, func(s secret) (err error) {
		first, err = v.store.addFirst(ctx, s)
		return err
	})
	return first, err
}

// wrapping wraps a secret for what stores it, again where the keystore has come
// to another epoch meanwhile.
func (v *Vault) wrapping(ctx context.Context, name string, plain []byte, store func(secret) error) error {
	for turns := 0; ; turns++ {
		is, kek, err := v.wraps(ctx)
		if err != nil {
			return fmt.Errorf("vault: wrap a secret: %w", err)
		}
		one, err := wrapSecret(kek, is.epoch, name, plain)
		if err == nil {
			err = store(one)
		}
		if !errors.Is(err, errOtherEpoch) || turns == mostTurns {
			return err
		}
		if err := v.look(ctx); err != nil {
			return err
		}
	}
}

func wrapSecret(kek KEK, epoch uint32, name string, plain []byte) (secret, error) {
	wrapped, err := kek.Encrypt(plain, secretContext(name))
	if err != nil {
		return secret{}, fmt.Errorf("vault: wrap a secret: %w", err)
	}
	return secret{name, wrapped, epoch}, nil
}

func unwrapSecret(ring *ring, one secret) ([]byte, error) {
	kek, err := ring.of(one.epoch)
	if err != nil {
		return nil, fmt.Errorf("a secret of the keystore: %w", noEpoch(err))
	}
	plain, err := kek.Decrypt(one.wrapped, secretContext(one.name))
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
	first, err := v.addFirst(ctx, markPrefix+name, nil)
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
	one, err := v.store.secret(ctx, markPrefix+name)
	if errors.Is(err, errNoSecret) {
		return false, nil
	}
	if err == nil {
		_, err = unwrapSecret(v.ring, one)
	}
	return err == nil, err
}
