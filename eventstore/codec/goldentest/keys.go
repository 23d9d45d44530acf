package goldentest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/vault"
)

// seeded is a stream of bytes that is the same for ever: SHA-256(label ‖
// counter), block after block.
type seeded struct {
	mu      sync.Mutex
	label   string
	counter uint64
	rest    []byte
}

func newSeeded(label string) *seeded { return &seeded{label: label} }

func (s *seeded) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := 0; n < len(p); {
		if len(s.rest) == 0 {
			block := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.label), s.counter))
			s.counter++
			s.rest = block[:]
		}
		moved := copy(p[n:], s.rest)
		s.rest = s.rest[moved:]
		n += moved
	}
	return len(p), nil
}

// keyring has one vault per side and class, each with its own stream of
// bytes: a key or a nonce depends on nothing but what it is for, so adding a
// side or a class changes no golden file.
type keyring struct {
	byRef map[vault.Ref]*vault.Vault
	byKey map[event.UUID]*vault.Vault
	key   map[vault.Ref]vault.Key
}

func newKeyring(ctx context.Context, subject event.UUID, at time.Time) (*keyring, error) {
	k := &keyring{map[vault.Ref]*vault.Vault{}, map[event.UUID]*vault.Vault{}, map[vault.Ref]vault.Key{}}
	for _, side := range event.Sides {
		for _, class := range event.Classes {
			ref := vault.Ref{Subject: subject, Side: side, Class: class}
			// The secrets of the vault draw from another stream than its keys.
			kek, err := vault.OpenMemory(ctx, vault.Config{KEK: fixedKEK{}, Now: func() time.Time { return at },
				Rand: &switching{first: newSeeded("secrets"), then: newSeeded("key " + string(side) + " " + string(class)), left: 2 * 32}})
			if err != nil {
				return nil, err
			}
			keys, err := kek.Ensure(ctx, ref)
			if err != nil {
				return nil, err
			}
			k.byRef[ref], k.byKey[keys[0].ID], k.key[ref] = kek, kek, keys[0]
		}
	}
	return k, nil
}

// switching reads so many bytes from one stream and the rest from another.
type switching struct {
	first, then io.Reader
	left        int
}

func (s *switching) Read(p []byte) (int, error) {
	if s.left >= len(p) {
		s.left -= len(p)
		return s.first.Read(p)
	}
	return s.then.Read(p)
}

// fixedKEK hides nothing: the keys of golden files open only golden files.
type fixedKEK struct{}

func (fixedKEK) Encrypt(plaintext, _ []byte) ([]byte, error) {
	return append([]byte(nil), plaintext...), nil
}
func (fixedKEK) Decrypt(ciphertext, _ []byte) ([]byte, error) {
	return append([]byte(nil), ciphertext...), nil
}

func (k *keyring) Ensure(_ context.Context, refs ...vault.Ref) ([]vault.Key, error) {
	keys := make([]vault.Key, len(refs))
	for i, r := range refs {
		key, ok := k.key[r]
		if !ok {
			return nil, fmt.Errorf("no golden key for side %q, class %q", r.Side, r.Class)
		}
		keys[i] = key
	}
	return keys, nil
}

func (k *keyring) of(key event.UUID) (*vault.Vault, error) {
	v, ok := k.byKey[key]
	if !ok {
		return nil, vault.ErrKeyMissing
	}
	return v, nil
}

func (k *keyring) Seal(ctx context.Context, dst []byte, key event.UUID, plaintext, ad []byte) ([]byte, error) {
	v, err := k.of(key)
	if err != nil {
		return nil, err
	}
	return v.Seal(ctx, dst, key, plaintext, ad)
}

func (k *keyring) Open(ctx context.Context, dst []byte, key event.UUID, sealed, ad []byte) ([]byte, error) {
	v, err := k.of(key)
	if err != nil {
		return nil, err
	}
	return v.Open(ctx, dst, key, sealed, ad)
}

func (k *keyring) CheckCommitment(ctx context.Context, key event.UUID, c event.Commitment) error {
	v, err := k.of(key)
	if err != nil {
		return err
	}
	return v.CheckCommitment(ctx, key, c)
}
