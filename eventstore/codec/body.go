package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/vault"
)

// SaltBytes is the length of the random salt that opens every body. It keeps
// a leaf hash from confirming a guess at what the event says.
const SaltBytes = 32

// Body is what the application freezes before an event is appended.
type Body struct {
	Salt [SaltBytes]byte
	event.Meta
	// Boxes are in the order of (class, holder), each pair at most once.
	Boxes []Box
}

// Box holds the fields of an event that one key seals.
type Box struct {
	// Class is empty for the clear box, which only the kernel's own events
	// have: it is then alone, and Key is zero.
	Class  event.Class
	Holder event.Holder
	Key    event.UUID
	// Sealed is nonce, ciphertext and tag; in the clear box, the content.
	Sealed []byte
}

// The stored numbers. They never change.
const (
	effectiveInstant = 1
	effectiveDay     = 2

	originLive     = 1
	originImported = 2

	holderController = 0
	holderRecipient  = 1

	// keyIndexBit marks the index of a key commitment: 2^31 stands for
	// event.KeyIndex.
	keyIndexBit = 1 << 31
)

// maxBoxes is how many pairs of class and holder there are.
const maxBoxes = 10

// The times that have a text form (RFC 3339): the years 1 to 9999.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	latest   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1
)

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// AppendBody appends the stored form of a body; [ErrMalformed] if it has none.
func AppendBody(dst []byte, b Body) ([]byte, error) {
	dst = append(dst, b.Salt[:]...)
	dst, err := appendMeta(dst, &b.Meta)
	if err != nil {
		return nil, err
	}
	if len(b.Boxes) > maxBoxes {
		return nil, malformed("too many boxes")
	}
	dst = append(dst, byte(len(b.Boxes)))
	for i, box := range b.Boxes {
		class, holder, err := box.numbers()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			before, beforeHolder, _ := b.Boxes[i-1].numbers()
			if int(before)<<8|int(beforeHolder) >= int(class)<<8|int(holder) {
				return nil, malformed("boxes out of order")
			}
		}
		if !validBox(class, holder, &box, len(b.Boxes)) {
			return nil, malformed("box")
		}
		dst = append(dst, class, holder)
		dst = append(dst, box.Key[:]...)
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(box.Sealed)))
		dst = append(dst, box.Sealed...)
	}
	return dst, nil
}

// validBox says whether a box may stand among a body's boxes: a clear one
// alone and without a key, any other with its key and the length of a padded
// and sealed content.
func validBox(class, holder byte, b *Box, boxes int) bool {
	if class == 0 {
		return boxes == 1 && holder == holderController && b.Key.IsZero() && len(b.Sealed) <= MaxBoxBytes
	}
	return !b.Key.IsZero() && slices.Contains(buckets[:], len(b.Sealed)-vault.Overhead)
}

// numbers returns the stored numbers of a box's class and holder.
func (b *Box) numbers() (class, holder byte, err error) {
	if b.Class != "" {
		class = byte(slices.Index(event.Classes, b.Class) + 1)
		if class == 0 {
			return 0, 0, ErrUnknownClass
		}
	}
	switch b.Holder {
	case event.Controller:
		return class, holderController, nil
	case event.Recipient:
		return class, holderRecipient, nil
	}
	return 0, 0, ErrUnknownClass
}

func appendMeta(dst []byte, m *event.Meta) ([]byte, error) {
	if m.Version < 1 || m.Version > math.MaxUint16 {
		return nil, malformed("schema version")
	}
	if m.Type == "" {
		return nil, malformed("no event type")
	}
	dst, err := appendCode(dst, m.Type)
	if err != nil {
		return nil, err
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(m.Version))
	dst = append(dst, m.Subject[:]...)

	kind, value := byte(effectiveInstant), m.Effective.Earliest().UnixMicro()
	if day, whole := m.Effective.Day(); whole {
		kind, value = effectiveDay, int64(day)
	}
	if !validEffective(kind, value) {
		return nil, malformed("effective time")
	}
	dst = append(dst, kind)
	dst = binary.BigEndian.AppendUint64(dst, uint64(value))

	dst = append(dst, m.Actor.ID[:]...)
	for _, code := range []string{string(m.Actor.Role), string(m.Actor.Side)} {
		if dst, err = appendCode(dst, code); err != nil {
			return nil, err
		}
	}
	dst = append(dst, m.Actor.Org[:]...)
	dst = append(dst, m.Actor.Client[:]...)
	if dst, err = appendCode(dst, string(m.Purpose)); err != nil {
		return nil, err
	}
	dst = append(dst, m.Command[:]...)

	index := m.Index
	switch {
	case index >= event.KeyIndex && index-event.KeyIndex < keyIndexBit:
		index = index - event.KeyIndex + keyIndexBit
	case index < 0 || index >= keyIndexBit:
		return nil, malformed("index")
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(index))

	dst = append(dst, m.Correlation[:]...)
	dst = append(dst, m.Causation[:]...)
	dst = append(dst, m.Corrects.UUID[:]...)
	switch m.Origin {
	case event.Live:
		dst = append(dst, originLive)
	case event.Imported:
		dst = append(dst, originImported)
	default:
		return nil, malformed("origin")
	}
	if m.Policy == [32]byte{} {
		return append(dst, 0), nil
	}
	return append(append(dst, 1), m.Policy[:]...), nil
}

const microsPerDay = 86400 * 1_000_000

// validEffective says whether a stored effective time is one: the first
// microsecond of the year 1 is event.When's "not given".
func validEffective(kind byte, value int64) bool {
	switch kind {
	case effectiveInstant:
		return value > earliest && value <= latest
	case effectiveDay:
		return value >= earliest/microsPerDay && value <= latest/microsPerDay
	}
	return false
}

// appendCode appends a string of at most 255 visible ASCII characters.
func appendCode(dst []byte, s string) ([]byte, error) {
	if len(s) > 255 || !visible(s) {
		return nil, malformed("a code is at most 255 visible ASCII characters")
	}
	return append(append(dst, byte(len(s))), s...), nil
}

func visible[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// ParseBody reads the stored form of a body. The boxes share its bytes.
//
// It accepts exactly what [AppendBody] writes: [ErrMalformed],
// [ErrUnknownFormat] or [ErrUnknownClass] otherwise.
func ParseBody(b []byte) (Body, error) {
	var p parsed
	if err := p.parse(b); err != nil {
		return Body{}, err
	}
	return Body{Salt: [SaltBytes]byte(b), Meta: p.meta, Boxes: slices.Clone(p.boxes[:p.count])}, nil
}

// Peek reads the clear part of a stored body. It needs no key, so it answers
// after erasure too. Errors are those of [ParseBody].
func Peek(body []byte) (event.Meta, error) {
	var p parsed
	err := p.parse(body)
	return p.meta, err
}

// parsed is a body in place, without allocations of its own.
type parsed struct {
	meta  event.Meta
	boxes [maxBoxes]Box
	count int
}

func (p *parsed) parse(b []byte) error {
	if len(b) < SaltBytes+1 {
		return malformed("shorter than its salt")
	}
	if b[SaltBytes] == 0 { // no event type has an empty name: see the package comment
		return ErrUnknownFormat
	}
	r := cursor{rest: b[SaltBytes:]}
	p.readMeta(&r)
	p.count = int(r.u8())
	if p.count > maxBoxes {
		r.fail("too many boxes")
		p.count = 0
	}
	last := -1
	for i := range p.count {
		box := &p.boxes[i]
		class, holder := r.u8(), r.u8()
		box.Key = r.id()
		box.Sealed = r.take(int(min(r.u32(), math.MaxInt32)))
		if r.err != nil {
			break
		}
		if int(class) > len(event.Classes) || holder > holderRecipient {
			return ErrUnknownClass
		}
		if class > 0 {
			box.Class = event.Classes[class-1]
		}
		box.Holder = [...]event.Holder{event.Controller, event.Recipient}[holder]
		if at := int(class)<<8 | int(holder); at <= last {
			r.fail("boxes out of order")
		} else {
			last = at
		}
		if !validBox(class, holder, box, p.count) {
			r.fail("box")
		}
	}
	if len(r.rest) > 0 {
		r.fail("bytes after the end")
	}
	return r.err
}

func (p *parsed) readMeta(r *cursor) {
	m := &p.meta
	m.Type = r.code()
	m.Version = int(r.u16())
	if m.Version == 0 {
		r.fail("schema version")
	}
	m.Subject = r.id()
	kind, value := r.u8(), int64(r.u64())
	switch {
	case !validEffective(kind, value):
		r.fail("effective time")
	case kind == effectiveDay:
		m.Effective = event.On(event.Day(value))
	default:
		m.Effective = event.At(time.UnixMicro(value))
	}
	m.Actor.ID = r.id()
	m.Actor.Role = event.Role(r.code())
	m.Actor.Side = event.Side(r.code())
	m.Actor.Org = r.id()
	m.Actor.Client = r.id()
	m.Purpose = event.Purpose(r.code())
	m.Command = r.id()
	m.Index = int(r.u32())
	if m.Index >= keyIndexBit {
		m.Index += event.KeyIndex - keyIndexBit
	}
	m.Correlation = r.id()
	m.Causation = r.id()
	m.Corrects = event.ID{UUID: r.id()}
	switch r.u8() {
	case originLive:
		m.Origin = event.Live
	case originImported:
		m.Origin = event.Imported
	default:
		r.fail("origin")
	}
	switch r.u8() {
	case 0:
	case 1:
		copy(m.Policy[:], r.take(len(m.Policy)))
		if m.Policy == [32]byte{} {
			r.fail("an empty policy hash is left out")
		}
	default:
		r.fail("policy")
	}
}

// cursor reads from the front of a byte string. After the first failure every
// read gives zero, and err stays.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) fail(what string) {
	if c.err == nil {
		c.err, c.rest = malformed(what), nil
	}
}

func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.fail("too short")
		return nil
	}
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) u8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) id() (u event.UUID) {
	copy(u[:], c.take(len(u)))
	return u
}

func (c *cursor) code() string {
	b := c.take(int(c.u8()))
	if !visible(b) {
		c.fail("a code is visible ASCII")
		return ""
	}
	return codes.intern(b)
}
