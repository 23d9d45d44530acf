package offline

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"caseledger/eventstore/ledger/verdict"
)

// maxStreams is how many streams are followed in one reading of a ledger: some
// 64 MiB.
var maxStreams = 1 << 20

// revisions checks that the revisions of every stream of a ledger are 1, 2, 3 …
// in memory that does not grow with the number of streams. It follows those
// whose hash, under a key drawn for the occasion, is in a window, and makes the
// window smaller when there are too many. What is beyond it is for the next
// reading.
type revisions struct {
	limit    int
	seed     maphash.Seed
	from, to uint64                                // the window, both ends in it
	last     [len(streamPrefixes)]map[uuid]*uint64 // by kind of stream, which is not random, and its identifier, which is
	count    int
}

func newRevisions(limit int) *revisions {
	r := &revisions{limit: limit, seed: maphash.MakeSeed(), to: math.MaxUint64}
	for kind := range r.last {
		r.last[kind] = map[uuid]*uint64{}
	}
	return r
}

// follow takes the next entry of the ledger.
func (r *revisions) follow(position uint64, stream [streamBytes]byte, revision uint64) error {
	if r.from > 0 || r.to < math.MaxUint64 {
		if h := r.hash(stream); h < r.from || h > r.to {
			return nil
		}
	}
	if int(stream[0]) >= len(r.last) {
		return wrongAt(position, verdict.EntryMalformed, "its stream is none")
	}
	of, id := r.last[stream[0]], uuid(stream[1:])
	last := of[id]
	if last == nil {
		last = new(uint64)
	}
	if revision != *last+1 {
		return wrongAt(position, verdict.EntryOutOfStream, "it is revision %d of %s, and follows revision %d", revision, streamText(stream), *last)
	}
	*last = revision
	if revision > 1 {
		return nil
	}
	of[id] = last
	for r.count++; r.count > r.limit; {
		r.to = r.from + (r.to-r.from)/2
		for kind, of := range r.last {
			for id := range of {
				if r.hash([streamBytes]byte(append([]byte{byte(kind)}, id[:]...))) > r.to {
					delete(of, id)
					r.count--
				}
			}
		}
	}
	return nil
}

// more moves the window on; false if there is nothing beyond it.
func (r *revisions) more() bool {
	if r.to == math.MaxUint64 {
		return false
	}
	r.from, r.to = r.to+1, math.MaxUint64
	for _, of := range r.last {
		clear(of)
	}
	r.count = 0
	return true
}

func (r *revisions) hash(stream [streamBytes]byte) uint64 { return maphash.Bytes(r.seed, stream[:]) }

// headerStream reads which stream an entry is of, and its place there.
func headerStream(stored []byte) (stream [streamBytes]byte, revision uint64) {
	return [streamBytes]byte(stored[33:]), binary.BigEndian.Uint64(stored[50:])
}
