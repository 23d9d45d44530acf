package offline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger/verdict"
)

// ErrUsage: the question cannot be asked so.
var ErrUsage = errors.New("usage")

// Query is what is to be checked, and by what.
type Query struct {
	File string // a pack, a `.tlog-proof` file or an exported ledger: its first bytes tell
	// Keys are verifier keys of the ledger, or names of files that have one in
	// each line; empty lines and those that begin with # are left out.
	Keys       []string
	Origin     string // of the ledger; empty: the name of the keys
	Policy     string // name of a C2SP tlog-policy file
	Checkpoint string // name of a file with a signed checkpoint
	Entry      string // name of a file with the stored bytes of an entry: for a proof
	Digest     bool   // see [LedgerOptions]
	Progress   func(entries uint64, bytes, of int64)
}

// Check answers a query. The errors are [ErrUsage], [ErrTrust], [fs.ErrNotExist]
// or another of a file that cannot be opened, and those of the package comment.
func Check(ctx context.Context, q Query) (*verdict.Report, error) {
	t, err := q.trust()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(q.File)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a file", ErrUsage, q.File)
	}
	begin := make([]byte, len(proofHeader))
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch head := string(begin[:n]); {
	case q.Entry != "" || strings.HasPrefix(head, "c2sp.org/tlog-proof@"):
		return q.proof(t, f)
	case strings.HasPrefix(head, ledgerMagic):
		if !t.pinning {
			return nil, fmt.Errorf("%w: an exported ledger is checked against a signed checkpoint: give it with --checkpoint", ErrUsage)
		}
		o := LedgerOptions{Workers: runtime.GOMAXPROCS(0), Digest: q.Digest}
		if q.Progress != nil {
			o.Progress = func(entries uint64, bytes int64) { q.Progress(entries, bytes, info.Size()) }
		}
		return Ledger(ctx, f, info.Size(), t, o)
	case info.Size() > maxPackBytes || !strings.HasPrefix(head, localMagic):
		return nil, unreadable("it is neither a pack, nor a proof, nor an exported ledger")
	}
	b, err := readAll(f, maxPackBytes)
	if err != nil {
		return nil, err
	}
	return Pack(b, t)
}

func (q *Query) proof(t *Trust, f io.Reader) (*verdict.Report, error) {
	if q.Entry == "" {
		return nil, fmt.Errorf("%w: a proof is of one entry: give its bytes with --entry", ErrUsage)
	}
	file, err := readAll(f, maxProofBytes)
	if err != nil {
		return nil, err
	}
	stored, err := readFile(q.Entry, maxEntryBytes)
	if err != nil {
		return nil, err
	}
	return Proof(file, stored, t)
}

func (q *Query) trust() (*Trust, error) {
	var keys []string
	for i, k := range q.Keys {
		if _, err := note.NewVerifier(k); err == nil {
			keys = append(keys, k)
			continue
		}
		more, err := keysIn(k)
		if errors.Is(err, fs.ErrNotExist) {
			// What was given is not repeated: it may be a key that is to be kept.
			return nil, fmt.Errorf("%w: key %d is neither a verifier key (NAME+HASH+KEY) nor a file: %w", ErrUsage, i+1, fs.ErrNotExist)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	var policy *Policy
	if q.Policy != "" {
		b, err := readFile(q.Policy, maxPolicyBytes)
		if err != nil {
			return nil, err
		}
		if policy, err = ParsePolicy(b); err != nil {
			return nil, err
		}
	}
	t, err := NewTrust(keys, q.Origin, policy)
	if err != nil {
		return nil, err
	}
	if q.Checkpoint != "" {
		b, err := readFile(q.Checkpoint, maxCheckpointBytes)
		if err != nil {
			return nil, err
		}
		t.PinCheckpoint(b)
	}
	return t, nil
}

func keysIn(name string) (keys []string, err error) {
	b, err := readFile(name, maxPolicyBytes)
	if err != nil {
		return nil, errors.Unwrap(err) // without the name, which may be a key
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "PRIVATE+KEY+"):
			return nil, fmt.Errorf("%w: the file holds a private key; only its verifier key is wanted here", ErrTrust)
		default:
			keys = append(keys, line)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the file of keys %w: it has none", ErrTrust)
	}
	return keys, nil
}

// readFile reads a file of at most so many bytes, and one more of a longer one,
// which whoever reads it then refuses.
func readFile(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f, most)
}

func readAll(f io.Reader, most int64) ([]byte, error) { return io.ReadAll(io.LimitReader(f, most+1)) }
