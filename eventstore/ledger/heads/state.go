package heads

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore/ledger"
)

// register holds which trees of heads are on the shelf: a state as JSON.
const register = "heads"

// kept is how many trees that were committed to stay on the shelf, so that who
// reads one is not overtaken by the next.
const kept = 3

// state is what is on the shelf. The snapshots are the newest first, and every
// object of theirs is there.
type state struct {
	Snapshots []snapshot `json:"snapshots"`
	// Garbage are those of which objects may be there that nothing needs.
	Garbage []snapshot `json:"garbage"`
	value   []byte     // of the register
}

func loadState(ctx context.Context, shelf ledger.Shelf) (*state, error) {
	b, err := shelf.Load(ctx, register)
	if err != nil {
		return nil, fmt.Errorf("heads: read the register: %w", err)
	}
	s := &state{value: b}
	if b == nil {
		return s, nil
	}
	if err := json.Unmarshal(b, s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: the register", ErrSnapshot)
	}
	for _, one := range slices.Concat(s.Snapshots, s.Garbage) {
		if one.Digits < 0 || one.Digits > maxDigits {
			return nil, fmt.Errorf("%w: the register", ErrSnapshot)
		}
	}
	return s, nil
}

// save sets the register, if it has another value: [ledger.ErrMoved] if somebody
// else set it meanwhile.
func (s *state) save(ctx context.Context, shelf ledger.Shelf) error {
	b, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("heads: write the register: %w", err)
	}
	if bytes.Equal(b, s.value) {
		return nil
	}
	if err := shelf.Swap(ctx, register, s.value, b); err != nil {
		return fmt.Errorf("heads: write the register: %w", err)
	}
	s.value = b
	return nil
}

// collect removes what nothing needs.
func (s *state) collect(ctx context.Context, shelf ledger.Shelf) error {
	if len(s.Garbage) == 0 {
		return nil
	}
	for _, one := range s.Garbage {
		if slices.ContainsFunc(s.Snapshots, func(o snapshot) bool { return o.Size == one.Size }) {
			continue
		}
		if err := shelf.Remove(ctx, one.names()...); err != nil {
			return fmt.Errorf("heads: remove an old tree: %w", err)
		}
	}
	s.Garbage = nil
	return s.save(ctx, shelf)
}

// drop makes garbage of the snapshots that which names.
func (s *state) drop(which func(snapshot) bool) {
	var rest []snapshot
	for _, one := range s.Snapshots {
		if which(one) {
			s.Garbage = append(s.Garbage, one)
		} else {
			rest = append(rest, one)
		}
	}
	s.Snapshots = rest
}

// committed returns the newest snapshot that the ledger commits to; nil if there
// is none.
func (s *state) committed() *snapshot {
	for i := range s.Snapshots {
		if s.Snapshots[i].Position > 0 {
			return &s.Snapshots[i]
		}
	}
	return nil
}

// Commitments returns those of which the shelf has the tree of heads, the newest
// first: none before the first commitment.
func Commitments(ctx context.Context, shelf ledger.Shelf) ([]Commitment, error) {
	s, err := loadState(ctx, shelf)
	if err != nil {
		return nil, err
	}
	var all []Commitment
	for i := range s.Snapshots {
		if s.Snapshots[i].Position > 0 {
			all = append(all, s.Snapshots[i].commitment())
		}
	}
	return all, nil
}

// Latest returns the newest commitment; [ErrNoCommitment] before the first.
func Latest(ctx context.Context, shelf ledger.Shelf) (Commitment, error) {
	all, err := Commitments(ctx, shelf)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%w: nothing was committed yet", ErrNoCommitment)
	}
	if err != nil {
		return Commitment{}, err
	}
	return all[0], nil
}

// Prove says of each stream how far it had come at the size of a commitment,
// which is one of [Commitments]: [ErrNoCommitment] if it no longer is. It reads
// two objects for each.
func Prove(ctx context.Context, shelf ledger.Shelf, c Commitment, streams ...event.StreamID) ([]Proof, error) {
	s, err := loadState(ctx, shelf)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(s.Snapshots, func(one snapshot) bool { return one.commitment() == c && one.Position > 0 })
	if at < 0 {
		return nil, fmt.Errorf("%w: its tree is not on the shelf", ErrNoCommitment)
	}
	all := make([]Proof, len(streams))
	for i, stream := range streams {
		if all[i], err = s.Snapshots[at].prove(ctx, shelf, stream); err != nil {
			return nil, err
		}
	}
	return all, nil
}
