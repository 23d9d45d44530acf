package postgres

import (
	"encoding/binary"
	"fmt"

	"caseledger/domain/event"
)

// Parameters and results travel in PostgreSQL's binary format, which is that
// of its types' send and receive functions: integers are big-endian.

// Object ids of element types, fixed in PostgreSQL's catalogue.
const (
	oidBytea = 17
	oidInt8  = 20
	oidUUID  = 2950
)

// binaryFormat asks for the binary format, for every parameter or column.
var binaryFormat = []int16{1}

func int8Bytes(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func boolBytes(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}

func int8From(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: an integer of %d bytes", ErrDamaged, len(b))
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// array is an array of one dimension that is being built.
type array struct {
	bytes []byte
	n     uint32
}

const arrayHeader = 20

// newArray starts an array with room for so many bytes of elements.
func newArray(oid uint32, elements, size int) array {
	b := make([]byte, arrayHeader, arrayHeader+4*elements+size)
	binary.BigEndian.PutUint32(b, 1)       // dimensions
	binary.BigEndian.PutUint32(b[4:], 0)   // no NULL
	binary.BigEndian.PutUint32(b[8:], oid) // of the elements
	binary.BigEndian.PutUint32(b[16:], 1)  // the first index
	return array{bytes: b}
}

func (a *array) add(element []byte) {
	a.bytes = binary.BigEndian.AppendUint32(a.bytes, uint32(len(element)))
	a.bytes = append(a.bytes, element...)
	a.n++
}

func (a *array) addInt8(n int64) {
	a.bytes = binary.BigEndian.AppendUint32(a.bytes, 8)
	a.bytes = binary.BigEndian.AppendUint64(a.bytes, uint64(n))
	a.n++
}

// encoded is the parameter.
func (a *array) encoded() []byte {
	binary.BigEndian.PutUint32(a.bytes[12:], a.n)
	return a.bytes
}

func streamFrom(b []byte) (event.StreamID, error) {
	stream, err := event.StreamFromBytes(b)
	if err != nil {
		return stream, fmt.Errorf("%w: a stream's name", ErrDamaged)
	}
	return stream, nil
}

func idFrom(b []byte) (id event.ID, err error) {
	if len(b) != len(id.UUID) {
		return id, fmt.Errorf("%w: an event id", ErrDamaged)
	}
	return event.ID{UUID: event.UUID(b)}, nil
}
