package offline

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/ledger/verdict"
)

// Package heads specifies the tree of heads, and the form of a proof. What its
// hashes begin with:
const (
	tagHead  = 0x20
	tagNode  = 0x21
	tagEmpty = 0x22
	tagChain = 0x23

	headsFormat   = "caseledger-heads/v1"
	maxHeadsBytes = 32 << 10
	maxLag        = 1 << 20
)

// headProof is heads/<stream>.json.
type headProof struct {
	Format     string    `json:"format"`
	Stream     string    `json:"stream"`
	Size       uint64    `json:"size"`
	Commitment uint64    `json:"commitment"`
	Revision   uint64    `json:"revision"`
	Chain      string    `json:"chain,omitzero"`
	Other      otherHead `json:"other,omitzero"`
	Path       []string  `json:"path"`
}

type otherHead struct {
	Key      string `json:"key"`
	Revision uint64 `json:"revision"`
	Chain    string `json:"chain"`
}

// commitment is what a ledger.heads-committed event says.
type commitment struct {
	Size    uint64 `json:"size"`
	Root    string `json:"root"`
	Streams uint64 `json:"streams"`
}

// parseHeadProof reads a proof in its one form.
func parseHeadProof(b []byte) (p headProof, ok bool) {
	if len(b) > maxHeadsBytes || json.Unmarshal(b, &p, json.RejectUnknownMembers(true)) != nil || p.Format != headsFormat || len(p.Path) > 256 {
		return headProof{}, false
	}
	again, err := json.Marshal(p)
	return p, err == nil && string(again)+"\n" == string(b)
}

// checkStreams checks of every stream that the pack lists whole that its entries
// are all there are.
func (p *pack) checkStreams(r *verdict.Report) error {
	p.covered = p.tree.size
	for _, s := range p.manifest.Streams {
		stream, ok := parseStream(s.Stream)
		if !ok {
			return wrong(verdict.Proof, nameManifest, "it lists a stream that is none")
		}
		leaves, err := p.leavesOf(s, stream)
		if err != nil {
			return err
		}
		b, ok := p.members.get("heads/" + s.Stream + ".json")
		if !ok {
			return unproven("that the entries of %s are all there are is said, and not shown", s.Stream)
		}
		if err := p.checkHead(s.Stream, stream, leaves, s.Withheld > 0, b); err != nil {
			return err
		}
	}
	if n := len(p.manifest.Streams); n > 0 {
		r.Step("complete", "%s of the ledger's first %d entries: their proofs lead to the heads that the ledger committed to", verdict.Count(uint64(n), "stream has all its entries", "streams have all their entries"), p.covered)
	}
	return nil
}

// leavesOf returns the leaves of a stream that the pack lists whole, in their
// order: of the entries in the pack, or, where some were left out, of the member
// heads/<stream>.leaves, which must fit them.
func (p *pack) leavesOf(s wholeStream, stream [streamBytes]byte) ([]hash, error) {
	parts := p.streams[stream]
	if uint64(len(parts)) != s.Revisions-s.Withheld || s.Withheld > s.Revisions {
		return nil, wrong(verdict.Proof, nameManifest, "the pack has %d of %d entries of %s, less %d", len(parts), s.Revisions, s.Stream, s.Withheld)
	}
	if s.Withheld == 0 {
		leaves := make([]hash, len(parts))
		for i, x := range parts {
			if x.revision != uint64(i)+1 {
				return nil, wrongAt(x.position, verdict.EntryOutOfStream, "it is revision %d of %s, and the one before it is not in the pack", x.revision, s.Stream)
			}
			leaves[i] = p.leaves[x.at]
		}
		return leaves, nil
	}
	name := "heads/" + s.Stream + ".leaves"
	b, _ := p.members.get(name)
	const width = 2*sha256.Size + 1
	if len(b)%width != 0 || uint64(len(b)/width) != s.Revisions {
		return nil, wrong(verdict.Proof, name, "it has not a leaf for each of %d entries", s.Revisions)
	}
	leaves := make([]hash, s.Revisions)
	for i := range leaves {
		text := string(b[i*width : (i+1)*width])
		leaf, ok := hexHash(text[:width-1])
		if !ok || text[width-1] != '\n' {
			return nil, wrong(verdict.Proof, name, "line %d is no leaf", i+1)
		}
		leaves[i] = leaf
	}
	for _, x := range parts {
		if x.revision > s.Revisions || leaves[x.revision-1] != p.leaves[x.at] {
			return nil, wrongAt(x.position, verdict.HeadsOther, "its leaf is not that of revision %d in %s", x.revision, name)
		}
	}
	return leaves, nil
}

func (p *pack) checkHead(name string, stream [streamBytes]byte, leaves []hash, withheld bool, file []byte) error {
	other := func(format string, args ...any) error {
		return wrong(verdict.HeadsOther, "heads/"+name+".json", "it "+format, args...)
	}
	h, ok := parseHeadProof(file)
	if !ok || h.Stream != name {
		return other("is not in its one form, or of another stream")
	}
	c, ok := p.commitmentAt(h.Commitment)
	if !ok {
		return other("is for a commitment that is not in the pack")
	}
	root, ok := hexHash(c.Root)
	if !ok || h.Size != c.Size || c.Size >= h.Commitment || h.Commitment-c.Size > maxLag || c.Streams > c.Size || (c.Streams == 0) != (c.Size == 0) {
		return other("does not fit the commitment")
	}
	if n := uint64(len(leaves)); h.Revision > n || withheld && h.Revision != n {
		return other("is of %d entries until entry %d, and there are %d", h.Revision, h.Size, n)
	}
	for _, x := range p.streams[stream] {
		if (x.position <= h.Size) != (x.revision <= h.Revision) {
			return wrongAt(x.position, verdict.HeadsOther, "it is revision %d of %s, which had %d until entry %d", x.revision, name, h.Revision, h.Size)
		}
	}
	var chain hash
	for _, leaf := range leaves[:h.Revision] {
		chain = sha256.Sum256(join([]byte{tagChain}, chain[:], leaf[:]))
	}
	if got, ok := h.root(stream, chain, c.Streams); !ok || got != root {
		return other("does not lead from these entries to the heads that the ledger committed to")
	}
	p.covered = min(p.covered, h.Size)
	return nil
}

// commitmentAt reads the commitment in an entry of the pack, whose inclusion has
// been shown.
func (p *pack) commitmentAt(position uint64) (c commitment, ok bool) {
	for i := range p.entries {
		if e := &p.entries[i]; e.position == position && streamText(e.stream) == "ledger" {
			content := e.clear("ledger.heads-committed")
			return c, content != nil && json.Unmarshal(content, &c, json.RejectUnknownMembers(true)) == nil
		}
	}
	return c, false
}

// root returns where the path leads to from the place of a stream, whose head is
// that chain; false if the proof cannot be one.
func (h *headProof) root(stream [streamBytes]byte, chain hash, streams uint64) (hash, bool) {
	key := sha256.Sum256(stream[:])
	empty := sha256.Sum256([]byte{tagEmpty})
	node, inPlace := empty, uint64(0)
	said, hasChain := hexHash(h.Chain)
	switch {
	case h.Revision > 0:
		if !hasChain || said != chain || h.Other != (otherHead{}) {
			return hash{}, false
		}
		node, inPlace = headHash(key, h.Revision, chain), 1
	case h.Chain != "":
		return hash{}, false
	case h.Other != (otherHead{}):
		other, ok1 := hexHash(h.Other.Key)
		otherChain, ok2 := hexHash(h.Other.Chain)
		if !ok1 || !ok2 || other == key || h.Other.Revision == 0 {
			return hash{}, false
		}
		for depth := range h.Path {
			if bitAt(other, depth) != bitAt(key, depth) {
				return hash{}, false
			}
		}
		node, inPlace = headHash(other, h.Other.Revision, otherChain), 1
	}
	// The way ends where at most one stream is left: not below an empty sibling.
	if n := len(h.Path); n > 0 && h.Path[n-1] == "" || inPlace > streams || streams == 0 && n > 0 || streams > 0 && n == 0 && inPlace == 0 {
		return hash{}, false
	}
	for depth := len(h.Path) - 1; depth >= 0; depth-- {
		beside := empty
		if h.Path[depth] != "" {
			var ok bool
			if beside, ok = hexHash(h.Path[depth]); !ok || beside == empty {
				return hash{}, false
			}
		}
		left, right := node, beside
		if bitAt(key, depth) == 1 {
			left, right = beside, node
		}
		node = sha256.Sum256(join([]byte{tagNode}, left[:], right[:]))
	}
	return node, true
}

func headHash(key hash, revision uint64, chain hash) hash {
	return sha256.Sum256(join([]byte{tagHead}, key[:], binary.BigEndian.AppendUint64(nil, revision), chain[:]))
}

func bitAt(k hash, depth int) byte { return k[depth/8] >> (7 - depth%8) & 1 }

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// hexHash reads a SHA-256 in lower-case hexadecimal.
func hexHash(s string) (h hash, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) || hex.EncodeToString(b) != s {
		return h, false
	}
	return hash(b), true
}

// parseStream reads the text of a stream.
func parseStream(text string) (s [streamBytes]byte, ok bool) {
	for kind := 1; kind < len(streamPrefixes); kind++ {
		prefix := streamPrefixes[kind]
		s = [streamBytes]byte{byte(kind)}
		if isSingle(byte(kind)) {
			if text == prefix {
				return s, true
			}
			continue
		}
		if len(text) == len(prefix)+37 && text[:len(prefix)+1] == prefix+"-" && isUUID(text[len(prefix)+1:]) {
			id := text[len(prefix)+1:]
			_, _ = hex.Decode(s[1:], []byte(id[:8]+id[9:13]+id[14:18]+id[19:23]+id[24:]))
			return s, true
		}
	}
	return s, false
}
