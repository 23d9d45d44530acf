package vault

import (
	"bytes"
	"crypto/aes"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"caseledger/domain/event"
)

// element is an element of GF(2^128) as GCM writes it: the first bit of the first
// byte is the coefficient of 1 (NIST SP 800-38D section 6.3).
type element struct{ high, low uint64 }

func elementOf(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (e element) bytes() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, e.high), e.low)
}

func (e element) plus(f element) element { return element{e.high ^ f.high, e.low ^ f.low} }

func (e element) times(f element) (z element) {
	for i := range 128 {
		bit := e.high >> (63 - i%64) & 1
		if i >= 64 {
			bit = e.low >> (63 - i%64) & 1
		}
		if bit == 1 {
			z = z.plus(f)
		}
		odd := f.low & 1
		f.low = f.low>>1 | f.high<<63
		f.high >>= 1
		if odd == 1 {
			f.high ^= 0xe1 << 56
		}
	}
	return z
}

// inverse is e to the power of 2^128 - 2.
func (e element) inverse() element {
	z := element{1 << 63, 0}
	for range 127 {
		e = e.times(e)
		z = z.times(e)
	}
	return z
}

// half is what GCM computes from a subkey and a nonce for its tag.
type half struct{ hash, mask element }

func halfOf(t *testing.T, subkey, nonce []byte) half {
	t.Helper()
	block, err := aes.NewCipher(subkey)
	if err != nil {
		t.Fatal(err)
	}
	var zero, first, h, m [16]byte
	copy(first[:], nonce)
	first[15] = 1
	block.Encrypt(h[:], zero[:])
	block.Encrypt(m[:], first[:])
	return half{elementOf(h[:]), elementOf(m[:])}
}

// sum is GHASH over blocks.
func (h half) sum(blocks []element) (z element) {
	for _, b := range blocks {
		z = z.plus(b).times(h.hash)
	}
	return z
}

func subkeyOf(t *testing.T, dek []byte, id event.UUID) []byte {
	t.Helper()
	subkey, err := hkdf.Key(sha256.New, dek, nil, "caseledger-box-v1"+string(id[:]), keyBytes)
	if err != nil {
		t.Fatal(err)
	}
	return subkey
}

// twins makes one sealed box, without associated data, that two keys open: AES-GCM
// commits to no key. The last block of the ciphertext makes both tags the same.
func twins(t *testing.T, one, other []byte, random *rand.ChaCha8) []byte {
	t.Helper()
	nonce, text := make([]byte, nonceBytes), make([]byte, 256)
	_, _ = random.Read(nonce) // never fails
	_, _ = random.Read(text)
	a, b := halfOf(t, one, nonce), halfOf(t, other, nonce)
	var blocks []element
	for i := 0; i < len(text); i += 16 {
		blocks = append(blocks, elementOf(text[i:]))
	}
	last := len(blocks) - 1
	blocks[last] = element{}
	blocks = append(blocks, element{0, uint64(len(text)) * 8})
	differ := a.sum(blocks).plus(a.mask).plus(b.sum(blocks)).plus(b.mask)
	// The last block counts as many times the hash as there are blocks from it on.
	by := a.hash.times(a.hash).plus(b.hash.times(b.hash))
	blocks[last] = differ.times(by.inverse())
	copy(text[16*last:], blocks[last].bytes())
	tag := a.sum(blocks).plus(a.mask)
	return slices.Concat(nonce, text, tag.bytes())
}

// T-20: somebody who has the keystore and its key-encryption key puts another key
// in a key's place, which opens the very same bytes to another text. The sealed
// bytes, and so the ledger's leaf, are untouched; the commitment in the ledger is
// what they cannot change.
func TestAnotherKeyThatOpensTheSameBytesIsNotTheOneCommittedTo(t *testing.T) {
	t.Parallel()
	const pairs = 100
	c := config(t)
	v := mustOpen(t, c)
	random := rand.NewChaCha8([32]byte{20})
	for i := range pairs {
		who := event.DeriveUUID("twin", big.NewInt(int64(i)).Bytes())
		key := mustEnsure(t, v, healthOf(who))[0]
		mine, theirs := rawKey(t, v, key.ID), make([]byte, keyBytes)
		_, _ = random.Read(theirs)
		box := twins(t, subkeyOf(t, mine, key.ID), subkeyOf(t, theirs, key.ID), random)
		first, err := v.Open(t.Context(), nil, key.ID, box, nil)
		if err != nil {
			t.Fatalf("pair %d: the key does not open it: %v", i, err)
		}
		aead, err := boxAEAD(theirs, key.ID)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := openWith(nil, aead, box, nil); err != nil || bytes.Equal(first, second) {
			t.Fatalf("pair %d: its twin does not open it to another text: %v", i, err)
		}
		r, err := v.store.key(t.Context(), key.ID)
		if err != nil {
			t.Fatal(err)
		}
		r.wrapped, err = wraps(t, v).Encrypt(theirs, wrapContext(key.ID, healthOf(who)))
		if err != nil {
			t.Fatal(err)
		}
		put := func(stamp []byte) Standing {
			meddle(t, c, `UPDATE keys SET wrapped = $1, commitment = $2, stamp = $3 WHERE key_id = $4`, r.wrapped, r.commitment[:], stamp, key.ID[:])
			s, err := v.Standings(t.Context(), []event.UUID{key.ID})
			if err != nil {
				t.Fatal(err)
			}
			return s[0]
		}
		if s := put(r.stamp); s.State != KeyBroken {
			t.Errorf("pair %d, with the old stamp: %+v", i, s)
		}
		if s := put(v.stamps.ofKey(r)); s.State != KeyBroken {
			t.Errorf("pair %d, with the old commitment: %+v", i, s)
		}
		r.commitment = commitmentOf(theirs, key.ID)
		if s := put(v.stamps.ofKey(r)); s.State != KeyThere || s.Commitment == key.Commitment {
			t.Errorf("pair %d, a consistent lie: %+v", i, s)
		}
	}
}
