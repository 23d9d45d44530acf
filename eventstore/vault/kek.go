package vault

import (
	"crypto/cipher"
	"crypto/hmac"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// KEK is the key-encryption key: it wraps what the keystore holds and is kept
// somewhere else. It is shaped like Tink's AEAD, so that a key of a key
// management service is one.
type KEK interface {
	// Encrypt seals plaintext, bound to the associated data.
	Encrypt(plaintext, ad []byte) ([]byte, error)
	// Decrypt opens what Encrypt sealed with the same associated data.
	Decrypt(ciphertext, ad []byte) ([]byte, error)
}

// localKEK is a key-encryption key held in memory.
type localKEK struct {
	aead  cipher.AEAD
	rand  io.Reader
	proof []byte // where it is of an epoch
}

func newKEK(key []byte, rand io.Reader) (*localKEK, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &localKEK{aead: aead, rand: rand}, nil
}

func (k *localKEK) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return sealWith(nil, k.aead, k.rand, plaintext, ad)
}

func (k *localKEK) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	return openWith(nil, k.aead, ciphertext, ad)
}

// ring has the key-encryption key of every epoch, from its file or as it was
// given.
type ring struct {
	given KEK // of every epoch
	path  string
	kms   func(uri string) (KEK, error)
	rand  io.Reader

	mu     sync.Mutex
	epochs []epoch              // as the file had them
	keks   map[uint32]*localKEK // those that were asked for
}

// openRing reads the file of the key-encryption key, unless the configuration
// has the key. Errors: those of readEpochs.
func openRing(c Config) (*ring, error) {
	r := &ring{given: c.KEK, path: c.KEKPath, kms: c.KMS, rand: c.Rand, keks: map[uint32]*localKEK{}}
	if r.given != nil {
		return r, nil
	}
	return r, r.refresh()
}

// refresh reads the file again and forgets every epoch that it no longer has.
// After an error everything is as it was.
func (r *ring) refresh() error {
	if r.given != nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reread()
}

func (r *ring) reread() error {
	epochs, err := readEpochs(r.path)
	if err != nil {
		return err
	}
	kept := slices.Clone(epochs)
	maps.DeleteFunc(r.keks, func(number uint32, _ *localKEK) bool {
		was, is := find(r.epochs, number), find(kept, number)
		return was == nil || is == nil || !was.same(is)
	})
	r.epochs = kept
	return nil
}

// of returns the key of an epoch. The file is read again for one that it did
// not have. Errors: [ErrKEKEpoch], [ErrKEKUnavailable], those of readEpochs.
func (r *ring) of(number uint32) (KEK, error) {
	if r.given != nil {
		return r.given, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if kek := r.keks[number]; kek != nil {
		return kek, nil
	}
	e := find(r.epochs, number)
	if e == nil {
		if err := r.reread(); err != nil {
			return nil, err
		}
		if e = find(r.epochs, number); e == nil {
			return nil, fmt.Errorf("%w: epoch %d is not in %s", ErrKEKEpoch, number, r.path)
		}
	}
	key, err := e.open(r.kms)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	kek, err := newKEK(key, r.rand)
	if err != nil {
		return nil, err
	}
	kek.proof = proofOf(key, number)
	r.keks[number] = kek
	return kek, nil
}

// wraps returns the key by which a keystore in some state wraps. [ErrKeyBroken]
// if the file has another one of that epoch: what that wrapped nobody else could
// open.
func (r *ring) wraps(is *state) (KEK, error) {
	kek, err := r.of(is.epoch)
	if local, ok := kek.(*localKEK); ok && is.proof != nil && r.given == nil && !hmac.Equal(local.proof, is.proof) {
		return nil, fmt.Errorf("%w: epoch %d is another key in %s", ErrKeyBroken, is.epoch, r.path)
	}
	return kek, err
}
