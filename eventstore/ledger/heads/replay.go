package heads

import (
	"cmp"
	"fmt"
	"slices"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// Replay checks commitments against all entries, chains included, with nothing
// but the entries: for who has an exported ledger. Its memory grows with the
// number of streams, by some 150 bytes for each.
type Replay struct {
	checks []Commitment
	heads  map[event.StreamID]Head
	size   uint64
}

// NewReplay begins a check of commitments, in any order.
func NewReplay(checks ...Commitment) *Replay {
	sorted := slices.Clone(checks)
	slices.SortFunc(sorted, func(a, b Commitment) int { return cmp.Compare(a.Size, b.Size) })
	return &Replay{checks: sorted, heads: map[event.StreamID]Head{}}
}

// Add takes the next entry in, from the first of the ledger on. [ErrBroken] if
// it is not the next of the ledger or of its stream; [ErrMismatch] if a
// commitment is to another root than that of the entries so far.
func (r *Replay) Add(e eventstore.Stored) error {
	if err := r.check(); err != nil {
		return err
	}
	if uint64(e.Position) != r.size+1 {
		return fmt.Errorf("%w: position %d follows %d", ErrBroken, e.Position, r.size)
	}
	head := r.heads[e.Stream]
	if e.Revision != head.Revision+1 {
		return fmt.Errorf("%w: revision %d at position %d", ErrBroken, e.Revision, e.Position)
	}
	r.heads[e.Stream] = head.Next(codec.Leaf(e))
	r.size++
	return nil
}

// End says that there are no more entries. [ErrMismatch] as of [Replay.Add], and
// if a commitment is about more entries than there were.
func (r *Replay) End() error {
	if err := r.check(); err != nil {
		return err
	}
	if len(r.checks) > 0 {
		return fmt.Errorf("%w: position %d, of the first %d entries of %d", ErrMismatch, r.checks[0].Position, r.checks[0].Size, r.size)
	}
	return nil
}

func (r *Replay) check() error {
	for len(r.checks) > 0 && r.checks[0].Size == r.size {
		c := r.checks[0]
		r.checks = r.checks[1:]
		if got := r.tree(); got != (subtree{c.Streams, c.Root}) {
			return fmt.Errorf("%w: position %d, of the first %d entries", ErrMismatch, c.Position, c.Size)
		}
	}
	return nil
}

func (r *Replay) tree() subtree {
	records := make([]Record, 0, len(r.heads))
	for s, h := range r.heads {
		records = append(records, Record{Key(s), h})
	}
	slices.SortFunc(records, compareRecords)
	return treeOf(records, 0)
}
