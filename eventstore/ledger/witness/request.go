package witness

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"caseledger/eventstore/ledger"
)

const (
	// maxProof is how many hashes a consistency proof has at most (tlog-witness).
	maxProof = 63
	// maxBody is how many bytes a request, and the answer to one, may have.
	maxBody = 16 << 10
)

// ErrRequest: the bytes are no add-checkpoint request.
var ErrRequest = errors.New("witness: not an add-checkpoint request")

// Request is the body of an add-checkpoint request (C2SP tlog-witness).
type Request struct {
	// Old is the size that the witness is thought to know, from 0.
	Old int64
	// Proof is that the tree of the checkpoint adds to the one of size Old.
	Proof tlog.TreeProof
	// Checkpoint is a signed note. It is not checked.
	Checkpoint []byte
}

// Marshal writes a request.
func (r Request) Marshal() []byte {
	b := fmt.Appendf(nil, "old %d\n", r.Old)
	for _, h := range r.Proof {
		b = fmt.Appendf(b, "%s\n", h)
	}
	return append(append(b, '\n'), r.Checkpoint...)
}

// ParseRequest reads what Marshal writes, and nothing else: [ErrRequest].
func ParseRequest(body []byte) (Request, error) {
	if len(body) > maxBody {
		return Request{}, fmt.Errorf("%w: it is too large", ErrRequest)
	}
	head, checkpoint, ok := bytes.Cut(body, []byte("\n\n"))
	if !ok || len(checkpoint) == 0 {
		return Request{}, fmt.Errorf("%w: it has no checkpoint", ErrRequest)
	}
	first, proof, some := strings.Cut(string(head), "\n")
	r := Request{Checkpoint: checkpoint}
	var err error
	if r.Old, err = parseSize(strings.TrimPrefix(first, "old ")); err != nil || !strings.HasPrefix(first, "old ") {
		return Request{}, fmt.Errorf("%w: its first line names no old size", ErrRequest)
	}
	if !some {
		return r, nil
	}
	if r.Proof, err = parseHashes(proof); err != nil {
		return Request{}, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return r, nil
}

// parseSize reads a tree size in its one decimal form.
func parseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, errors.New("it is no tree size")
	}
	return n, nil
}

// parseHashes reads hashes, one a line, as many as a proof may have.
func parseHashes(text string) (tlog.TreeProof, error) {
	lines := strings.Split(text, "\n")
	if len(lines) > maxProof {
		return nil, fmt.Errorf("a proof has at most %d hashes", maxProof)
	}
	p := make(tlog.TreeProof, len(lines))
	for i, line := range lines {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != tlog.HashSize || len(line) != base64.StdEncoding.EncodedLen(tlog.HashSize) {
			return nil, errors.New("a line of the proof is no hash")
		}
		p[i] = tlog.Hash(h)
	}
	return p, nil
}

// parseCheckpoint reads the text of any log's checkpoint. Unlike ours, it may have
// extension lines, of which nothing is said.
func parseCheckpoint(text string) (origin string, t ledger.Tree, err error) {
	end := 0
	for range 3 {
		n := strings.IndexByte(text[end:], '\n')
		if n < 0 {
			return "", ledger.Tree{}, ledger.ErrCheckpoint
		}
		end += n + 1
	}
	if origin, t, err = ledger.ParseCheckpointText(text[:end]); err != nil {
		return "", ledger.Tree{}, err
	}
	if rest := text[end:]; rest != "" && (rest[0] == '\n' || strings.Contains(rest, "\n\n") || !strings.HasSuffix(rest, "\n")) {
		return "", ledger.Tree{}, fmt.Errorf("%w: an extension line is empty", ledger.ErrCheckpoint)
	}
	if t.N == 0 && t.Hash != emptyRoot {
		return "", ledger.Tree{}, fmt.Errorf("%w: it has a root and no entry", ledger.ErrCheckpoint)
	}
	return origin, t, nil
}
