package offline

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// maxProofBytes bounds a `.tlog-proof` file: 62 hashes and a checkpoint.
const maxProofBytes = 72 << 10

// inclusion is a `.tlog-proof` file (C2SP tlog-proof) without extra data.
type inclusion struct {
	index      uint64
	path       []hash
	checkpoint string
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// parseInclusion reads a proof in its one form.
func parseInclusion(file string) (p inclusion, ok bool) {
	rest, isProof := strings.CutPrefix(file, proofHeader)
	head, signed, hasCheckpoint := strings.Cut(rest, "\n\n")
	if !isProof || !hasCheckpoint || len(file) > maxProofBytes {
		return p, false
	}
	lines := strings.Split(head, "\n")
	number, isIndex := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseUint(number, 10, 64)
	if !isIndex || err != nil || strconv.FormatUint(index, 10) != number || index > maxSize || len(lines) > 64 {
		return p, false
	}
	p = inclusion{index: index, checkpoint: signed}
	for _, l := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(l)
		if err != nil || len(b) != hashBytes || encode64(b) != l {
			return inclusion{}, false
		}
		p.path = append(p.path, hash(b))
	}
	return p, true
}

// Proof checks a `.tlog-proof` file of one entry, whose stored bytes are given.
func Proof(file, stored []byte, t *Trust) *Result {
	r := &Result{Kind: "proof"}
	if !strings.HasPrefix(string(file), proofHeader) {
		return r.end(t, found(Unreadable, "not-a-proof", "it is not a .tlog-proof file"))
	}
	return r.end(t, r.proof(file, stored, t))
}

func (r *Result) proof(file, stored []byte, t *Trust) error {
	p, ok := parseInclusion(string(file))
	if !ok {
		return tampered("proof", "the proof is not in its one form, or holds extra data, which nothing proves")
	}
	c, err := t.open([]byte(p.checkpoint), r)
	if err != nil {
		return err
	}
	position := p.index + 1
	var e entry
	if wrong := e.parse(stored); wrong != "" {
		return at(position, "entry", "%s", wrong)
	}
	switch {
	case p.index >= c.size:
		return at(position, "inclusion", "the checkpoint is of %d entries only", c.size)
	case e.position != position:
		return at(position, "inclusion", "the bytes say that they are entry %d", e.position)
	case !included(c, p.index, stored, p.path):
		return at(position, "inclusion", "the proof does not lead from these bytes to the root of the checkpoint")
	}
	r.Entries = 1
	r.step("the bytes are entry %d, %s revision %d, recorded at %s, in their one form", position, streamText(e.stream), e.revision, instantText(e.recordedAt))
	r.step("the inclusion proof leads from them to the root of the checkpoint")
	if _, is := e.destroyedKey(); is {
		r.Erased = 1
	}
	r.Shows = []string{"this entry stood, with these very bytes, at this place of the ledger when the checkpoint was signed"}
	r.ShowsNot = []string{
		"that what was recorded is correct, or what the sealed boxes say",
		"that the entry still stands, or that there are no others about the same person: a pack shows more",
	}
	if t.policy == nil || t.policy.quorum == nil {
		r.ShowsNot = append(r.ShowsNot, noWitness)
	}
	return nil
}

const noWitness = "that nobody was shown another history: no witness was asked for"

// end turns how a check ended into its verdict.
func (r *Result) end(t *Trust, err error) *Result {
	if f, ok := err.(*finding); ok { //nolint:errorlint // findings are made here and never wrapped
		r.Verdict, r.Code, r.Entry, r.Reason = f.verdict, f.code, f.entry, f.reason
		return r
	}
	switch {
	case err != nil:
		r.Verdict, r.Code, r.Reason = Unreadable, "unreadable", "it could not be read to its end"
	case !t.Pinned():
		r.Verdict, r.Code = Unpinned, "no-key"
		r.Reason = "the parts agree with each other, and anybody could have made them so: give the ledger's key, from whom you trust, with --key"
	case r.Erased > 0:
		r.Verdict = IntactErased
	default:
		r.Verdict = Intact
	}
	return r
}
