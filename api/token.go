package api

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

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
// chance of 2^-64. A cursor has its place's mark in the first four of those,
// and so 2^-32: who guesses one reads on from elsewhere, and nothing else. The key is HMAC-SHA256 of the secret over kind, side and
// scope, each preceded by its length, so a token means nothing for another
// side, kind, person or principal.
type tokens struct {
	secret [32]byte
	// ciphers are those of the scopeless kinds, one for each side: a page of
	// entries needs one of them for every row.
	ciphers *sync.Map // of cipherName to cipher.Block
}

func newTokens(secret [32]byte) tokens { return tokens{secret, &sync.Map{}} }

type cipherName struct {
	kind tokenKind
	side event.Side
}

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

// cipher is the block cipher of a kind, side and scope. It is safe for use by
// several goroutines.
func (t tokens) cipher(kind tokenKind, side event.Side, scope event.UUID) cipher.Block {
	name := cipherName{kind, side}
	if scope.IsZero() {
		if block, ok := t.ciphers.Load(name); ok {
			return block.(cipher.Block)
		}
	}
	block, err := aes.NewCipher(t.key(kind, side, scope))
	if err != nil {
		panic(err) // the key's length is fixed
	}
	if scope.IsZero() {
		t.ciphers.Store(name, block)
	}
	return block
}

func (t tokens) seal(kind tokenKind, side event.Side, scope event.UUID, n uint64) string {
	return t.sealMarked(kind, side, scope, n, 0)
}

func (t tokens) sealMarked(kind tokenKind, side event.Side, scope event.UUID, n uint64, mark uint32) string {
	var b [aes.BlockSize]byte
	binary.BigEndian.PutUint64(b[:8], n)
	binary.BigEndian.PutUint32(b[8:12], mark)
	t.cipher(kind, side, scope).Encrypt(b[:], b[:])
	return tokenEncoding.EncodeToString(b[:])
}

func (t tokens) open(kind tokenKind, side event.Side, scope event.UUID, text string) (uint64, bool) {
	n, mark, ok := t.openMarked(kind, side, scope, text)
	return n, ok && mark == 0
}

func (t tokens) openMarked(kind tokenKind, side event.Side, scope event.UUID, text string) (n uint64, mark uint32, ok bool) {
	if len(text) != tokenLength {
		return 0, 0, false
	}
	sealed, err := tokenEncoding.DecodeString(text)
	if err != nil || len(sealed) != aes.BlockSize {
		return 0, 0, false
	}
	t.cipher(kind, side, scope).Decrypt(sealed, sealed)
	if binary.BigEndian.Uint32(sealed[12:]) != 0 {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(sealed[:8]), binary.BigEndian.Uint32(sealed[8:12]), true
}

// scopeOf is what a kind of token is bound to beside the side: a cursor to
// its principal, a revision to its person.
func scopeOf(kind tokenKind, c Caller, person event.UUID) event.UUID {
	switch kind {
	case cursorToken:
		return c.Actor.ID
	case revisionToken:
		return person
	default:
		return event.UUID{}
	}
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

// showPlace writes a cursor in the form the caller may see: for those who see
// numbers the position and, after a point, the mark in eight hexadecimal digits.
func (t tokens) showPlace(c Caller, p Place) string {
	if !c.seesNumbers() {
		return t.sealMarked(cursorToken, c.Actor.Side, scopeOf(cursorToken, c, event.UUID{}), uint64(p.Position), p.Mark)
	}
	n := strconv.FormatUint(uint64(p.Position), 10)
	if p.Mark == 0 {
		return n
	}
	return fmt.Sprintf("%s.%08x", n, p.Mark)
}

// readPlace is the inverse of showPlace for the same caller.
func (t tokens) readPlace(c Caller, text string) (p Place, ok bool) {
	if !c.seesNumbers() {
		n, mark, ok := t.openMarked(cursorToken, c.Actor.Side, scopeOf(cursorToken, c, event.UUID{}), text)
		return Place{event.Position(n), mark}, ok
	}
	number, marked, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return Place{}, false
	}
	mark, err := strconv.ParseUint(cmp.Or(marked, "0"), 16, 32)
	p = Place{event.Position(n), uint32(mark)}
	return p, err == nil && t.showPlace(c, p) == text
}

// digest is an ETag for bytes that never change: it tells nothing about them
// to those who cannot read them.
func (t tokens) digest(c Caller, body []byte) string {
	h := hmac.New(sha256.New, t.key("digest", c.Actor.Side, c.Actor.ID))
	h.Write(body)
	return tokenEncoding.EncodeToString(h.Sum(nil)[:aes.BlockSize])
}
