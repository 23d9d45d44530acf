package numbering

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"caseledger/domain/event"
)

// The data of an index event:
//
//	version       1 byte, 1
//	position      of the first entry
//	recorded at   of the first entry, microseconds since 1970, in two's complement
//	runs          one or more, to the end
//
// A run is consecutive entries whose events one append wrote to one stream:
//
//	stream        17 bytes, [event.StreamID.Bytes]
//	revision      of the first entry
//	entries       how many
//	token         8 bytes
//	later         microseconds from the recorded-at of the run before
//	entries       each: event id, 16 bytes; commit position less that of the
//	              entry before; commit position less prepare position
//
// Integers are unsigned LEB128 ("uvarint") in their shortest form. Entries
// have consecutive positions; a run has one recorded-at; the commit position
// before the first entry counts as 0. A run that continues the one before is
// not a run of its own, so the same entries always have the same bytes.
const formatVersion = 1

// MaxEntries is the most entries of one index event.
const MaxEntries = 8192

// ErrMalformed: bytes that are not the data of an index event.
var ErrMalformed = errors.New("numbering: malformed index event")

// Encode returns the data of the index event that holds the entries, which
// must not be none. It panics if their positions are not consecutive.
func Encode(entries []Entry) []byte {
	first := entries[0]
	data := make([]byte, 0, 24+len(entries)*56)
	data = append(data, formatVersion)
	data = binary.AppendUvarint(data, uint64(first.Position))
	data = binary.AppendUvarint(data, uint64(first.RecordedAt.UnixMicro()))
	before := first.RecordedAt.UnixMicro()
	var commit uint64
	for n := 0; n < len(entries); {
		run := entries[n:]
		k := 1
		for k < len(run) && continues(run[k-1], run[k]) {
			k++
		}
		stream := run[0].Stream.Bytes()
		data = append(data, stream[:]...)
		data = binary.AppendUvarint(data, uint64(run[0].Revision))
		data = binary.AppendUvarint(data, uint64(k))
		data = append(data, run[0].By[:]...)
		at := run[0].RecordedAt.UnixMicro()
		data = binary.AppendUvarint(data, uint64(at-before))
		before = at
		for i, e := range run[:k] {
			if e.Position != first.Position+event.Position(n+i) {
				panic("numbering: entries with a gap")
			}
			data = append(data, e.ID.UUID[:]...)
			data = binary.AppendUvarint(data, e.At.Commit-commit)
			data = binary.AppendUvarint(data, e.At.Commit-e.At.Prepare)
			commit = e.At.Commit
		}
		n += k
	}
	return data
}

// continues reports whether b belongs to the run of a.
func continues(a, b Entry) bool {
	return a.Stream == b.Stream && a.Revision+1 == b.Revision && a.By == b.By && a.RecordedAt.Equal(b.RecordedAt)
}

// Decode reads what [Encode] writes; [ErrMalformed] for anything else.
func Decode(data []byte) ([]Entry, error) {
	r := reader{rest: data}
	if v := r.bytes(1); r.bad || v[0] != formatVersion {
		return nil, fmt.Errorf("%w: not version %d", ErrMalformed, formatVersion)
	}
	position, at := r.uvarint(), int64(r.uvarint())
	var entries []Entry
	var commit uint64
	for !r.bad && len(r.rest) > 0 {
		stream, err := event.StreamFromBytes(r.bytes(event.StreamBytes))
		revision, n := r.uvarint(), r.uvarint()
		token := r.bytes(len(Token{}))
		later := r.uvarint()
		if r.bad || err != nil || revision == 0 || n == 0 || n > MaxEntries || later > math.MaxInt64 || at > math.MaxInt64-int64(later) ||
			len(entries)+int(n) > MaxEntries || revision > math.MaxInt64-n || len(entries) == 0 && later != 0 {
			return nil, ErrMalformed
		}
		at += int64(later)
		for i := range n {
			e := Entry{Position: event.Position(position) + event.Position(len(entries)), RecordedAt: time.UnixMicro(at).UTC(),
				ID: event.ID{UUID: event.UUID(r.fixed16())}, Stream: stream, Revision: event.Revision(revision + i), By: Token(token)}
			ahead, behind := r.uvarint(), r.uvarint()
			if r.bad || ahead > math.MaxInt64-commit || behind > commit+ahead {
				return nil, ErrMalformed
			}
			commit += ahead
			e.At = LogPosition{Commit: commit, Prepare: commit - behind}
			if i == 0 && len(entries) > 0 && continues(entries[len(entries)-1], e) {
				return nil, ErrMalformed
			}
			entries = append(entries, e)
		}
	}
	if r.bad || len(entries) == 0 || position == 0 || position > math.MaxInt64-MaxEntries {
		return nil, ErrMalformed
	}
	return entries, nil
}

// reader takes bytes off the front; bad says that they did not suffice.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.bad = true
		return make([]byte, n)
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) fixed16() [16]byte { return [16]byte(r.bytes(16)) }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || n > 1 && r.rest[n-1] == 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return v
}
