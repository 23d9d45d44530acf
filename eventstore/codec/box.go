package codec

import (
	"encoding/binary"
	"math"

	"caseledger/domain/event"
)

// buckets are the lengths that a box's content is padded to, so that its
// length says little about it. The largest cannot occur while an event is at
// most eventstore.MaxBodyBytes.
var buckets = [...]int{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10}

// prefixBytes is the length, before padding, that precedes the content.
const prefixBytes = 4

// MaxBoxBytes is the longest content that any box can hold.
const MaxBoxBytes = 64<<10 - prefixBytes

func bucketOf(content int) int {
	for _, b := range buckets {
		if prefixBytes+content <= b {
			return b
		}
	}
	return 0
}

// pad appends content, preceded by its length as four bytes, big endian, and
// followed by zeros up to the smallest bucket that fits; false if none does.
func pad(dst, content []byte) ([]byte, bool) {
	bucket := bucketOf(len(content))
	if bucket == 0 {
		return dst, false
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(content)))
	dst = append(dst, content...)
	return append(dst, make([]byte, bucket-prefixBytes-len(content))...), true
}

// unpad returns the content of a padded box, in place.
func unpad(b []byte) ([]byte, error) {
	if len(b) < prefixBytes {
		return nil, malformed("a box without a length")
	}
	n := binary.BigEndian.Uint32(b)
	if n > math.MaxInt32 || bucketOf(int(n)) != len(b) {
		return nil, malformed("a box in the wrong bucket")
	}
	content, rest := b[prefixBytes:prefixBytes+int(n)], b[prefixBytes+int(n):]
	for _, zero := range rest {
		if zero != 0 {
			return nil, malformed("padding")
		}
	}
	return content, nil
}

// appendContext appends the associated data of a box. Every part but the type
// has a fixed width, and the type is preceded by its length, so no two
// contexts run together.
func appendContext(dst []byte, id event.ID, stream event.StreamID, m *event.Meta, b *Box) []byte {
	class, holder, _ := b.numbers()
	dst = append(dst, Format)
	dst = append(dst, id.UUID[:]...)
	s := stream.Bytes()
	dst = append(dst, s[:]...)
	dst = append(dst, byte(len(m.Type)))
	dst = append(dst, m.Type...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(m.Version))
	dst = append(dst, class, holder)
	return append(dst, b.Key[:]...)
}
