package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// memoryHeader is the first line of a [MemoryFile]. The checkpoint text of the
// tree follows, and then SHA-256 of all that, in lower-case hexadecimal.
const memoryHeader = "caseledger last signed, format 1\n"

// maxMemoryBytes bounds the file, with an origin of at most 200 bytes.
const maxMemoryBytes = 1 << 10

// ErrMemory: what the signer remembered cannot be read. It is never taken for
// nothing: put the file back, or see [Recover].
var ErrMemory = errors.New("ledger: the signer's memory is damaged, or another ledger's")

// MemoryFile is a [Memory] in a file. It must not be in any backup of the store,
// nor be put back with one.
type MemoryFile struct{ path, origin string }

// NewMemoryFile returns the memory of an origin in a file, which is made when it
// is first written. A file that is not there remembers nothing.
func NewMemoryFile(path, origin string) *MemoryFile { return &MemoryFile{path, origin} }

// LastSigned implements [Memory]. [ErrMemory].
func (m *MemoryFile) LastSigned(ctx context.Context) (Tree, error) {
	if err := ctx.Err(); err != nil {
		return Tree{}, err
	}
	f, err := os.Open(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return Tree{}, nil
	}
	if err != nil {
		return Tree{}, fmt.Errorf("ledger: open the signer's memory: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxMemoryBytes+1))
	if err != nil {
		return Tree{}, fmt.Errorf("ledger: read the signer's memory: %w", err)
	}
	origin, t, err := parseMemory(text)
	if err == nil && origin != m.origin {
		err = ErrMemory
	}
	if err != nil {
		return Tree{}, fmt.Errorf("%w: %s", err, m.path)
	}
	return t, nil
}

// Signing implements [Memory]. After an error the file holds one tree or the
// other, whole.
func (m *MemoryFile) Signing(ctx context.Context, last, tree Tree) error {
	return exclusive(ctx, m.path, func() error {
		is, err := m.LastSigned(ctx)
		if err != nil {
			return err
		}
		if is != last {
			return fmt.Errorf("ledger: what was signed last is not what was expected: %w", ErrMoved)
		}
		if err := writeFile(m.path, memoryText(m.origin, tree), os.Rename); err != nil {
			return fmt.Errorf("ledger: write the signer's memory: %w", err)
		}
		return nil
	})
}

func memoryText(origin string, t Tree) []byte {
	text := []byte(memoryHeader + CheckpointText(origin, t))
	sum := sha256.Sum256(text)
	return append(hex.AppendEncode(text, sum[:]), '\n')
}

// parseMemory reads what memoryText writes, and nothing else: [ErrMemory].
func parseMemory(text []byte) (origin string, t Tree, err error) {
	rest, ok := strings.CutPrefix(string(text), memoryHeader)
	if end := len(rest) - hex.EncodedLen(sha256.Size) - 1; ok && len(text) <= maxMemoryBytes && end > 0 {
		origin, t, err = ParseCheckpointText(rest[:end])
		if err == nil && bytes.Equal(memoryText(origin, t), text) {
			return origin, t, nil
		}
	}
	return "", Tree{}, ErrMemory
}
