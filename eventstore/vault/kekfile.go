package vault

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"caseledger/eventstore/filelock"
)

// The file of the key-encryption key has a first line, then a line for each
// epoch, in ascending order, and nothing after them:
//
//	caseledger key-encryption key, format 2
//	epoch 1 64 lower-case hexadecimal digits
//	epoch 2 kms URI base64
//
// The second kind is of a key that a key management service's key, which the
// URI names, has encrypted with the associated data "caseledger-kek-v1" ‖ u32
// epoch. Format 1 is the key of epoch 1 alone, as digits on the second line.
const (
	kekHeader1  = "caseledger key-encryption key, format 1\n"
	kekHeader2  = "caseledger key-encryption key, format 2\n"
	maxKEKFile  = 1 << 16
	maxEpochs   = 64
	maxURI      = 1024
	newSuffix   = ".new-" // and random characters: a file that is being written
	oldSuffix   = ".old"  // one that was replaced, until it is overwritten
	firstEpoch  = 1
	kmsLineWord = "kms"
)

// epoch is one generation of the key-encryption key: the key itself, or as a
// key management service encrypted it.
type epoch struct {
	number  uint32
	key     []byte
	uri     string
	wrapped []byte
}

func find(epochs []epoch, number uint32) *epoch {
	for i := range epochs {
		if epochs[i].number == number {
			return &epochs[i]
		}
	}
	return nil
}

func (e *epoch) same(other *epoch) bool {
	return bytes.Equal(e.key, other.key) && e.uri == other.uri && bytes.Equal(e.wrapped, other.wrapped)
}

// epochContext is the associated data of a key that a service encrypts.
func epochContext(number uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte("caseledger-kek-v1"), number)
}

// open returns the key, which the caller clears. [ErrKEKUnavailable] if the
// service does not open it.
func (e *epoch) open(kms func(string) (KEK, error)) ([]byte, error) {
	if e.uri == "" {
		return slices.Clone(e.key), nil
	}
	remote, err := remoteKEK(kms, e.uri)
	if err != nil {
		return nil, err
	}
	key, err := remote.Decrypt(e.wrapped, epochContext(e.number))
	if err != nil {
		return nil, fmt.Errorf("%w: epoch %d: %w", ErrKEKUnavailable, e.number, err)
	}
	if len(key) != keyBytes {
		clear(key)
		return nil, fmt.Errorf("%w: epoch %d is no key", ErrKEKMalformed, e.number)
	}
	return key, nil
}

func remoteKEK(kms func(string) (KEK, error), uri string) (KEK, error) {
	if kms == nil {
		return nil, fmt.Errorf("%w: this program is linked with no key management service", ErrKEKUnavailable)
	}
	remote, err := kms(uri)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKEKUnavailable, err)
	}
	return remote, nil
}

// newEpoch draws a key; with a URI, it is encrypted by the key which that
// names, and seen to open again.
func newEpoch(number uint32, rand io.Reader, kms func(string) (KEK, error), uri string) (epoch, error) {
	key := make([]byte, keyBytes)
	if _, err := io.ReadFull(rand, key); err != nil {
		return epoch{}, fmt.Errorf("vault: draw the key-encryption key: %w", err)
	}
	if uri == "" {
		return epoch{number: number, key: key}, nil
	}
	defer clear(key)
	if !isURI(uri) {
		return epoch{}, fmt.Errorf("%w: what names the service's key is no URI", ErrKEKMalformed)
	}
	remote, err := remoteKEK(kms, uri)
	if err != nil {
		return epoch{}, err
	}
	wrapped, err := remote.Encrypt(key, epochContext(number))
	if err != nil {
		return epoch{}, fmt.Errorf("%w: %w", ErrKEKUnavailable, err)
	}
	e := epoch{number: number, uri: uri, wrapped: wrapped}
	again, err := e.open(kms)
	if err != nil {
		return epoch{}, err
	}
	defer clear(again)
	if !bytes.Equal(again, key) {
		return epoch{}, fmt.Errorf("%w: the service does not open what it encrypted", ErrKEKUnavailable)
	}
	return e, nil
}

func isURI(uri string) bool {
	return len(uri) <= maxURI && strings.Contains(uri, "://") && !strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' })
}

// readEpochs reads the file of the key-encryption key. Errors: [ErrKEKMissing],
// [ErrKEKMode], [ErrKEKMalformed]; none carries anything of the content.
func readEpochs(path string) ([]epoch, error) {
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
	text, err := io.ReadAll(io.LimitReader(f, maxKEKFile+1))
	if err != nil {
		return nil, fmt.Errorf("vault: read the key-encryption key: %w", err)
	}
	defer clear(text)
	epochs, ok := parseEpochs(text)
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrKEKMalformed, path)
	}
	return epochs, nil
}

// parseEpochs reads the text of the file; only what writeEpochs writes, and
// format 1, is one.
func parseEpochs(text []byte) ([]epoch, bool) {
	if digits, old := bytes.CutPrefix(text, []byte(kekHeader1)); old {
		digits, ended := bytes.CutSuffix(digits, []byte("\n"))
		key, ok := parseKey(digits)
		return []epoch{{number: firstEpoch, key: key}}, ended && ok
	}
	rest, found := bytes.CutPrefix(text, []byte(kekHeader2))
	if !found || len(rest) == 0 || len(text) > maxKEKFile {
		return nil, false
	}
	var epochs []epoch
	for len(rest) > 0 {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		e, ok := parseEpoch(line)
		if !ended || !ok || len(epochs) == maxEpochs || len(epochs) > 0 && e.number <= epochs[len(epochs)-1].number {
			return nil, false
		}
		if slices.ContainsFunc(epochs, func(other epoch) bool { return other.same(&e) }) {
			return nil, false // two epochs of one key would be none
		}
		epochs, rest = append(epochs, e), after
	}
	return epochs, true
}

func parseKey(digits []byte) ([]byte, bool) {
	key := make([]byte, keyBytes)
	if len(digits) != hex.EncodedLen(keyBytes) || bytes.ContainsAny(digits, "ABCDEF") {
		return nil, false
	}
	_, err := hex.Decode(key, digits)
	return key, err == nil
}

func parseEpoch(line []byte) (e epoch, ok bool) {
	words := bytes.Split(line, []byte(" "))
	if len(words) < 3 || string(words[0]) != "epoch" {
		return epoch{}, false
	}
	number, err := strconv.ParseUint(string(words[1]), 10, 31)
	if err != nil || number < firstEpoch || strconv.FormatUint(number, 10) != string(words[1]) {
		return epoch{}, false
	}
	e.number = uint32(number)
	switch {
	case len(words) == 3:
		e.key, ok = parseKey(words[2])
		return e, ok
	case len(words) == 5 && string(words[2]) == kmsLineWord && isURI(string(words[3])):
		e.uri = string(words[3])
		e.wrapped, err = base64.StdEncoding.Strict().DecodeString(string(words[4]))
		return e, err == nil && len(e.wrapped) > 0
	}
	return epoch{}, false
}

// textOf is what the file holds.
func textOf(epochs []epoch) []byte {
	text := []byte(kekHeader2)
	for _, e := range epochs {
		text = fmt.Appendf(text, "epoch %d ", e.number)
		if e.uri == "" {
			text = hex.AppendEncode(text, e.key)
		} else {
			text = append(text, kmsLineWord+" "+e.uri+" "...)
			text = base64.StdEncoding.AppendEncode(text, e.wrapped)
		}
		text = append(text, '\n')
	}
	return text
}

// CreateKEK makes a key-encryption key and its file, of mode 0600, and
// returns once both the file and its directory entry are on disk. The file
// appears whole or not at all. A file that exists already is left as it is:
// the error is then fs.ErrExist. With a URI, the file holds the key as the key
// of a key management service encrypted it, which kms finds.
func CreateKEK(path string, rand io.Reader, kms func(uri string) (KEK, error), uri string) error {
	first, err := newEpoch(firstEpoch, rand, kms, uri)
	if err != nil {
		return err
	}
	defer clear(first.key)
	written, err := writeBeside(path, []epoch{first})
	if err == nil {
		err = errors.Join(os.Link(written, path), os.Remove(written)) // the first fails if the name is taken
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("vault: create the key-encryption key: %w", err)
	}
	return nil
}

// writeBeside writes a file beside another, for its owner only, to the disk.
func writeBeside(path string, epochs []epoch) (name string, err error) {
	text := textOf(epochs)
	defer clear(text)
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newSuffix+"*") // O_EXCL, mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(0o600) // whatever the umask made of it
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// replaceEpochs puts other epochs in the place of those that were read from the
// file, whole or not at all, and overwrites the bytes that it had. errOtherEpoch
// if others are there by now, whatever lock of the keystore whoever read them
// believes to hold. step may stop it, as a fault would.
func replaceEpochs(ctx context.Context, path string, read, epochs []epoch, step func(string) error) error {
	return withFile(ctx, path, func() error {
		there, err := readEpochs(path)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(there, read, func(a, b epoch) bool { return a.number == b.number && a.same(&b) }) {
			return fmt.Errorf("%w: another process replaced the key-encryption key", errOtherEpoch)
		}
		return putEpochs(path, epochs, step)
	})
}

// lockSuffix ends the name of an empty file that stays beside the other.
const lockSuffix = "-lock"

// withFile runs f while no other process of this machine replaces the file, or
// overwrites what a replacement left.
func withFile(ctx context.Context, path string, f func() error) error {
	lock, err := filelock.Wait(ctx, path+lockSuffix)
	if err != nil {
		return fmt.Errorf("vault: lock the key-encryption key: %w", err)
	}
	defer func() { _ = lock.Close() }()
	return f()
}

func putEpochs(path string, epochs []epoch, step func(string) error) error {
	if _, err := wipeLeftovers(path); err != nil {
		return err
	}
	written, err := writeBeside(path, epochs)
	if err != nil {
		return fmt.Errorf("vault: write the key-encryption key: %w", err)
	}
	for _, next := range []struct {
		name string
		do   func() error
	}{
		{"written", func() error { return os.Link(path, path+oldSuffix) }},
		{"linked", func() error { return os.Rename(written, path) }},
		{"renamed", func() error { return syncDir(filepath.Dir(path)) }},
		{"replaced", func() error { _, err := wipeLeftovers(path); return err }},
	} {
		err := step("file " + next.name)
		if err == nil {
			err = next.do()
		}
		if err != nil {
			return fmt.Errorf("vault: replace the key-encryption key: %w", err)
		}
	}
	return nil
}

// replaceable tries what replacing the file needs: that files can be made beside
// it, and that it can have another name. A file that is mounted by itself cannot.
func replaceable(path string) error {
	beside, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+newSuffix+"*")
	if err != nil {
		return err
	}
	name := beside.Name()
	if err := errors.Join(beside.Close(), os.Remove(name), os.Link(path, name)); err != nil {
		return err
	}
	return os.Remove(name)
}

// wipeLeftovers overwrites and removes what a replacement leaves, also one that
// was stopped, and reports whether a file was replaced that was not overwritten.
// Whoever calls it holds the file's lock.
func wipeLeftovers(path string) (replaced bool, err error) {
	// A replacement that was stopped may not have its name on disk yet. If the
	// power failed once its old bytes are gone, they would be the file's again.
	err = syncDir(filepath.Dir(path))
	var names []string
	if err == nil {
		names, err = filepath.Glob(quoteGlob(path) + newSuffix + "*")
	}
	if err == nil {
		for _, name := range append(names, path+oldSuffix) {
			if replaced, err = wipe(name, path); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return false, fmt.Errorf("vault: overwrite an old key-encryption key: %w", err)
	}
	return replaced, nil
}

func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// wipe overwrites a file and removes it, or its name alone if it is the file
// that is in use, and reports whether it overwrote anything.
func wipe(name, inUse string) (wiped bool, err error) {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if current, err := os.Stat(inUse); err == nil && os.SameFile(info, current) {
		return false, os.Remove(name)
	}
	if err := os.Chmod(name, 0o600); err != nil { // it may be one that its owner only reads
		return false, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return false, err
	}
	_, err = f.Write(make([]byte, info.Size()))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return false, err
	}
	return true, os.Remove(name)
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
