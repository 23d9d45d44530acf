package heads

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

// MaxLag is the most entries that a commitment is away from the last one it is
// about.
const MaxLag = 1 << 20

// ErrNoCommitment: the entry commits to no heads.
var ErrNoCommitment = errors.New("heads: the entry is no commitment")

// Commitment is what an entry of the ledger says of the heads of all streams.
type Commitment struct {
	Position event.Position // of the entry
	Size     uint64         // of the ledger that it is about
	Root     Hash           // of the tree of heads
	Streams  uint64         // in that tree
}

// commits is the event that holds a commitment.
const commits = "ledger.heads-committed"

// IsCommitment reports whether an entry is a commitment, by its type alone.
func IsCommitment(s eventstore.Stored) bool {
	if s.Stream != event.Ledger {
		return false
	}
	meta, err := codec.Peek(s.Body)
	return err == nil && meta.Type == commits
}

// ParseCommitment reads the commitment in a stored entry, without keys.
// [ErrNoCommitment] if it is none, or says what none says.
func ParseCommitment(s eventstore.Stored) (Commitment, error) {
	body, err := codec.ParseBody(s.Body)
	switch {
	case err != nil:
		return Commitment{}, fmt.Errorf("%w: %w", ErrNoCommitment, err)
	case s.Stream != event.Ledger || body.Type != commits || body.Version != 1 || len(body.Boxes) != 1 || body.Boxes[0].Class != "":
		return Commitment{}, ErrNoCommitment
	}
	var said event.HeadsCommitted
	if err := json.Unmarshal(body.Boxes[0].Sealed, &said, json.RejectUnknownMembers(true)); err != nil {
		return Commitment{}, fmt.Errorf("%w: what it says cannot be read", ErrNoCommitment)
	}
	c := Commitment{s.Position, said.Size, Hash(said.Root), said.Streams}
	if at := uint64(c.Position); c.Size >= at || at-c.Size > MaxLag || c.Streams > c.Size || (c.Streams == 0) != (c.Size == 0) {
		return Commitment{}, fmt.Errorf("%w: it does not follow what it is about", ErrNoCommitment)
	}
	return c, nil
}
