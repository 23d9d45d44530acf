package offline

import (
	"encoding/binary"
	"encoding/hex"
	"time"
)

// entry is the clear part of a stored event, format 1, as package codec specifies
// it. The byte strings are parts of what was read.
type entry struct {
	position   uint64
	recordedAt int64 // microseconds since 1970 UTC
	id         uuid
	stream     [streamBytes]byte
	revision   uint64

	kind        []byte // of event: its type
	version     uint16
	subject     uuid
	byDay       bool // effective is a day since 1970, not microseconds
	effective   int64
	actor       uuid
	role, side  []byte
	org, client uuid
	purpose     []byte
	command     uuid
	index       uint32
	correlation uuid
	causation   uuid
	corrects    uuid
	imported    bool
	policy      []byte // 32 bytes, or none

	boxes [maxBoxes]box
	count int
}

type uuid [16]byte

// box is one sealed box, or the one clear box of a kernel's event (class 0).
type box struct {
	class, holder byte
	key           uuid
	sealed        []byte
}

const (
	streamBytes   = 17
	headerBytes   = 1 + 8 + 8 + 16 + streamBytes + 8
	saltBytes     = 32
	maxBoxes      = 10
	maxBodyBytes  = 48 << 10
	maxEntryBytes = headerBytes + maxBodyBytes

	earliest     = -62135596800000000 // the year 1, in microseconds
	latest       = 253402300799999999 // the end of the year 9999
	microsPerDay = 86400 * 1_000_000
	sealing      = 28 // nonce and tag
	keyIndexBit  = 1 << 31
	keyIndex     = 1 << 32
)

// classes are the names of the classes of boxes, from 1.
var classes = [...]string{"", "identity", "health", "offence", "operational", "decision"}

// streamPrefixes are the kinds of stream, from 1. Of the last two there is one
// stream each.
var streamPrefixes = [...]string{"", "case", "agreement", "org", "access", "finding", "policy", "ledger"}

func isSingle(kind byte) bool { return kind >= 6 }

// parse reads stored bytes; what is wrong with them if they are not in their
// one form.
func (e *entry) parse(b []byte) (wrong string) {
	if len(b) < headerBytes+saltBytes+1 || len(b) > maxEntryBytes {
		return "its length is none that an entry can have"
	}
	if b[0] != 1 {
		return "its format is not known to this program"
	}
	e.position = binary.BigEndian.Uint64(b[1:])
	e.recordedAt = int64(binary.BigEndian.Uint64(b[9:]))
	e.id = uuid(b[17:])
	e.stream = [streamBytes]byte(b[33:])
	e.revision = binary.BigEndian.Uint64(b[50:])
	kind := e.stream[0]
	if kind == 0 || int(kind) >= len(streamPrefixes) || isSingle(kind) != (uuid(e.stream[1:]) == uuid{}) {
		return "its stream is none"
	}
	if e.position == 0 || e.revision == 0 || e.id == (uuid{}) || e.recordedAt < earliest || e.recordedAt > latest {
		return "its header is none"
	}
	if b[headerBytes+saltBytes] == 0 {
		return "its format is not known to this program"
	}
	r := cursor{rest: b[headerBytes+saltBytes:]}
	e.meta(&r)
	e.content(&r)
	if r.bad || len(r.rest) > 0 {
		return "its body is not in its one form"
	}
	return ""
}

func (e *entry) meta(r *cursor) {
	e.kind = r.code()
	b := r.take(2 + 16 + 1 + 8 + 16)
	if b == nil {
		return
	}
	e.version = binary.BigEndian.Uint16(b)
	e.subject = uuid(b[2:])
	effective := b[18]
	e.effective = int64(binary.BigEndian.Uint64(b[19:]))
	e.actor = uuid(b[27:])
	e.byDay = effective == 2
	whenever := effective == 1 && e.effective > earliest && e.effective <= latest ||
		e.byDay && e.effective >= earliest/microsPerDay && e.effective <= latest/microsPerDay

	e.role, e.side = r.code(), r.code()
	if b = r.take(16 + 16); b == nil {
		return
	}
	e.org, e.client = uuid(b), uuid(b[16:])
	e.purpose = r.code()
	if b = r.take(16 + 4 + 16 + 16 + 16 + 1 + 1); b == nil {
		return
	}
	e.command = uuid(b)
	e.index = binary.BigEndian.Uint32(b[16:])
	e.correlation, e.causation, e.corrects = uuid(b[20:]), uuid(b[36:]), uuid(b[52:])
	origin, policy := b[68], b[69]
	e.imported = origin == 2
	e.policy = nil
	if policy == 1 {
		e.policy = r.take(32)
	}
	if !whenever || e.version == 0 || origin < 1 || origin > 2 || policy > 1 || policy == 1 && allZero(e.policy) {
		r.bad = true
	}
}

func (e *entry) content(r *cursor) {
	b := r.take(1)
	if b == nil || b[0] > maxBoxes {
		r.bad, e.count = true, 0
		return
	}
	e.count = int(b[0])
	last := -1
	for i := range e.count {
		x := &e.boxes[i]
		b := r.take(1 + 1 + 16 + 4)
		if b == nil {
			return
		}
		x.class, x.holder, x.key = b[0], b[1], uuid(b[2:])
		x.sealed = r.take(int(min(binary.BigEndian.Uint32(b[18:]), maxEntryBytes+1))) // an int may have 32 bits
		place := int(x.class)<<8 | int(x.holder)
		if r.bad || int(x.class) >= len(classes) || x.holder > 1 || place <= last {
			r.bad = true
			return
		}
		last = place
		none := x.key == (uuid{})
		if x.class == 0 && !(e.count == 1 && x.holder == 0 && none) || x.class != 0 && (none || !padded(len(x.sealed)-sealing)) {
			r.bad = true
			return
		}
	}
}

// padded says whether a content can have that length once it is padded.
func padded(n int) bool { return n == 256 || n == 1<<10 || n == 4<<10 || n == 16<<10 || n == 64<<10 }

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// cursor reads from the front. After the first failure bad stays true, and
// nothing more is read.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.rest) || c.bad {
		c.bad = true
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

// code reads visible ASCII with its length before it.
func (c *cursor) code() []byte {
	n := c.take(1)
	if n == nil {
		return nil
	}
	b := c.take(int(n[0]))
	for _, x := range b {
		if x < 0x21 || x > 0x7e {
			c.bad = true
			return nil
		}
	}
	return b
}

// text is the canonical form of RFC 9562 section 4; "" for none.
func (u uuid) text() string {
	if u == (uuid{}) {
		return ""
	}
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func streamText(s [streamBytes]byte) string {
	if int(s[0]) >= len(streamPrefixes) {
		return "no stream"
	}
	prefix := streamPrefixes[s[0]]
	if isSingle(s[0]) {
		return prefix
	}
	return prefix + "-" + uuid(s[1:]).text()
}

func instantText(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano) }

func (e *entry) effectiveText() string {
	if e.byDay {
		return time.Unix(e.effective*86400, 0).UTC().Format(time.DateOnly)
	}
	return instantText(e.effective)
}

// clear is the content of the clear box of an event of that type, version 1, on
// a stream of that kind; nil if the entry is no such event.
func (e *entry) clear(kind string) []byte {
	if string(e.kind) != kind || e.version != 1 || e.count != 1 || e.boxes[0].class != 0 {
		return nil
	}
	return e.boxes[0].sealed
}

// destroyedKey reads a key.destroyed event; false for any other.
func (e *entry) destroyedKey() (key uuid, is bool) {
	const before, after = `{"key":"`, `"}`
	b := e.clear("key.destroyed")
	if len(b) != len(before)+36+len(after) || string(b[:len(before)]) != before || string(b[len(before)+36:]) != after {
		return uuid{}, false
	}
	text := string(b[len(before) : len(before)+36])
	compact := text[:8] + text[9:13] + text[14:18] + text[19:23] + text[24:]
	if _, err := hex.Decode(key[:], []byte(compact)); err != nil || key.text() != text {
		return uuid{}, false
	}
	return key, true
}
