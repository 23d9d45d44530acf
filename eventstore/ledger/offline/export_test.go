package offline

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"caseledger/eventstore/ledger/verdict"
)

// What the tests of this package compare with the ledger's own code.

// SetMaxStreams has a ledger read again for every so many streams, until undo.
func SetMaxStreams(n int) (undo func()) {
	before := maxStreams
	maxStreams = n
	return func() { maxStreams = before }
}

// ParseEntry says what is wrong with stored bytes, and their clear part as
// events.jsonl has it.
func ParseEntry(stored []byte) (wrong string, clear any) {
	var e entry
	if wrong := e.parse(stored); wrong != "" {
		return wrong, nil
	}
	return "", e.clearText()
}

// Unpack takes a container apart and checks its checksums.
func Unpack(pack []byte) (names []string, err error) {
	all, err := unpack(pack)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		names = append(names, m.name)
	}
	return names, all.checkSums()
}

// RootOf returns the root over leaves, put together from parts that end at cuts.
func RootOf(leaves []hash, cuts []int) ([]byte, error) {
	tree := ranges.NewEmptyRange(0)
	from := 0
	for _, to := range append(cuts, len(leaves)) {
		part := append([]hash(nil), leaves[from:to]...)
		if len(part) == 0 {
			continue
		}
		r, err := rangeOf(uint64(from), part)
		if err == nil {
			err = tree.AppendRange(r, nil)
		}
		if err != nil {
			return nil, err
		}
		from = to
	}
	return tree.GetRootHash(nil)
}

// HeadLeads says whether a member heads/<stream>.json leads from the chain of a
// stream to a root.
func HeadLeads(file []byte, stream [streamBytes]byte, chain, root hash, streams uint64) bool {
	h, ok := parseHeadProof(file)
	if !ok || h.Stream != streamText(stream) {
		return false
	}
	got, ok := h.root(stream, chain, streams)
	return ok && got == root
}

// ParseEntryOnly is ParseEntry without its clear part.
func ParseEntryOnly(stored []byte) (wrong string, position uint64) {
	var e entry
	wrong = e.parse(stored)
	return wrong, e.position
}

// Contain returns the container of one member.
func Contain(name string, content []byte) []byte {
	var b bytes.Buffer
	members{{name, content}}.writeTo(&b)
	return b.Bytes()
}

// SaysOf checks what events.jsonl says of an entry without any box.
func SaysOf(says string) error {
	p := &pack{entries: make([]entry, 1), lines: []line{{Says: jsontext.Value(says)}}}
	return p.checkErased(&verdict.Report{})
}
