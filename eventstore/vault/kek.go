package vault

import (
	"bytes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// KEK is the key-encryption key: it wraps what the keystore holds and is kept
// somewhere else. It is shaped like Tink's AEAD, so that a key management
// service can take the file's place.
type KEK interface {
	// Encrypt seals plaintext, bound to the associated data.
	Encrypt(plaintext, ad []byte) ([]byte, error)
	// Decrypt opens what Encrypt sealed with the same associated data.
	Decrypt(ciphertext, ad []byte) ([]byte, error)
}

// fileKEK is a key-encryption key held in memory, read from a file.
type fileKEK struct {
	aead cipher.AEAD
	rand io.Reader
}

func newKEK(key []byte, rand io.Reader) (*fileKEK, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return &fileKEK{aead, rand}, nil
}

func (k *fileKEK) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return sealWith(nil, k.aead, k.rand, plaintext, ad)
}

func (k *fileKEK) Decrypt(ciphertext, ad []byte) ([]byte, error) {
	return openWith(nil, k.aead, ciphertext, ad)
}

// kekHeader is the first line of the file; the second is the key in lower-case
// hexadecimal. Nothing follows it.
const kekHeader = "caseledger key-encryption key, format 1\n"

// ReadKEK reads the key-encryption key from a file. Errors: [ErrKEKMissing],
// [ErrKEKMode], [ErrKEKMalformed]; none carries anything of the content.
func ReadKEK(path string, rand io.Reader) (KEK, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrKEKMissing, path)
	}
	if err != nil {
		return nil, fmt.Errorf("vault: open the key-encryption key: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("vault: open the key-encryption key: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&^0o600 != 0 {
		return nil, fmt.Errorf("%w: %s has %s", ErrKEKMode, path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return nil, fmt.Errorf("vault: read the key-encryption key: %w", err)
	}
	digits, found := bytes.CutPrefix(text, []byte(kekHeader))
	digits, ended := bytes.CutSuffix(digits, []byte("\n"))
	key := make([]byte, keyBytes)
	if !found || !ended || len(digits) != hex.EncodedLen(keyBytes) {
		return nil, fmt.Errorf("%w: %s", ErrKEKMalformed, path)
	}
	if _, err := hex.Decode(key, digits); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrKEKMalformed, path)
	}
	defer clear(key)
	defer clear(text)
	return newKEK(key, rand)
}

// CreateKEK makes a key-encryption key and its file, of mode 0600, and
// returns once both the file and its directory entry are on disk. The file
// appears whole or not at all. A file that exists already is left as it is:
// the error is then fs.ErrExist.
func CreateKEK(path string, rand io.Reader) error {
	key := make([]byte, keyBytes)
	defer clear(key)
	if _, err := io.ReadFull(rand, key); err != nil {
		return fmt.Errorf("vault: draw the key-encryption key: %w", err)
	}
	text := hex.AppendEncode([]byte(kekHeader), key)
	text = append(text, '\n')
	defer clear(text)

	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // O_EXCL, mode 0600
	if err != nil {
		return fmt.Errorf("vault: create the key-encryption key: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o600) // whatever the umask made of it
	}
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Link(f.Name(), path) // fails if the name is taken
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("vault: create the key-encryption key: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if closing := d.Close(); err == nil {
		err = closing
	}
	return err
}
