package relay

import (
	"context"
	"errors"
	"math/bits"

	"caseledger/domain/event"
)

// Mark names one event of one ledger. The zero mark stands before the first.
type Mark struct {
	Position event.Position
	ID       event.ID
}

// Checkpoint says how far a consumer has come: everything up to the mark was
// acknowledged, or is held.
type Checkpoint struct {
	Mark
	// Trail is where the consumer was before, newest first: about one mark for
	// each doubling of the way back.
	Trail []Mark
}

// moved is the checkpoint further on, or, where the ledger is another one,
// further back.
func (c Checkpoint) moved(to Mark) Checkpoint {
	if to == c.Mark {
		return c
	}
	trail := make([]Mark, 0, len(c.Trail)+1)
	before := append([]Mark{c.Mark}, c.Trail...)
	for i, m := range before {
		if m.Position == 0 || m.Position >= to.Position {
			continue
		}
		// Of the marks at about the same distance the oldest stays, which is the
		// next to be further away.
		if i+1 < len(before) && before[i+1].Position > 0 &&
			bits.Len64(uint64(to.Position-before[i+1].Position)) == bits.Len64(uint64(to.Position-m.Position)) {
			continue
		}
		trail = append(trail, m)
	}
	return Checkpoint{to, trail}
}

// ErrFenced: another relay has taken the consumer over. Stop.
var ErrFenced = errors.New("relay: another one has taken over")

// Place is where a consumer's checkpoint is kept. What is written down may be
// lost when the machine stops, but only from the end. Every write is
// [ErrFenced], and changes nothing, once the place was taken again.
type Place interface {
	Load(ctx context.Context) (Checkpoint, error)
	Save(ctx context.Context, c Checkpoint) error
	// Rewind saves a checkpoint that is further back and forgets what is held
	// beyond it: the ledger is another one there.
	Rewind(ctx context.Context, c Checkpoint) error
}
