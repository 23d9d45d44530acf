package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

// Fork is what shows that a ledger signed two trees of which neither adds to the
// other. It holds nothing but signed notes and hashes, so it may be handed to
// anybody; [CheckFork] says whether it is true.
type Fork struct {
	// A and B are signed checkpoints, with the ledger's signatures only. A is not
	// the larger; of the same size, it is the one with the lower root.
	A, B []byte
	// Beginning and Proof are there where the sizes differ: the proof that B's tree
	// adds to the tree of A's size whose root is Beginning.
	Beginning tlog.Hash
	Proof     tlog.TreeProof
}

var (
	// ErrForkFile: the bytes are no proof of a fork, whatever they claim.
	ErrForkFile = errors.New("witness: not the proof of a fork")
	// ErrNoFork: the two checkpoints do not contradict each other, or not by what
	// is shown.
	ErrNoFork = errors.New("witness: no fork is proven")
)

// forkHeader begins the file of a fork.
const forkHeader = "caseledger-fork@v1"

// maxFork is how many bytes the file of a fork may have.
const maxFork = 64 << 10

// Marshal writes the file of a fork: the header; where the sizes differ, the
// beginning and the proof, one hash a line; an empty line; and both notes, with
// an empty line between them.
func (f Fork) Marshal() []byte {
	var b bytes.Buffer
	b.WriteString(forkHeader + "\n")
	if len(f.Proof) > 0 {
		for _, h := range append(tlog.TreeProof{f.Beginning}, f.Proof...) {
			b.WriteString(h.String() + "\n")
		}
	}
	b.WriteString("\n")
	b.Write(f.A)
	b.WriteString("\n")
	b.Write(f.B)
	return b.Bytes()
}

// ParseFork reads what Marshal writes, and nothing else: [ErrForkFile]. Nothing is
// true of it yet.
func ParseFork(file []byte) (Fork, error) {
	if len(file) > maxFork {
		return Fork{}, fmt.Errorf("%w: it is too large", ErrForkFile)
	}
	parts := strings.Split(string(file), "\n\n")
	if len(parts) != 5 {
		return Fork{}, fmt.Errorf("%w: it does not hold two signed notes", ErrForkFile)
	}
	f := Fork{A: []byte(parts[1] + "\n\n" + parts[2] + "\n"), B: []byte(parts[3] + "\n\n" + parts[4])}
	header, hashes, some := strings.Cut(parts[0], "\n")
	if some {
		first, rest, _ := strings.Cut(hashes, "\n")
		beginning, err := parseHashes(first)
		if err != nil {
			return Fork{}, fmt.Errorf("%w: %w", ErrForkFile, err)
		}
		f.Beginning = beginning[0]
		if f.Proof, err = parseHashes(rest); err != nil {
			return Fork{}, fmt.Errorf("%w: %w", ErrForkFile, err)
		}
	}
	if header != forkHeader || !bytes.Equal(f.Marshal(), file) {
		return Fork{}, fmt.Errorf("%w: it is not in its canonical form", ErrForkFile)
	}
	return f, nil
}

// CheckFork reports whether a fork is true of the ledger with an origin, whose
// keys are known: nil if it is, [ErrForkFile] if it is not made of two checkpoints
// that the ledger signed, [ErrNoFork] if they do not contradict each other. Who
// made the fork, and who brought it, does not matter.
func CheckFork(f Fork, origin string, keys note.Verifiers) error {
	a, err := openAlone(f.A, origin, keys)
	if err != nil {
		return err
	}
	b, err := openAlone(f.B, origin, keys)
	if err != nil {
		return err
	}
	switch {
	case a.N > b.N, a.N == b.N && bytes.Compare(a.Hash[:], b.Hash[:]) > 0:
		return fmt.Errorf("%w: its checkpoints are out of order", ErrForkFile)
	case a.N == b.N && a.Hash == b.Hash:
		return fmt.Errorf("%w: both are the same tree", ErrNoFork)
	case a.N == b.N && len(f.Proof) > 0:
		return fmt.Errorf("%w: it has a proof too many", ErrForkFile)
	case a.N == b.N:
		return nil
	case a.N == 0:
		return fmt.Errorf("%w: every tree adds to the one without entries", ErrNoFork)
	case f.Beginning == a.Hash || len(f.Proof) == 0:
		return fmt.Errorf("%w: nothing shows that the larger tree begins otherwise than the smaller", ErrNoFork)
	}
	if extends(f.Proof, b, ledger.Tree{N: a.N, Hash: f.Beginning}) != nil {
		return fmt.Errorf("%w: %w", ErrNoFork, errProof)
	}
	return nil
}

// openAlone opens a checkpoint that holds the signatures of known keys in their
// one form, and no other line.
func openAlone(signed []byte, origin string, keys note.Verifiers) (ledger.Tree, error) {
	n, err := note.Open(signed, keys)
	if err != nil {
		return ledger.Tree{}, fmt.Errorf("%w: %w", ErrForkFile, err)
	}
	of, t, err := parseCheckpoint(n.Text)
	if err != nil {
		return ledger.Tree{}, fmt.Errorf("%w: %w", ErrForkFile, err)
	}
	if of != origin || !bytes.Equal(alone(n), signed) {
		return ledger.Tree{}, fmt.Errorf("%w: a checkpoint is another origin's, or has other signatures than the ledger's", ErrForkFile)
	}
	return t, nil
}

// alone writes a note with its verified signatures only, in their one form.
func alone(n *note.Note) []byte {
	b := []byte(n.Text + "\n")
	for _, s := range n.Sigs {
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil {
			continue // note.Open has decoded it
		}
		b = fmt.Appendf(b, "— %s %s\n", s.Name, base64.StdEncoding.EncodeToString(raw))
	}
	return b
}

// checkpoint is a signed checkpoint of which the signatures are known.
type checkpoint struct {
	ledger.Tree
	note *note.Note
}

// forkOf finds the proof that two checkpoints contradict each other: in their
// roots, or in a proof that holds for the larger tree, from whatever it begins
// with. beginning may be known; otherwise it is found in the proof, if it can be.
func forkOf(a, b checkpoint, proof tlog.TreeProof, known *tlog.Hash) (Fork, bool) {
	if a.N > b.N || a.N == b.N && bytes.Compare(a.Hash[:], b.Hash[:]) > 0 {
		a, b = b, a
	}
	f := Fork{A: alone(a.note), B: alone(b.note)}
	if a.N == b.N {
		return f, a.Hash != b.Hash
	}
	if f.Proof = proof; known != nil {
		f.Beginning = *known
		return f, extends(proof, b.Tree, ledger.Tree{N: a.N, Hash: *known}) == nil && *known != a.Hash && a.N > 0
	}
	var found bool
	f.Beginning, found = beginning(proof, b.Tree, a.N)
	return f, found && f.Beginning != a.Hash
}
