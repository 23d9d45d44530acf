package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof proves, without asking anybody, that an entry is in the ledger (C2SP
// tlog-proof).
type Proof struct {
	Index  int64 // of the entry, from 0: its position less one
	Hashes tlog.RecordProof
	// Checkpoint is a signed note of the tree that the hashes lead to.
	Checkpoint []byte
}

// What is wrong with a proof. A checkpoint that is not the ledger's is
// [ErrCheckpoint].
var (
	// ErrProofSize: it is larger than any proof.
	ErrProofSize = errors.New("ledger: larger than any proof")
	// ErrProofForm: it is not in the form, to the byte, in which proofs are
	// written: cut short, with something after it, with numbers or base64 in
	// another form, with extra data.
	ErrProofForm = errors.New("ledger: not the form of a proof")
	// ErrProofIndex: the tree has no entry of its index.
	ErrProofIndex = errors.New("ledger: the proof is of an entry beyond its checkpoint")
	// ErrProofFails: its hashes do not lead from the entry to the root: too many,
	// too few, others, in another order, or those of another entry.
	ErrProofFails = errors.New("ledger: the proof does not prove that the entry is in the ledger")
)

const (
	proofHeader = "c2sp.org/tlog-proof@v1\n"
	proofIndex  = "index "
	// maxProofHashes is how deep a tree of 2^63 entries is.
	maxProofHashes = 63
	hashLine       = (tlog.HashSize + 2) / 3 * 4
	// MaxProofBytes is the size of the largest proof.
	MaxProofBytes = len(proofHeader) + len(proofIndex) + 20 + maxProofHashes*(hashLine+1) + 1 + maxCheckpointBytes
)

// FormatProof writes a proof as a .tlog-proof file.
func FormatProof(p Proof) []byte {
	b := append([]byte(proofHeader), proofIndex...)
	b = append(strconv.AppendInt(b, p.Index, 10), '\n')
	for _, h := range p.Hashes {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	b = append(b, '\n')
	return append(b, p.Checkpoint...)
}

// ParseProof reads what [FormatProof] writes, and nothing else, which is not to
// say that it proves anything: [CheckProof] does. [ErrProofSize], [ErrProofForm].
func ParseProof(b []byte) (Proof, error) {
	if len(b) > MaxProofBytes {
		return Proof{}, ErrProofSize
	}
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	lines := bytes.Split(head, []byte("\n"))
	if !ok || len(lines) < 2 || len(lines) > 2+maxProofHashes {
		return Proof{}, fmt.Errorf("%w: it has not its lines", ErrProofForm)
	}
	index, _ := bytes.CutPrefix(lines[1], []byte(proofIndex))
	p := Proof{Checkpoint: bytes.Clone(checkpoint)}
	var err error
	if p.Index, err = strconv.ParseInt(string(index), 10, 64); err != nil || p.Index < 0 {
		return Proof{}, fmt.Errorf("%w: its index is none", ErrProofForm)
	}
	for _, line := range lines[2:] {
		var h tlog.Hash
		if len(line) != hashLine {
			return Proof{}, fmt.Errorf("%w: a line is no hash", ErrProofForm)
		}
		hash, err := base64.StdEncoding.Strict().AppendDecode(nil, line)
		if err != nil || copy(h[:], hash) != len(hash) || len(hash) != len(h) {
			return Proof{}, fmt.Errorf("%w: a line is no hash", ErrProofForm)
		}
		p.Hashes = append(p.Hashes, h)
	}
	if !bytes.Equal(FormatProof(p), b) {
		return Proof{}, fmt.Errorf("%w: it is not in its canonical form", ErrProofForm)
	}
	return p, checkpointForm(checkpoint)
}

// checkpointForm is nil for what has the form of a signed checkpoint, with no
// signature twice: to read further, one must have the keys.
func checkpointForm(b []byte) error {
	text, signatures, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok || len(b) > maxCheckpointBytes || !bytes.HasSuffix(signatures, []byte("\n")) {
		return fmt.Errorf("%w: what follows is no checkpoint", ErrProofForm)
	}
	if _, _, err := ParseCheckpointText(string(text) + "\n"); err != nil {
		return fmt.Errorf("%w: what follows is no checkpoint", ErrProofForm)
	}
	seen := map[string]bool{}
	for line := range bytes.SplitSeq(bytes.TrimSuffix(signatures, []byte("\n")), []byte("\n")) {
		rest, ok := bytes.CutPrefix(line, []byte("— "))
		name, signature, found := bytes.Cut(rest, []byte(" "))
		raw, err := base64.StdEncoding.Strict().AppendDecode(nil, signature)
		if !ok || !found || len(name) == 0 || err != nil || len(raw) < 5 || seen[string(line)] {
			return fmt.Errorf("%w: a line is no signature", ErrProofForm)
		}
		seen[string(line)] = true
	}
	return nil
}

// CheckProof returns the tree, and the note that signs it, that a proof proves an
// entry to be in: leaf is the hash of the entry's stored bytes, origin and keys
// are those of [OpenCheckpoint]. How many witnesses must have signed is for the
// caller to judge.
//
// Errors: [ErrCheckpoint], [ErrProofIndex], [ErrProofFails].
func CheckProof(leaf tlog.Hash, p Proof, origin string, keys note.Verifiers) (Tree, *note.Note, error) {
	t, n, err := OpenCheckpoint(p.Checkpoint, origin, keys)
	switch {
	case err != nil:
		return Tree{}, nil, err
	case p.Index < 0 || p.Index >= t.N:
		return Tree{}, nil, fmt.Errorf("%w, which has %d", ErrProofIndex, t.N)
	case tlog.CheckRecord(p.Hashes, t.N, t.Hash, p.Index, leaf) != nil:
		return Tree{}, nil, ErrProofFails
	}
	return t, n, nil
}
