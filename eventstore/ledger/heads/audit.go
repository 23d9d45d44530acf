package heads

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"sync"

	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
)

// ErrMismatch: what the ledger commits to is not what its entries come to. An
// incident, and whoever has the entries can show it.
var ErrMismatch = errors.New("heads: a commitment is not what the entries come to")

// Audit checks trees of heads against the entries that they were made from, in
// memory that grows with neither.
//
// Of each entry it adds H(stream, revision) - H(stream, revision-1) to a sum,
// and compares that with the sum of H(stream, head) over the tree. H is a CBC-MAC
// with AES-128 of inputs of one length, under a key that is drawn when the check
// begins, so that nobody could have chosen entries to suit; H(stream, 0) is 0.
// The sums are equal iff the tree has exactly the streams of the entries, and
// each stream has exactly one entry of every revision from 1 to its head, but
// for a chance of less than 2^-64.
//
// It does not compare the chains: that takes the entries in the order of their
// streams. A wrong chain proves nothing wrong, as no other entries are left that
// could be shown; it only refuses the right ones. [Replay] compares them.
type Audit struct {
	block  cipher.Block
	checks []Commitment

	mu   sync.Mutex
	sums []sum
}

// NewAudit begins a check of commitments, such as those of [Commitments]. The
// key is read from rand, which must be of cryptographic quality.
func NewAudit(rand io.Reader, checks ...Commitment) (*Audit, error) {
	var key [16]byte
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return nil, fmt.Errorf("heads: draw a key: %w", err)
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("heads: %w", err)
	}
	return &Audit{block: block, checks: slices.Clone(checks), sums: make([]sum, len(checks))}, nil
}

// Part is a part of the entries: one for each goroutine that reads some.
type Part struct {
	*Audit
	sums []sum
	mac  mac
}

// Part begins a part.
func (a *Audit) Part() *Part { return &Part{a, make([]sum, len(a.checks)), mac{Block: a.block}} }

// Add takes an entry in. Each goes into one part, once, in any order.
func (p *Part) Add(e eventstore.Stored) {
	if !slices.ContainsFunc(p.checks, func(c Commitment) bool { return uint64(e.Position) <= c.Size }) {
		return
	}
	key := Key(e.Stream)
	term := p.mac.of(&key, uint64(e.Revision))
	if e.Revision > 1 {
		term = term.minus(p.mac.of(&key, uint64(e.Revision)-1))
	}
	for i, c := range p.checks {
		if uint64(e.Position) <= c.Size {
			p.sums[i] = p.sums[i].plus(term)
		}
	}
}

// Done takes the part into the whole.
func (p *Part) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.sums {
		p.Audit.sums[i] = p.Audit.sums[i].plus(p.sums[i])
	}
}

// Check compares the trees on the shelf with the commitments, and with the
// entries once every part is done: [ErrMismatch], [ErrSnapshot] if a tree is
// damaged, [ErrNoCommitment] if it is no longer on the shelf. That each
// commitment is what its entry says is for the caller to compare
// ([ParseCommitment]): the register says where to look, and is not believed.
func (a *Audit) Check(ctx context.Context, shelf ledger.Shelf) error {
	s, err := loadState(ctx, shelf)
	if err != nil {
		return err
	}
	for i, c := range a.checks {
		at := slices.IndexFunc(s.Snapshots, func(one snapshot) bool { return one.commitment() == c })
		if at < 0 {
			return fmt.Errorf("%w: its tree is not on the shelf", ErrNoCommitment)
		}
		var got sum
		mac := mac{Block: a.block}
		for r, err := range s.Snapshots[at].records(ctx, shelf) { // which finds their root
			if err != nil {
				return err
			}
			got = got.plus(mac.of(&r.Key, uint64(r.Revision)))
		}
		if got != a.sums[i] {
			return fmt.Errorf("%w: position %d, of the first %d entries", ErrMismatch, c.Position, c.Size)
		}
	}
	return nil
}

// mac computes CBC-MACs of a key and a revision, padded to three blocks.
type mac struct {
	cipher.Block
	b [aes.BlockSize]byte // here, so that none is allocated for each
}

func (m *mac) of(key *Hash, revision uint64) sum {
	m.b = [aes.BlockSize]byte{}
	for _, half := range [...][2]uint64{
		{binary.BigEndian.Uint64(key[:]), binary.BigEndian.Uint64(key[8:])},
		{binary.BigEndian.Uint64(key[16:]), binary.BigEndian.Uint64(key[24:])},
		{revision, 0},
	} {
		binary.BigEndian.PutUint64(m.b[:], binary.BigEndian.Uint64(m.b[:])^half[0])
		binary.BigEndian.PutUint64(m.b[8:], binary.BigEndian.Uint64(m.b[8:])^half[1])
		m.Encrypt(m.b[:], m.b[:])
	}
	return sum{binary.BigEndian.Uint64(m.b[:]), binary.BigEndian.Uint64(m.b[8:])}
}

// sum is a number modulo 2^128.
type sum struct{ high, low uint64 }

func (s sum) plus(t sum) sum {
	low, carry := bits.Add64(s.low, t.low, 0)
	high, _ := bits.Add64(s.high, t.high, carry)
	return sum{high, low}
}

func (s sum) minus(t sum) sum {
	low, borrow := bits.Sub64(s.low, t.low, 0)
	high, _ := bits.Sub64(s.high, t.high, borrow)
	return sum{high, low}
}
