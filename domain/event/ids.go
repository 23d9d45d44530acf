package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
)

// UUID is an opaque 128-bit identifier (RFC 9562). The zero value means
// "none". It holds no personal value, so it may appear in clear text.
type UUID [16]byte

// ErrMalformedID is returned for text that is not an identifier. It never
// carries the text.
var ErrMalformedID = errors.New("event: malformed identifier")

// ParseUUID reads the canonical form of RFC 9562 section 4: 36 characters,
// lower-case hexadecimal. Any other form is [ErrMalformedID].
func ParseUUID(s string) (UUID, error) {
	var u UUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' || strings.ToLower(s) != s {
		return UUID{}, ErrMalformedID
	}
	compact := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(u[:], []byte(compact)); err != nil {
		return UUID{}, ErrMalformedID
	}
	return u, nil
}

// MustUUID is [ParseUUID] for constants and tests; it panics on bad text.
func MustUUID(s string) UUID {
	u, err := ParseUUID(s)
	if err != nil {
		panic(err)
	}
	return u
}

// IsZero reports whether u is the zero identifier, "none".
func (u UUID) IsZero() bool { return u == UUID{} }

// String returns the canonical form of RFC 9562 section 4.
func (u UUID) String() string {
	var b [36]byte
	hex.Encode(b[:8], u[:4])
	b[8] = '-'
	hex.Encode(b[9:13], u[4:6])
	b[13] = '-'
	hex.Encode(b[14:18], u[6:8])
	b[18] = '-'
	hex.Encode(b[19:23], u[8:10])
	b[23] = '-'
	hex.Encode(b[24:], u[10:])
	return string(b[:])
}

// MarshalText writes the canonical form; the zero identifier is empty text.
func (u UUID) MarshalText() ([]byte, error) {
	if u.IsZero() {
		return nil, nil
	}
	return []byte(u.String()), nil
}

// UnmarshalText reads what [UUID.MarshalText] writes.
func (u *UUID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*u = UUID{}
		return nil
	}
	parsed, err := ParseUUID(string(text))
	if err != nil {
		return err
	}
	*u = parsed
	return nil
}

// DeriveUUID returns the UUIDv8 (RFC 9562 section 5.8) of the first 128 bits
// of SHA-256 over the label and the parts, each preceded by its length as
// eight bytes, big endian, so that no two lists of parts run together.
func DeriveUUID(label string, parts ...[]byte) UUID {
	h := sha256.New()
	var size [8]byte
	write := func(p []byte) {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write(p)
	}
	write([]byte(label))
	for _, p := range parts {
		write(p)
	}
	var u UUID
	copy(u[:], h.Sum(nil))
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// ID identifies one event for ever. It is derived from the command that
// caused the event, so a repeated append is recognised, not repeated.
type ID struct{ UUID }

// DeriveID returns the event id of design decision "event ids": the UUIDv8 of
// SHA-256("ev1", principal, stream, command, index). index counts the events
// of the command from 0; key commitments count from [KeyIndex].
func DeriveID(principal UUID, stream StreamID, command UUID, index int) ID {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(index))
	s := stream.Bytes()
	return ID{DeriveUUID("ev1", principal[:], s[:], command[:], n[:])}
}

// KeyIndex is the first index given to the key commitments that an append
// carries beside a command's own events.
const KeyIndex = 1 << 32

// Position is an event's place in the ledger: 1, 2, 3 … without gaps, in
// commit order. 0 is "before the first".
type Position uint64

// Revision is an event's place in its stream: 1, 2, 3 … without gaps. As an
// expected revision it is the number of events the stream must hold.
type Revision uint64

// StreamKind is what a stream is about.
type StreamKind uint8

// The kinds of stream. The numbers are stored and never change.
const (
	CaseStream      StreamKind = 1 // one person on probation: the consistency boundary
	AgreementStream StreamKind = 2 // one data sharing agreement
	OrgStream       StreamKind = 3 // one organisation's governance artefacts
	AccessStream    StreamKind = 4 // the reads of one session
	FindingStream   StreamKind = 5 // the findings about one person
	PolicyStream    StreamKind = 6 // rule-set and reference-data versions; there is one
	LedgerStream    StreamKind = 7 // what the ledger says of itself; there is one
)

var streamPrefixes = map[StreamKind]string{
	CaseStream: "case", AgreementStream: "agreement", OrgStream: "org",
	AccessStream: "access", FindingStream: "finding", PolicyStream: "policy", LedgerStream: "ledger",
}

// single reports whether there is one stream of a kind, which then has no
// identifier.
func (k StreamKind) single() bool { return k == PolicyStream || k == LedgerStream }

// StreamID names a stream: its kind and an opaque identifier. As text it is
// "case-<uuid>", and "policy" and "ledger" for the streams of which there is one.
// It carries no personal value. The zero value names no stream.
type StreamID struct {
	Kind StreamKind
	Of   UUID
}

// Case returns the stream of one person.
func Case(person UUID) StreamID { return StreamID{CaseStream, person} }

// Access returns the stream of one session's reads.
func Access(session UUID) StreamID { return StreamID{AccessStream, session} }

// Agreement returns the stream of one data sharing agreement.
func Agreement(agreement UUID) StreamID { return StreamID{AgreementStream, agreement} }

// Organisation returns the stream of one organisation's governance.
func Organisation(org UUID) StreamID { return StreamID{OrgStream, org} }

// Findings returns the stream of the findings about one subject.
func Findings(subject UUID) StreamID { return StreamID{FindingStream, subject} }

// What the streams are about of which there is one. It is derived, so that it
// is the same in every ledger.
var (
	policySubject = DeriveUUID("policy")
	ledgerSubject = DeriveUUID("ledger")
)

// Subject is whose keys seal what is recorded on the stream: what it is about.
// What an access stream holds is about whoever each look names, and it has none.
func (s StreamID) Subject() UUID {
	switch s.Kind {
	case PolicyStream:
		return policySubject
	case LedgerStream:
		return ledgerSubject
	case AccessStream:
		return UUID{}
	case CaseStream, AgreementStream, OrgStream, FindingStream:
	}
	return s.Of
}

// The streams of which there is one.
var (
	Policy = StreamID{Kind: PolicyStream}
	Ledger = StreamID{Kind: LedgerStream}
)

// StreamBytes is the width of a stored stream id: one byte of kind, sixteen
// of identifier.
const StreamBytes = 17

// Bytes returns the stored form.
func (s StreamID) Bytes() [StreamBytes]byte {
	var b [StreamBytes]byte
	b[0] = byte(s.Kind)
	copy(b[1:], s.Of[:])
	return b
}

// StreamFromBytes reads the stored form; [ErrMalformedID] if it is not one.
func StreamFromBytes(b []byte) (StreamID, error) {
	if len(b) != StreamBytes {
		return StreamID{}, ErrMalformedID
	}
	s := StreamID{Kind: StreamKind(b[0]), Of: UUID(b[1:])}
	return s, s.check()
}

func (s StreamID) check() error {
	if _, known := streamPrefixes[s.Kind]; !known || s.Kind.single() != s.Of.IsZero() {
		return ErrMalformedID
	}
	return nil
}

// String returns "case-<uuid>" and the like, or "policy" or "ledger".
func (s StreamID) String() string {
	if s.Kind.single() {
		return streamPrefixes[s.Kind]
	}
	return streamPrefixes[s.Kind] + "-" + s.Of.String()
}

// StreamPrefixes are what the texts of streams begin with, one for each kind, in
// the order of the kinds.
func StreamPrefixes() []string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(streamPrefixes)) {
		prefix := streamPrefixes[kind]
		if !kind.single() {
			prefix += "-"
		}
		all = append(all, prefix)
	}
	return all
}

// ParseStreamID reads what [StreamID.String] writes; else [ErrMalformedID].
func ParseStreamID(text string) (StreamID, error) {
	for _, s := range []StreamID{Policy, Ledger} {
		if text == s.String() {
			return s, nil
		}
	}
	prefix, rest, _ := strings.Cut(text, "-")
	for kind, p := range streamPrefixes {
		if p == prefix {
			of, err := ParseUUID(rest)
			if err != nil {
				return StreamID{}, err
			}
			s := StreamID{kind, of}
			return s, s.check()
		}
	}
	return StreamID{}, ErrMalformedID
}

// MarshalText writes [StreamID.String].
func (s StreamID) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [StreamID.MarshalText] writes.
func (s *StreamID) UnmarshalText(text []byte) error {
	parsed, err := ParseStreamID(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
