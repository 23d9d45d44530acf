package witness

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// algorithm is the signature type of cosignature/v1 with Ed25519 (C2SP
// tlog-cosignature).
const algorithm = 4

// ErrKey: the text is no key of a witness. It does not carry the text.
var ErrKey = errors.New("witness: not a key of a witness")

// GenerateKey makes a key pair of a witness: the secret key, in the form of
// [note.GenerateKey], and the verifier key, which is public. The name should be a
// URL without its scheme that says who the witness is, such as
// "witness.example/probation"; it has no blank and no plus sign.
func GenerateKey(random io.Reader, name string) (secret, verifier string, err error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return "", "", err
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	verifier = verifierKey(name, public)
	if _, err := NewVerifier(verifier); err != nil {
		return "", "", err
	}
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, keyID(name, public), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, seed...))), verifier, nil
}

func keyID(name string, public ed25519.PublicKey) uint32 {
	h := sha256.Sum256(append(append([]byte(name), '\n', algorithm), public...))
	return binary.BigEndian.Uint32(h[:])
}

func verifierKey(name string, public ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", name, keyID(name, public), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, public...)))
}

// NewVerifier reads the verifier key of a witness: [ErrKey] for any that is not
// of cosignature/v1 with Ed25519, or whose id is not its own.
func NewVerifier(key string) (note.Verifier, error) {
	v, err := cosignature.NewVerifierForCosignatureV1(key)
	if err != nil {
		return nil, ErrKey
	}
	_, rest, _ := strings.Cut(key, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || verifierKey(v.Name(), raw[1:]) != key {
		return nil, ErrKey // another algorithm, or another id than the key has
	}
	return v, nil
}

// Signer cosigns.
type Signer struct {
	name   string
	secret ed25519.PrivateKey
}

// NewSigner reads a secret key that [GenerateKey] made: [ErrKey].
func NewSigner(secret string) (*Signer, error) {
	parts := strings.SplitN(secret, "+", 5)
	if len(parts) != 5 || parts[0] != "PRIVATE" || parts[1] != "KEY" {
		return nil, ErrKey
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != algorithm {
		return nil, ErrKey
	}
	s := &Signer{parts[2], ed25519.NewKeyFromSeed(raw[1:])}
	if _, err := NewVerifier(s.VerifierKey()); err != nil || fmt.Sprintf("%08x", keyID(s.name, s.public())) != parts[3] {
		return nil, ErrKey
	}
	return s, nil
}

func (s *Signer) public() ed25519.PublicKey { return s.secret.Public().(ed25519.PublicKey) }

// Name is the name of the witness.
func (s *Signer) Name() string { return s.name }

// VerifierKey is the public half.
func (s *Signer) VerifierKey() string { return verifierKey(s.name, s.public()) }

// cosign makes the signature line over the text of a checkpoint, at a time in
// whole seconds. The library's signer reads the clock itself, so its format is
// written here; its verifier is what reads it.
func (s *Signer) cosign(text string, at time.Time) []byte {
	seconds := uint64(at.Unix())
	raw := binary.BigEndian.AppendUint32(nil, keyID(s.name, s.public()))
	raw = binary.BigEndian.AppendUint64(raw, seconds)
	raw = append(raw, ed25519.Sign(s.secret, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text))...)
	return fmt.Appendf(nil, "— %s %s\n", s.name, base64.StdEncoding.EncodeToString(raw))
}
