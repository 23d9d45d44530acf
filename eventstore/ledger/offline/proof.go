package offline

import (
	"encoding/base64"
	"strconv"
	"strings"

	"caseledger/eventstore/ledger/verdict"
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
func Proof(file, stored []byte, t *Trust) (*verdict.Report, error) {
	r := &verdict.Report{}
	return conclude(r, t, checkProof(string(file), stored, t, r))
}

func checkProof(file string, stored []byte, t *Trust, r *verdict.Report) error {
	if !strings.HasPrefix(file, proofHeader) {
		return unreadable("it is not a .tlog-proof file")
	}
	p, ok := parseInclusion(file)
	if !ok {
		return wrong(verdict.Proof, "the proof", "it is not in its one form, or holds extra data, which nothing proves")
	}
	c, err := t.open([]byte(p.checkpoint), r)
	if err != nil {
		return err
	}
	position := p.index + 1
	var e entry
	if bad := e.parse(stored); bad != "" {
		return wrongAt(position, verdict.EntryMalformed, "%s", bad)
	}
	switch {
	case p.index >= c.size:
		return wrongAt(position, verdict.Proof, "the checkpoint is of %d entries only", c.size)
	case e.position != position:
		return wrongAt(position, verdict.Proof, "the bytes say that they are entry %d", e.position)
	case !included(c, p.index, stored, p.path):
		return wrongAt(position, verdict.EntryAltered, "the proof does not lead from these bytes to the root of the checkpoint")
	}
	r.Entries = 1
	r.Step("entry", "%d, %s revision %d, recorded at %s, is in its one form", position, streamText(e.stream), e.revision, instantText(e.recordedAt))
	r.Step("proof", "leads from its bytes to the root of the checkpoint")
	r.Notice("it does not show what the sealed boxes say, or that there are no other entries about the same person")
	t.notShown(r)
	return nil
}
