package vault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// stamps authenticates rows of the keystore by a key that only who has the
// key-encryption key can derive. Without a key nothing is right.
type stamps struct{ key []byte }

// stampsFrom derives the key of the stamps from a secret of the keystore.
func stampsFrom(personKey []byte) stamps {
	mac := hmac.New(sha256.New, personKey)
	mac.Write([]byte("rows-v1"))
	return stamps{mac.Sum(nil)}
}

// over authenticates fields, each behind its length.
func (s stamps) over(table string, fields ...[]byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	for _, f := range append([][]byte{[]byte(table)}, fields...) {
		mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f))))
		mac.Write(f)
	}
	return mac.Sum(nil)
}

func number64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func (s stamps) ofKey(r record) []byte {
	return s.over("keys", r.id[:], r.ref.Subject[:], []byte(r.ref.Side), []byte(r.ref.Class), r.wrapped, r.commitment[:],
		number64(uint64(r.state)), r.destroyedBy.UUID[:], number64(uint64(r.created.UnixMicro())), number64(uint64(r.epoch)), number64(r.sealed))
}

func (s stamps) ofClaim(c claim) []byte {
	return s.over("identifiers", c.blind[:], c.command[:], c.person[:], number64(uint64(c.reserved.UnixMicro())))
}

func (s stamps) ofState(t state) []byte {
	return s.over("tombstones", number64(t.gone), number64(t.changes), number64(uint64(t.epoch)), number64(t.secrets), t.proof)
}

func (s stamps) right(stamp, want []byte) bool { return s.key != nil && hmac.Equal(stamp, want) }

// changeKey changes a key and stamps it again. A row whose stamp was not right
// does not get one that is.
func (s stamps) changeKey(r record, change func(*record)) record {
	right := s.right(r.stamp, s.ofKey(r))
	change(&r)
	if right {
		r.stamp = s.ofKey(r)
	}
	return r
}

// changeState is changeKey for the keystore's state.
func (s stamps) changeState(t state, change func(*state)) state {
	right := s.right(t.stamp, s.ofState(t))
	change(&t)
	if right {
		t.stamp = s.ofState(t)
	}
	return t
}
