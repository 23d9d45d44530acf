package api

import (
	"crypto/aes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"

	"caseledger/domain/event"
)

// How numbers of the ledger look from outside. Positions and revisions count
// what others record, so only those who audit see them; everyone else gets a
// token that can be compared and given back, and says nothing.

// numbered are the roles that see positions and revisions as numbers.
var numbered = []event.Role{"AUDITOR", "IG_LEAD"}

func (c Caller) seesNumbers() bool { return slices.Contains(numbered, c.Actor.Role) }

// tokenKind says what a token stands for; one kind never opens as another.
type tokenKind string

const (
	revisionToken tokenKind = "revision" // of one person's case: the ETag
	positionToken tokenKind = "position" // for X-Consistency-Token
	entryToken    tokenKind = "entry"    // an entry's place, for known_at_entry
	cursorToken   tokenKind = "cursor"   // where a feed goes on, for one principal
)

// tokens seals numbers. A token is one AES-256 block, as 22 characters of
// base64url: the number in the first eight bytes, big endian, and eight zero
// bytes, which a block that was not sealed with the same key has with a
// chance of 2^-64. The key is HMAC-SHA256 of the secret over kind, side and
// scope, each preceded by its length, so a token means nothing for another
// side, kind, person or principal.
type tokens struct{ secret [32]byte }

const tokenLength = 22

var tokenEncoding = base64.RawURLEncoding.Strict()

func (t tokens) key(kind tokenKind, side event.Side, scope event.UUID) []byte {
	h := hmac.New(sha256.New, t.secret[:])
	for _, part := range [][]byte{[]byte("token-v1"), []byte(kind), []byte(side), scope[:]} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

func (t tokens) seal(kind tokenKind, side event.Side, scope event.UUID, n uint64) string {
	block, err := aes.NewCipher(t.key(kind, side, scope))
	if err != nil {
		panic(err) // the key's length is fixed
	}
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:8], n)
	block.Encrypt(b[:], b[:])
	return tokenEncoding.EncodeToString(b[:])
}

func (t tokens) open(kind tokenKind, side event.Side, scope event.UUID, text string) (uint64, bool) {
	if len(text) != tokenLength {
		return 0, false
	}
	sealed, err := tokenEncoding.DecodeString(text)
	if err != nil || len(sealed) != aes.BlockSize {
		return 0, false
	}
	block, err := aes.NewCipher(t.key(kind, side, scope))
	if err != nil {
		panic(err) // the key's length is fixed
	}
	block.Decrypt(sealed, sealed)
	if binary.BigEndian.Uint64(sealed[8:]) != 0 {
		return 0, false
	}
	return binary.BigEndian.Uint64(sealed[:8]), true
}

// scopeOf is what a kind of token is bound to beside the side: a cursor to
// its principal, a revision to its person.
func scopeOf(kind tokenKind, c Caller, person event.UUID) event.UUID {
	switch kind {
	case cursorToken:
		return c.Actor.ID
	case revisionToken:
		return person
	}
	return event.UUID{}
}

// show writes a number in the form the caller may see.
func (t tokens) show(kind tokenKind, c Caller, person event.UUID, n uint64) string {
	if c.seesNumbers() {
		return strconv.FormatUint(n, 10)
	}
	return t.seal(kind, c.Actor.Side, scopeOf(kind, c, person), n)
}

// read is the inverse of show for the same caller.
func (t tokens) read(kind tokenKind, c Caller, person event.UUID, text string) (uint64, bool) {
	if !c.seesNumbers() {
		return t.open(kind, c.Actor.Side, scopeOf(kind, c, person), text)
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != text {
		return 0, false
	}
	return n, true
}

// digest is an ETag for bytes that never change: it tells nothing about them
// to those who cannot read them.
func (t tokens) digest(c Caller, body []byte) string {
	h := hmac.New(sha256.New, t.key("digest", c.Actor.Side, c.Actor.ID))
	h.Write(body)
	return tokenEncoding.EncodeToString(h.Sum(nil)[:aes.BlockSize])
}
