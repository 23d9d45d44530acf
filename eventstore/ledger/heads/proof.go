package heads

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// Format is what a proof says it is.
const Format = "caseledger-heads/v1"

// MaxProofBytes is the largest proof: a path as long as a key has bits.
const MaxProofBytes = 32 << 10

// maxPath is the number of bits in a key.
const maxPath = 8 * sha256.Size

var (
	// ErrMalformed: the bytes are no proof, or not in the one form it has.
	ErrMalformed = errors.New("heads: not a proof")
	// ErrProof: the proof does not lead to what the ledger commits to.
	ErrProof = errors.New("heads: the proof does not hold")
	// ErrIncomplete: the entries are not all there were of the stream, or not
	// these.
	ErrIncomplete = errors.New("heads: these are not the entries of the stream")
)

// Proof says what the head of a stream was at a size of the ledger. Only
// [Proof.Check] says whether it is so.
type Proof struct {
	Stream event.StreamID
	// Size is the number of entries of the ledger that it is about, its first
	// ones.
	Size uint64
	// Commitment is the position of the entry that commits to them.
	Commitment event.Position
	// Head is zero if there is no such stream.
	Head Head
	// Other is the stream that is alone where this one would be, if there is one.
	Other *Record
	// Path has the hashes beside the way from the root.
	Path []Hash
}

// proofText is a proof as JSON.
type proofText struct {
	Format     string         `json:"format"`
	Stream     event.StreamID `json:"stream"`
	Size       uint64         `json:"size"`
	Commitment event.Position `json:"commitment"`
	Revision   event.Revision `json:"revision"`
	Chain      hexHash        `json:"chain,omitzero"`
	Other      *otherText     `json:"other,omitzero"`
	Path       []hexHash      `json:"path"`
}

type otherText struct {
	Key      hexHash        `json:"key"`
	Revision event.Revision `json:"revision"`
	Chain    hexHash        `json:"chain"`
}

// hexHash is a hash as text: hexadecimal, and nothing for the zero value, which
// stands for an empty subtree.
type hexHash Hash

func (h hexHash) MarshalText() ([]byte, error) {
	if h == (hexHash{}) {
		return nil, nil
	}
	return hex.AppendEncode(nil, h[:]), nil
}

func (h *hexHash) UnmarshalText(text []byte) error {
	*h = hexHash{}
	if len(text) == 0 {
		return nil
	}
	if len(text) != hex.EncodedLen(len(h)) {
		return ErrMalformed
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return ErrMalformed
	}
	return nil
}

// Bytes returns the proof in its one form, which [ParseProof] reads.
func (p Proof) Bytes() ([]byte, error) {
	t := proofText{Format: Format, Stream: p.Stream, Size: p.Size, Commitment: p.Commitment, Revision: p.Head.Revision,
		Chain: hexHash(p.Head.Chain), Path: make([]hexHash, len(p.Path))}
	if o := p.Other; o != nil {
		t.Other = &otherText{hexHash(o.Key), o.Revision, hexHash(o.Chain)}
	}
	for i, h := range p.Path {
		if h != empty {
			t.Path[i] = hexHash(h)
		}
	}
	b, err := json.Marshal(t, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("%w: it names no stream", ErrMalformed)
	}
	return append(b, '\n'), nil
}

// ParseProof reads a proof; [ErrMalformed] for anything that is not one, in its
// one form.
func ParseProof(b []byte) (Proof, error) {
	if len(b) > MaxProofBytes {
		return Proof{}, fmt.Errorf("%w: too large", ErrMalformed)
	}
	var t proofText
	if err := json.Unmarshal(b, &t, json.RejectUnknownMembers(true)); err != nil {
		return Proof{}, ErrMalformed // what the decoder says may quote it
	}
	p := Proof{Stream: t.Stream, Size: t.Size, Commitment: t.Commitment, Head: Head{t.Revision, Hash(t.Chain)}, Path: make([]Hash, len(t.Path))}
	if t.Other != nil {
		p.Other = &Record{Hash(t.Other.Key), Head{t.Other.Revision, Hash(t.Other.Chain)}}
	}
	for i, h := range t.Path {
		if p.Path[i] = Hash(h); h == (hexHash{}) {
			p.Path[i] = empty
		}
	}
	if t.Format != Format || len(p.Path) > maxPath || p.Size > math.MaxInt64 || p.Commitment > math.MaxInt64 ||
		(p.Head.Revision == 0) != (p.Head.Chain == Hash{}) || p.Other != nil && (p.Head != Head{} || p.Other.Revision == 0) {
		return Proof{}, ErrMalformed
	}
	if again, err := p.Bytes(); err != nil || !bytes.Equal(again, b) {
		return Proof{}, fmt.Errorf("%w: not in its one form", ErrMalformed)
	}
	return p, nil
}

// Check returns nil if the proof leads to the root of the commitment: at that
// size the stream had this head, or did not exist if that is zero. [ErrProof]
// otherwise. That the commitment is an entry of the ledger is for its inclusion
// proof to show.
func (p Proof) Check(c Commitment) error {
	key := Key(p.Stream)
	at := nothing
	switch {
	case p.Size != c.Size || p.Commitment != c.Position:
		return fmt.Errorf("%w: it is for another commitment", ErrProof)
	case len(p.Path) > maxPath:
		return fmt.Errorf("%w: its path is too long", ErrProof)
	case p.Head != Head{} && p.Other != nil:
		return fmt.Errorf("%w: two streams in one place", ErrProof)
	case p.Head != Head{}:
		at = subtree{1, (&Record{key, p.Head}).hash()}
	case p.Other != nil:
		if p.Other.Key == key || !sameBits(&p.Other.Key, &key, len(p.Path)) {
			return fmt.Errorf("%w: the other stream is not where this one would be", ErrProof)
		}
		at = subtree{1, p.Other.hash()}
	}
	if n := len(p.Path); n > 0 && p.Path[n-1] == empty {
		return fmt.Errorf("%w: its path is longer than it need be", ErrProof)
	}
	if p.Head.Revision > event.Revision(p.Size) || at.streams > c.Streams || (c.Streams == 0) != (len(p.Path) == 0 && at.streams == 0) {
		return fmt.Errorf("%w: there are not so many entries, or streams", ErrProof)
	}
	hash := at.hash
	for depth := len(p.Path) - 1; depth >= 0; depth-- {
		if bit(&key, depth) == 0 {
			hash = node(hash, p.Path[depth])
		} else {
			hash = node(p.Path[depth], hash)
		}
	}
	if hash != c.Root {
		return fmt.Errorf("%w: it leads to another root", ErrProof)
	}
	return nil
}

func sameBits(a, b *Hash, n int) bool {
	for i := range n {
		if bit(a, i) != bit(b, i) {
			return false
		}
	}
	return true
}

// CheckEntries returns nil if leaves, in the order of the stream, are those of
// all the entries that the head stands for; [ErrIncomplete] otherwise.
func (h Head) CheckEntries(leaves []Hash) error {
	if event.Revision(len(leaves)) != h.Revision {
		return fmt.Errorf("%w: %d of %d", ErrIncomplete, len(leaves), h.Revision)
	}
	var got Head
	for _, leaf := range leaves {
		got = got.Next(leaf)
	}
	if got != h {
		return fmt.Errorf("%w: one of the %d is another", ErrIncomplete, len(leaves))
	}
	return nil
}
