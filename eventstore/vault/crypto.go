package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"caseledger/domain/event"
)

const (
	keyBytes   = 32
	nonceBytes = 12
	tagBytes   = 16

	// Overhead is how much longer sealed bytes are than what was sealed.
	Overhead = nonceBytes + tagBytes
)

// commitmentOf commits to a data key.
func commitmentOf(dek []byte, id event.UUID) event.Commitment {
	mac := hmac.New(sha256.New, dek)
	mac.Write([]byte("dek-commit-v1"))
	mac.Write(id[:])
	return event.Commitment(mac.Sum(nil))
}

// boxAEAD derives the cipher of a data key's boxes.
func boxAEAD(dek []byte, id event.UUID) (cipher.AEAD, error) {
	subkey, err := hkdf.Key(sha256.New, dek, nil, "caseledger-box-v1"+string(id[:]), keyBytes)
	if err != nil {
		return nil, err
	}
	return newGCM(subkey)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// wrapContext is the associated data of a wrapped data key.
func wrapContext(id event.UUID, ref Ref) []byte {
	ad := append([]byte("caseledger-dek-v1"), id[:]...)
	ad = append(ad, ref.Subject[:]...)
	ad = appendShort(ad, string(ref.Side))
	return appendShort(ad, string(ref.Class))
}

// proofOf tells one key-encryption key of an epoch from another.
func proofOf(kek []byte, epoch uint32) []byte {
	mac := hmac.New(sha256.New, kek)
	mac.Write([]byte("kek-proof-v1"))
	mac.Write(binary.BigEndian.AppendUint32(nil, epoch))
	return mac.Sum(nil)
}

// secretContext is the associated data of a wrapped keystore secret.
func secretContext(name string) []byte {
	return appendShort([]byte("caseledger-secret-v1"), name)
}

func appendShort(b []byte, s string) []byte {
	return append(append(b, byte(len(s))), s...)
}

// sealWith appends nonce, ciphertext and tag to dst; the nonce comes from rand.
func sealWith(dst []byte, aead cipher.AEAD, rand io.Reader, plaintext, ad []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, make([]byte, nonceBytes)...)
	nonce := dst[start:]
	if _, err := io.ReadFull(rand, nonce); err != nil {
		return nil, fmt.Errorf("vault: draw a nonce: %w", err)
	}
	return aead.Seal(dst, nonce, plaintext, ad), nil
}

// openWith appends what was sealed to dst; ErrBroken if anything differs.
func openWith(dst []byte, aead cipher.AEAD, sealed, ad []byte) ([]byte, error) {
	if len(sealed) < Overhead {
		return nil, ErrBroken
	}
	out, err := aead.Open(dst, sealed[:nonceBytes], sealed[nonceBytes:], ad)
	if err != nil {
		return nil, ErrBroken
	}
	return out, nil
}

// randomUUID draws a UUIDv4 (RFC 9562 section 5.4).
func randomUUID(rand io.Reader) (event.UUID, error) {
	var u event.UUID
	if _, err := io.ReadFull(rand, u[:]); err != nil {
		return event.UUID{}, fmt.Errorf("vault: draw an identifier: %w", err)
	}
	return asUUIDv4(u), nil
}

func asUUIDv4(u event.UUID) event.UUID {
	u[6] = u[6]&0x0f | 0x40
	u[8] = u[8]&0x3f | 0x80
	return u
}
