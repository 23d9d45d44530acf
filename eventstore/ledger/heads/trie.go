package heads

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"caseledger/domain/event"
)

// Hash is a SHA-256.
type Hash = [sha256.Size]byte

// What the input of each kind of hash begins with. A leaf and a node of the
// ledger's own tree begin with 0x00 and 0x01 (RFC 6962).
const (
	tagLeaf  = 0x20
	tagNode  = 0x21
	tagEmpty = 0x22
	tagChain = 0x23
)

// empty is the hash of a subtree without streams.
var empty = sha256.Sum256([]byte{tagEmpty})

// Key returns a stream's place in the tree.
func Key(s event.StreamID) Hash {
	b := s.Bytes()
	return sha256.Sum256(b[:])
}

// Head is how far a stream had come. The zero value is that of a stream which
// does not exist.
type Head struct {
	Revision event.Revision
	Chain    Hash
}

// Next returns the head after one more entry, whose leaf in the ledger's tree is
// given.
func (h Head) Next(leaf Hash) Head {
	var b [1 + 2*sha256.Size]byte
	b[0] = tagChain
	copy(b[1:], h.Chain[:])
	copy(b[1+sha256.Size:], leaf[:])
	return Head{h.Revision + 1, sha256.Sum256(b[:])}
}

// Record is one leaf of the tree.
type Record struct {
	Key Hash
	Head
}

func (r *Record) hash() Hash {
	var b [1 + recordBytes]byte
	b[0] = tagLeaf
	r.put(b[1:])
	return sha256.Sum256(b[:])
}

// recordBytes is the stored length of a record: key, revision, chain.
const recordBytes = sha256.Size + 8 + sha256.Size

func (r *Record) put(b []byte) {
	copy(b, r.Key[:])
	binary.BigEndian.PutUint64(b[sha256.Size:], uint64(r.Revision))
	copy(b[sha256.Size+8:], r.Chain[:])
}

func recordOf(b []byte) (r Record) {
	copy(r.Key[:], b)
	r.Revision = event.Revision(binary.BigEndian.Uint64(b[sha256.Size:]))
	copy(r.Chain[:], b[sha256.Size+8:])
	return r
}

func node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = tagNode
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// subtree is what its parent needs to know of one.
type subtree struct {
	streams uint64
	hash    Hash
}

var nothing = subtree{0, empty}

func join(left, right subtree) subtree {
	switch all := left.streams + right.streams; {
	case all == 0:
		return nothing
	case all > 1:
		return subtree{all, node(left.hash, right.hash)}
	case left.streams == 1:
		return left
	}
	return right
}

func bit(k *Hash, depth int) byte { return k[depth/8] >> (7 - depth%8) & 1 }

// split returns how many of the records, which are sorted and agree in the bits
// before depth, have a 0 there.
func split(records []Record, depth int) int {
	low, high := 0, len(records)
	for low < high {
		if middle := (low + high) / 2; bit(&records[middle].Key, depth) == 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// treeOf returns the subtree of sorted records that agree in the bits before
// depth.
func treeOf(records []Record, depth int) subtree {
	switch len(records) {
	case 0:
		return nothing
	case 1:
		return subtree{1, records[0].hash()}
	}
	at := split(records, depth)
	return join(treeOf(records[:at], depth+1), treeOf(records[at:], depth+1))
}

// walk follows a key down through sorted records that agree in the bits before
// depth. It appends the hashes beside the way to path, and returns the record in
// which the way ends; nil if it ends in an empty subtree.
func walk(path []Hash, records []Record, depth int, key *Hash) ([]Hash, *Record) {
	for ; len(records) > 1; depth++ {
		at := split(records, depth)
		here, beside := records[:at], records[at:]
		if bit(key, depth) == 1 {
			here, beside = beside, here
		}
		path = append(path, treeOf(beside, depth+1).hash)
		records = here
	}
	if len(records) == 0 {
		return path, nil
	}
	return path, &records[0]
}

func compareRecords(a, b Record) int { return bytes.Compare(a.Key[:], b.Key[:]) }
