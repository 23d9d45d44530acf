package codec

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// Format is the first byte of every stored event of format 1.
const Format = 1

// HeaderBytes is the length of a stored event's header, after the format
// byte: position, recorded time, event id, stream and revision.
const HeaderBytes = 8 + 8 + 16 + event.StreamBytes + 8

// Bytes returns the stored bytes of an event: what the ledger hashes.
func Bytes(s eventstore.Stored) []byte {
	return AppendBytes(make([]byte, 0, 1+HeaderBytes+len(s.Body)), s)
}

// AppendBytes appends the stored bytes of an event, see [Bytes].
func AppendBytes(dst []byte, s eventstore.Stored) []byte {
	dst = append(dst, Format)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Position))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.RecordedAt.UnixMicro()))
	dst = append(dst, s.ID.UUID[:]...)
	stream := s.Stream.Bytes()
	dst = append(dst, stream[:]...)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.Revision))
	return append(dst, s.Body...)
}

// ParseStored reads stored bytes back, header and body. It accepts exactly
// what [Bytes] writes of an event with a position, an id, a stream, a
// revision, a recorded time and a well-formed body; the errors are those of
// [ParseBody]. The body shares the bytes.
func ParseStored(b []byte) (eventstore.Stored, error) {
	s, _, err := PeekStored(b)
	return s, err
}

// PeekStored is [ParseStored], and returns the clear part of the body, too.
func PeekStored(b []byte) (eventstore.Stored, event.Meta, error) {
	s, err := parseHeader(b)
	if err != nil {
		return eventstore.Stored{}, event.Meta{}, err
	}
	m, err := Peek(s.Body)
	if err != nil {
		return eventstore.Stored{}, event.Meta{}, err
	}
	return s, m, nil
}

// parseHeader reads stored bytes; the body is what follows the header.
func parseHeader(b []byte) (eventstore.Stored, error) {
	if len(b) < 1 || b[0] != Format {
		return eventstore.Stored{}, ErrUnknownFormat
	}
	r := cursor{rest: b[1:]}
	var s eventstore.Stored
	s.Position = event.Position(r.u64())
	recorded := int64(r.u64())
	s.RecordedAt = time.UnixMicro(recorded).UTC()
	s.ID = event.ID{UUID: r.id()}
	stream := r.take(event.StreamBytes)
	s.Revision = event.Revision(r.u64())
	if r.err != nil {
		return eventstore.Stored{}, r.err
	}
	var err error
	if s.Stream, err = event.StreamFromBytes(stream); err != nil {
		return eventstore.Stored{}, malformed("stream")
	}
	if s.Position == 0 || s.Revision == 0 || s.ID.IsZero() || recorded < earliest || recorded > latest {
		return eventstore.Stored{}, malformed("header")
	}
	s.Body = r.rest
	return s, nil
}

// Leaf returns the hash of an event's stored bytes as a leaf of the ledger's
// tree: SHA-256(0x00 ‖ bytes), RFC 6962 section 2.1.
func Leaf(s eventstore.Stored) [sha256.Size]byte {
	b := make([]byte, 1, 2+HeaderBytes+len(s.Body))
	return sha256.Sum256(AppendBytes(b, s))
}
