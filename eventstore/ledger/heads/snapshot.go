package heads

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
)

var (
	// ErrSnapshot: a tree of heads on the shelf is not what it was when it was
	// made. The next commitment makes another, from the entries if need be.
	ErrSnapshot = errors.New("heads: a stored tree is damaged")
	// ErrTooMany: the ledger has more streams than a tree is kept for, 2^25.
	ErrTooMany = errors.New("heads: too many streams")
)

// snapshot is a tree of heads on a shelf, as two kinds of object:
//
//	heads/<size>/b<prefix>  the records whose keys begin with so many hexadecimal
//	                        digits, in the order of keys; left out if there is none
//	heads/<size>/top        for each prefix, in order, how many records (u64) and
//	                        the hash of their subtree
type snapshot struct {
	Size    uint64  `json:"size"`
	Root    hexHash `json:"root"`
	Streams uint64  `json:"streams"`
	Digits  int     `json:"digits"` // of a prefix, 0 to 3
	// Position and Revision are those of the entry that commits to it; 0 while
	// there is none.
	Position event.Position `json:"position"`
	Revision event.Revision `json:"revision"`
}

const (
	// maxBucket is how many records an object holds.
	maxBucket = 1 << 20 / recordBytes
	maxDigits = 3
	// maxStreams leaves the fullest of 4096 buckets far below maxBucket.
	maxStreams = 1 << 25

	topBytes = 8 + sha256.Size // of each prefix
)

// digitsFor is how many digits a prefix needs, so that a bucket has 4096 records
// on average, or 8192 where there are most.
func digitsFor(streams uint64) int {
	digits := 0
	for n := uint64(1 << 12); n < streams && digits < maxDigits; n <<= 4 {
		digits++
	}
	return digits
}

func (s *snapshot) commitment() Commitment {
	return Commitment{s.Position, s.Size, Hash(s.Root), s.Streams}
}

func (s *snapshot) buckets() int { return 1 << (4 * s.Digits) }

func (s *snapshot) top() string { return fmt.Sprintf("heads/%d/top", s.Size) }

func (s *snapshot) bucket(i int) string {
	if s.Digits == 0 {
		return fmt.Sprintf("heads/%d/b", s.Size)
	}
	return fmt.Sprintf("heads/%d/b%0*x", s.Size, s.Digits, i)
}

// bucketOf is which bucket a key is in.
func (s *snapshot) bucketOf(k *Hash) int {
	return int(binary.BigEndian.Uint16(k[:])) >> (16 - 4*s.Digits)
}

// names are those of every object that the snapshot can have.
func (s *snapshot) names() []string {
	names := []string{s.top()}
	for i := range s.buckets() {
		names = append(names, s.bucket(i))
	}
	return names
}

// readTop returns the subtree of each bucket.
func (s *snapshot) readTop(ctx context.Context, shelf ledger.Shelf) ([]subtree, error) {
	b, err := shelf.Get(ctx, s.top())
	if err != nil {
		return nil, fmt.Errorf("heads: read a tree: %w", err)
	}
	if len(b) != s.buckets()*topBytes {
		return nil, fmt.Errorf("%w: %s", ErrSnapshot, s.top())
	}
	all := make([]subtree, s.buckets())
	for i := range all {
		all[i].streams = binary.BigEndian.Uint64(b[i*topBytes:])
		copy(all[i].hash[:], b[i*topBytes+8:])
	}
	if got := fold(all); got != (subtree{s.Streams, Hash(s.Root)}) {
		return nil, fmt.Errorf("%w: %s", ErrSnapshot, s.top())
	}
	return all, nil
}

// fold joins neighbouring subtrees.
func fold(all []subtree) subtree {
	if len(all) == 1 {
		return all[0]
	}
	return join(fold(all[:len(all)/2]), fold(all[len(all)/2:]))
}

func count(all []subtree) (streams uint64) {
	for _, t := range all {
		streams += t.streams
	}
	return streams
}

// readBucket returns the records of a bucket, whose subtree is known.
func (s *snapshot) readBucket(ctx context.Context, shelf ledger.Shelf, i int, want subtree) ([]Record, error) {
	if want.streams == 0 {
		return nil, nil
	}
	b, err := shelf.Get(ctx, s.bucket(i))
	if err != nil {
		return nil, fmt.Errorf("heads: read a tree: %w", err)
	}
	if len(b)%recordBytes != 0 {
		return nil, fmt.Errorf("%w: %s", ErrSnapshot, s.bucket(i))
	}
	records := make([]Record, len(b)/recordBytes)
	for n := range records {
		records[n] = recordOf(b[n*recordBytes:])
		if s.bucketOf(&records[n].Key) != i || n > 0 && compareRecords(records[n-1], records[n]) >= 0 {
			return nil, fmt.Errorf("%w: %s", ErrSnapshot, s.bucket(i))
		}
	}
	if treeOf(records, 4*s.Digits) != want {
		return nil, fmt.Errorf("%w: %s", ErrSnapshot, s.bucket(i))
	}
	return records, nil
}

// records yields every record in the order of keys, one bucket in memory at a
// time. The zero snapshot has none.
func (s *snapshot) records(ctx context.Context, shelf ledger.Shelf) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if s.Size == 0 {
			return
		}
		top, err := s.readTop(ctx, shelf)
		if err != nil {
			yield(Record{}, err)
			return
		}
		for i, want := range top {
			records, err := s.readBucket(ctx, shelf, i, want)
			if err != nil {
				yield(Record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// prove returns what is said of a stream.
func (s *snapshot) prove(ctx context.Context, shelf ledger.Shelf, stream event.StreamID) (Proof, error) {
	p := Proof{Stream: stream, Size: s.Size, Commitment: s.Position}
	if s.Size == 0 {
		return p, nil
	}
	here, err := s.readTop(ctx, shelf)
	if err != nil {
		return Proof{}, err
	}
	key, first, depth := Key(stream), 0, 0
	for len(here) > 1 && count(here) > 1 {
		half := len(here) / 2
		beside := here[half:]
		if here = here[:half]; bit(&key, depth) == 1 {
			here, beside, first = beside, here, first+half
		}
		p.Path = append(p.Path, fold(beside).hash)
		depth++
	}
	var end *Record
	for i, t := range here { // one bucket, or several of which at most one has a record
		records, err := s.readBucket(ctx, shelf, first+i, t)
		if err != nil {
			return Proof{}, err
		}
		if len(records) > 0 {
			p.Path, end = walk(p.Path, records, depth, &key)
		}
	}
	switch {
	case end == nil:
	case end.Key == key:
		p.Head = end.Head
	default:
		p.Other = end
	}
	return p, nil
}
