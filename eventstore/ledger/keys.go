package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// keysHeader is the first line of a file of signing keys. Each line that follows
// is one key, oldest first: "sign" and a note signer key, or "verify" and the
// note verifier key of one that signs no more (C2SP signed-note; Ed25519). All
// have one name: the origin of the ledger.
const keysHeader = "caseledger signer keys, format 1"

const (
	lineSigns    = "sign "
	lineVerifies = "verify "
	// maxKeysBytes bounds the file; a key takes about 150 bytes.
	maxKeysBytes = 64 << 10
)

// The errors of a file of signing keys. None carries anything of the content.
var (
	ErrKeysMissing   = errors.New("ledger: there is no file of signing keys")
	ErrKeysMode      = errors.New("ledger: the file of signing keys must be a regular file of mode 0600 or less")
	ErrKeysMalformed = errors.New("ledger: the file of signing keys is malformed")
	// ErrKeyName: the name cannot be that of an origin: it is empty, too long or has
	// white space or a plus sign in it.
	ErrKeyName = errors.New("ledger: not a name for a signing key")
	// ErrLastKey: the only key that signs cannot be retired.
	ErrLastKey = errors.New("ledger: the only key that signs")
)

// SigningKey is one key as everybody may see it.
type SigningKey struct {
	// Public is the note verifier key: name, hash and public key.
	Public string
	// Signs is false of a retired key, of which only the public part is left.
	Signs bool

	private *string // behind a pointer, which is all that fmt would print of it
}

// ID is the key's hash in hexadecimal, as note signatures name it.
func (k SigningKey) ID() string {
	_, rest, _ := strings.Cut(k.Public, "+")
	id, _, _ := strings.Cut(rest, "+")
	return id
}

// String is [SigningKey.Public], and nothing else of the key.
func (k SigningKey) String() string { return k.Public }

// GoString is [SigningKey.Public], and nothing else of the key.
func (k SigningKey) GoString() string { return k.Public }

// SigningKeys are the keys of a ledger: at least one that signs.
type SigningKeys struct {
	origin string
	keys   []SigningKey
}

// Origin is the name of the ledger.
func (k *SigningKeys) Origin() string { return k.origin }

// List is every key, oldest first.
func (k *SigningKeys) List() []SigningKey {
	return append([]SigningKey(nil), k.keys...)
}

// Signers are the keys that sign, oldest first.
func (k *SigningKeys) Signers() []note.Signer {
	var all []note.Signer
	for _, key := range k.keys {
		if !key.Signs {
			continue
		}
		if s, err := note.NewSigner(*key.private); err == nil { // as it was when it was read, or made
			all = append(all, s)
		}
	}
	return all
}

// Verifiers know every key of the list.
func (k *SigningKeys) Verifiers() note.Verifiers {
	v, err := VerifiersOf(k.public()...)
	if err != nil { // they were read, or made, by this package
		return note.VerifierList()
	}
	return v
}

func (k *SigningKeys) public() []string {
	var all []string
	for _, key := range k.keys {
		all = append(all, key.Public)
	}
	return all
}

// VerifiersOf knows keys by their note verifier keys, each at most once.
func VerifiersOf(public ...string) (note.Verifiers, error) {
	var all []note.Verifier
	for _, p := range public {
		v, err := note.NewVerifier(p)
		if err != nil {
			return nil, fmt.Errorf("ledger: a public key is malformed: %w", err)
		}
		all = append(all, v)
	}
	return note.VerifierList(all...), nil
}

// ReadSigningKeys reads a file of signing keys. [ErrKeysMissing], [ErrKeysMode],
// [ErrKeysMalformed].
func ReadSigningKeys(path string) (*SigningKeys, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrKeysMissing, path)
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: open the signing keys: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("ledger: open the signing keys: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&^0o600 != 0 {
		return nil, fmt.Errorf("%w: %s has %s", ErrKeysMode, path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeysBytes+1))
	if err != nil {
		return nil, fmt.Errorf("ledger: read the signing keys: %w", err)
	}
	defer clear(text)
	k, err := parseSigningKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, path)
	}
	return k, nil
}

func parseSigningKeys(text []byte) (*SigningKeys, error) {
	lines := strings.Split(string(text), "\n")
	if len(text) > maxKeysBytes || len(lines) < 3 || lines[0] != keysHeader || lines[len(lines)-1] != "" {
		return nil, ErrKeysMalformed
	}
	k := &SigningKeys{}
	seen, signs := map[string]bool{}, false
	for _, line := range lines[1 : len(lines)-1] {
		key, err := parseKey(line)
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(key.Public, "+")
		if k.origin == "" {
			k.origin = name
		}
		if name != k.origin || seen[key.ID()] {
			return nil, ErrKeysMalformed
		}
		seen[key.ID()], signs = true, signs || key.Signs
		k.keys = append(k.keys, key)
	}
	if !signs || !bytes.Equal(k.text(), text) {
		return nil, ErrKeysMalformed
	}
	return k, nil
}

func parseKey(line string) (SigningKey, error) {
	if public, ok := strings.CutPrefix(line, lineVerifies); ok {
		if _, err := note.NewVerifier(public); err != nil {
			return SigningKey{}, ErrKeysMalformed
		}
		return SigningKey{Public: public}, nil
	}
	private, ok := strings.CutPrefix(line, lineSigns)
	if !ok {
		return SigningKey{}, ErrKeysMalformed
	}
	public, err := publicOf(private)
	if err != nil {
		return SigningKey{}, ErrKeysMalformed
	}
	return SigningKey{Public: public, Signs: true, private: &private}, nil
}

// publicOf is the note verifier key of a note signer key.
func publicOf(private string) (string, error) {
	if _, err := note.NewSigner(private); err != nil {
		return "", ErrKeysMalformed
	}
	parts := strings.SplitN(private, "+", 5) // PRIVATE+KEY+name+hash+base64 of 0x01 and the seed
	seed, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil {
		return "", ErrKeysMalformed
	}
	defer clear(seed)
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", ErrKeysMalformed
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

// text is the file's content.
func (k *SigningKeys) text() []byte {
	var b bytes.Buffer
	b.WriteString(keysHeader + "\n")
	for _, key := range k.keys {
		if key.Signs {
			b.WriteString(lineSigns + *key.private + "\n")
		} else {
			b.WriteString(lineVerifies + key.Public + "\n")
		}
	}
	return b.Bytes()
}

func (k *SigningKeys) add(rand io.Reader) (SigningKey, error) {
	if k.origin == "" || len(k.origin) > 200 || strings.ContainsAny(k.origin, "+ \t\r\n") {
		return SigningKey{}, ErrKeyName
	}
	private, public, err := note.GenerateKey(rand, k.origin)
	if err != nil {
		return SigningKey{}, fmt.Errorf("ledger: draw a signing key: %w", err)
	}
	if _, err := note.NewVerifier(public); err != nil {
		return SigningKey{}, ErrKeyName
	}
	key := SigningKey{Public: public, Signs: true, private: &private}
	k.keys = append(k.keys, key)
	return key, nil
}

// CreateSigningKeys makes a file, of mode 0600, with one key that is named like
// the origin, and returns once both the file and its directory entry are on disk.
// The file appears whole or not at all. A file that exists already is left as it
// is: the error is then fs.ErrExist. [ErrKeyName].
func CreateSigningKeys(path, origin string, rand io.Reader) (*SigningKeys, error) {
	k := &SigningKeys{origin: origin}
	if _, err := k.add(rand); err != nil {
		return nil, err
	}
	if err := writeFile(path, k.text(), os.Link); err != nil {
		return nil, fmt.Errorf("ledger: create the signing keys: %w", err)
	}
	return k, nil
}

// RotateSigningKeys adds a key. It and those before it sign every checkpoint until
// they are retired: meanwhile whoever verifies learns the public key.
func RotateSigningKeys(ctx context.Context, path string, rand io.Reader) (added SigningKey, err error) {
	err = changeKeys(ctx, path, func(k *SigningKeys) (err error) {
		added, err = k.add(rand)
		return err
	})
	return added, err
}

// RetireSigningKeys keeps only the public part of every key but the one that was
// added last: checkpoints that they signed still verify, and they sign no more.
// [ErrLastKey] if there is no other.
func RetireSigningKeys(ctx context.Context, path string) (retired []SigningKey, err error) {
	err = changeKeys(ctx, path, func(k *SigningKeys) error {
		for i := range k.keys[:len(k.keys)-1] {
			if key := &k.keys[i]; key.Signs {
				*key = SigningKey{Public: key.Public}
				retired = append(retired, *key)
			}
		}
		if retired == nil {
			return ErrLastKey
		}
		return nil
	})
	return retired, err
}

// changeKeys replaces the file by what change makes of it.
func changeKeys(ctx context.Context, path string, change func(*SigningKeys) error) error {
	return exclusive(ctx, path, func() error {
		k, err := ReadSigningKeys(path)
		if err == nil {
			err = change(k)
		}
		if err != nil {
			return err
		}
		if err := writeFile(path, k.text(), os.Rename); err != nil {
			return fmt.Errorf("ledger: change the signing keys: %w", err)
		}
		return nil
	})
}
