package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint: the bytes are no checkpoint of this ledger: malformed, of
// another origin, or not signed by a key that is trusted.
var ErrCheckpoint = errors.New("ledger: not a checkpoint of this ledger")

// maxCheckpointBytes bounds a checkpoint with all its signatures, like the
// value of a register.
const maxCheckpointBytes = 64 << 10

// CheckpointText is what is signed of a tree: the body of a C2SP tlog-checkpoint
// without extension lines.
func CheckpointText(origin string, t Tree) string {
	return origin + "\n" + strconv.FormatInt(t.N, 10) + "\n" + base64.StdEncoding.EncodeToString(t.Hash[:]) + "\n"
}

// ParseCheckpointText reads what [CheckpointText] writes, and nothing else:
// [ErrCheckpoint] for any other text, extension lines included.
func ParseCheckpointText(text string) (origin string, t Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return "", Tree{}, fmt.Errorf("%w: it has not three lines", ErrCheckpoint)
	}
	if t.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || t.N < 0 {
		return "", Tree{}, fmt.Errorf("%w: its size is none", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", Tree{}, fmt.Errorf("%w: its root is none", ErrCheckpoint)
	}
	t.Hash = tlog.Hash(root)
	if lines[0] == "" || CheckpointText(lines[0], t) != text {
		return "", Tree{}, fmt.Errorf("%w: it is not in its canonical form", ErrCheckpoint)
	}
	return lines[0], t, nil
}

// OpenCheckpoint reads a signed checkpoint of an origin. At least one signature
// must be of a key in keys that is named like the origin: cosignatures of
// witnesses alone make no checkpoint. The note tells which keys signed.
func OpenCheckpoint(signed []byte, origin string, keys note.Verifiers) (Tree, *note.Note, error) {
	if len(signed) > maxCheckpointBytes {
		return Tree{}, nil, fmt.Errorf("%w: it is too large", ErrCheckpoint)
	}
	n, err := note.Open(signed, keys)
	if err != nil {
		return Tree{}, nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	for _, s := range slices.Concat(n.Sigs, n.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return Tree{}, nil, fmt.Errorf("%w: a signature is not in its canonical form", ErrCheckpoint)
		}
	}
	of, t, err := ParseCheckpointText(n.Text)
	switch {
	case err != nil:
		return Tree{}, nil, err
	case of != origin:
		return Tree{}, nil, fmt.Errorf("%w: it is another origin's", ErrCheckpoint)
	}
	for _, s := range n.Sigs {
		if s.Name == origin {
			return t, n, nil
		}
	}
	return Tree{}, nil, fmt.Errorf("%w: the ledger itself has not signed it", ErrCheckpoint)
}
