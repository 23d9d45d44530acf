package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/codec"
)

// Acceptance is what an operator decides once he has looked.
type Acceptance struct {
	// Checkpoint is the last one that was published, as far as anybody knows:
	// signed, and best taken from a witness. It may be of an earlier tree than what
	// this side still has.
	Checkpoint []byte
	// Reason says why, and names nobody; at most [MaxReasonBytes].
	Reason string
}

var (
	// ErrOtherHistory: the store does not make what was signed. Under this origin
	// nothing may be signed any more, by nobody: put the store back as it was, or
	// end the ledger with [Succeed].
	ErrOtherHistory = errors.New("ledger: the store does not make what was signed: the ledger cannot go on, and can only be succeeded")
	// ErrNotFresh: a successor has a checkpoint, or another predecessor, already.
	ErrNotFresh = errors.New("ledger: the successor's shelf is in use already")
)

// Recover is the way on after [ErrRecoveryRequired]: the memory, the register, the
// alarm or tiles were lost or put back from a backup, and the store was not.
//
// It goes on only if the store makes the accepted tree and every other one that
// anything here still holds: what is published, what the signer remembers and
// what was witnessed. The largest of them is what the signer remembers then; its
// tiles are made anew, it is published, and the alarm is lifted with the reason.
// A damaged memory must be set aside before, so that it remembers nothing.
//
// It raises the alarm, if none is, so that nobody seals meanwhile. What was signed
// and is known to nobody who was asked could still be contradicted: that is what
// the operator answers for.
//
// Errors: [ErrCheckpoint], [ErrReason], [ErrRetired], [ErrOtherHistory]. After
// each of them nothing was signed, and an alarm is still raised. Where it ended
// in between, it is to be called again.
func (s *Sealer) Recover(ctx context.Context, a Acceptance) (Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.unraised = nil, nil
	if a.Reason == "" || len(a.Reason) > MaxReasonBytes {
		return Tree{}, fmt.Errorf("%w, of at most %d bytes", ErrReason, MaxReasonBytes)
	}
	accepted, _, err := OpenCheckpoint(a.Checkpoint, s.Origin, s.Verifiers)
	if err != nil {
		return Tree{}, err
	}
	if err := RaiseAlarm(ctx, s.Shelf, Alarm{AlarmRecovery, "somebody recovers it", s.Clock().UTC()}); err != nil {
		return Tree{}, err
	}
	alarm, err := ReadAlarm(ctx, s.Shelf)
	switch {
	case err != nil:
		return Tree{}, err
	case alarm == nil:
		return Tree{}, ErrNoAlarm // somebody lifted it meanwhile
	case alarm.Code == AlarmRetired:
		return Tree{}, &Incident{*alarm}
	}
	noted, err := s.Memory.LastSigned(ctx)
	if err != nil {
		return Tree{}, fmt.Errorf("ledger: recall what was signed last: %w", err)
	}
	known := []Tree{accepted, noted}
	register, err := s.Shelf.Load(ctx, RegisterCheckpoint)
	if err != nil {
		return Tree{}, fmt.Errorf("ledger: read the last checkpoint: %w", err)
	}
	witnessed, err := s.Shelf.Load(ctx, RegisterWitnessed)
	if err != nil {
		return Tree{}, fmt.Errorf("ledger: read the last witnessed checkpoint: %w", err)
	}
	for _, raw := range [][]byte{register, witnessed} {
		if t, _, err := OpenCheckpoint(raw, s.Origin, s.Verifiers); err == nil {
			known = append(known, t)
		}
	}
	last, err := s.makes(ctx, known)
	if err != nil {
		return Tree{}, err
	}
	if err := s.goOn(ctx, last, noted, register); err != nil {
		return Tree{}, err
	}
	return last, LiftAlarm(ctx, s.Shelf, *alarm, a.Reason, s.Clock())
}

// makes checks that the store makes trees, and returns the largest.
func (s *Sealer) makes(ctx context.Context, trees []Tree) (Tree, error) {
	trees = slices.DeleteFunc(trees, func(t Tree) bool { return t.N == 0 })
	slices.SortFunc(trees, func(a, b Tree) int { return cmp.Compare(a.N, b.N) })
	if len(trees) == 0 {
		return Tree{}, nil
	}
	is, left := &edge{}, trees
	for stored, err := range s.Store.ReadAll(ctx, 0) {
		if err != nil {
			return Tree{}, fmt.Errorf("ledger: read after entry %d: %w", is.size, err)
		}
		if err := is.add(codec.Leaf(stored), nil); err != nil {
			return Tree{}, fmt.Errorf("ledger: hash entry %d: %w", stored.Position, err)
		}
		for len(left) > 0 && left[0].N == is.size {
			if t, err := is.tree(); err != nil || t != left[0] {
				return Tree{}, fmt.Errorf("%w: its first %d entries are others", ErrOtherHistory, is.size)
			}
			left = left[1:]
		}
		if len(left) == 0 {
			return trees[len(trees)-1], nil
		}
	}
	return Tree{}, fmt.Errorf("%w: it ends at entry %d, what was signed at entry %d", ErrOtherHistory, is.size, left[len(left)-1].N)
}

// goOn puts the shelf and the memory where a sealer begins that signed last. Dying
// between its steps is as in [Sealer.step].
func (s *Sealer) goOn(ctx context.Context, last, noted Tree, register []byte) error {
	if last.N == 0 {
		return nil
	}
	if err := s.rebuild(ctx, last); err != nil {
		return err
	}
	if err := s.Shelf.Remove(ctx, beyond(last.N, s.Chunk)...); err != nil {
		return fmt.Errorf("ledger: remove tiles that nobody signed: %w", err)
	}
	if noted != last {
		if err := s.Memory.Signing(ctx, noted, last); err != nil {
			return fmt.Errorf("ledger: note what was signed last: %w", err)
		}
	}
	if t, _, err := OpenCheckpoint(register, s.Origin, s.Verifiers); err == nil && t == last {
		return nil
	}
	signed, err := s.sign(last)
	if err != nil {
		return err
	}
	if err := s.Shelf.Swap(ctx, RegisterCheckpoint, register, signed); err != nil {
		return fmt.Errorf("ledger: publish a checkpoint: %w", err)
	}
	if s.Published != nil {
		s.Published(last, signed)
	}
	return nil
}

// beyond are the tiles that a sealer who died may have left behind of entries that
// it never signed.
func beyond(size, chunk int64) []string {
	var names []string
	for level := 0; (size+chunk)>>(TileHeight*level) > 0; level++ {
		hashes := size >> (TileHeight * level)
		first, last := hashes/TileWidth, ((size+chunk)>>(TileHeight*level))/TileWidth
		for n := first; n <= last; n++ {
			for w := 1; w <= TileWidth; w++ {
				if n > first || w > int(hashes%TileWidth) {
					names = append(names, TileName(level, n, w))
				}
			}
		}
	}
	return names
}

// Succession says which ledger another one succeeds, and why. It is published by
// the successor.
type Succession struct {
	// Origin is the predecessor's, and Successor the new ledger's.
	Origin    string `json:"origin"`
	Successor string `json:"successor"`
	// Checkpoint is the last that the predecessor published; empty if it is lost.
	Checkpoint string `json:"checkpoint"`
	// Reason names nobody; at most [MaxReasonBytes].
	Reason  string    `json:"reason"`
	EndedAt time.Time `json:"endedAt"`
}

// RegisterPredecessor holds the [Succession] of a ledger that has a predecessor,
// as JSON.
const RegisterPredecessor = "predecessor"

// Succeed ends a ledger for good, and says on the shelf of another one, which must
// be empty, that it is the successor: of a store that no longer makes what was
// signed, nothing can be proved under the old origin, and everything that is in
// it from then on can under the new one. The new one has keys and a memory of its
// own, and seals the store from its first entry.
//
// What the old shelf holds stays: tiles and checkpoints are the evidence of what
// was. It may be called again if it ended in between. [ErrNotFresh], [ErrRetired]
// if another one was named before, [ErrReason], [ErrKeyName].
func Succeed(ctx context.Context, old, fresh Shelf, s Succession) error {
	switch {
	case s.Reason == "" || len(s.Reason) > MaxReasonBytes:
		return fmt.Errorf("%w, of at most %d bytes", ErrReason, MaxReasonBytes)
	case s.Origin == "" || s.Successor == "" || s.Successor == s.Origin:
		return fmt.Errorf("%w: the successor has a name of its own", ErrKeyName)
	}
	s.EndedAt = s.EndedAt.UTC()
	last, err := old.Load(ctx, RegisterCheckpoint)
	if err != nil {
		return fmt.Errorf("ledger: read the last checkpoint: %w", err)
	}
	s.Checkpoint = string(last)
	used, err := fresh.Load(ctx, RegisterCheckpoint)
	if err != nil {
		return fmt.Errorf("ledger: look at the successor's shelf: %w", err)
	}
	if used != nil {
		return ErrNotFresh
	}
	if err := retire(ctx, old, s); err != nil {
		return err
	}
	was, err := ReadPredecessor(ctx, fresh)
	if err != nil {
		return err
	}
	if was != nil {
		if was.Origin != s.Origin || was.Successor != s.Successor {
			return ErrNotFresh
		}
		return nil
	}
	value, err := json.Marshal(s)
	if err == nil {
		err = fresh.Swap(ctx, RegisterPredecessor, nil, value)
	}
	if err != nil {
		return fmt.Errorf("ledger: name the predecessor: %w", err)
	}
	return nil
}

// retire raises the alarm that is never lifted, in the place of any other.
func retire(ctx context.Context, shelf Shelf, s Succession) error {
	was, raw, err := readAlarm(ctx, shelf)
	if err != nil {
		return err
	}
	end := Alarm{Code: AlarmRetired, Detail: "succeeded by " + s.Successor, RaisedAt: s.EndedAt}
	if was != nil && was.Code == AlarmRetired {
		if was.Detail != end.Detail {
			return &Incident{*was}
		}
		return nil
	}
	if was == nil {
		was = &end
	}
	if err := keepLifting(ctx, shelf, Lifting{*was, s.Reason, s.EndedAt}); err != nil {
		return err
	}
	value, err := json.Marshal(end)
	if err == nil {
		err = shelf.Swap(ctx, RegisterAlarm, raw, value)
	}
	if err != nil {
		return fmt.Errorf("ledger: retire the ledger: %w", err)
	}
	return nil
}

// ReadPredecessor returns what a ledger succeeds; nil if nothing.
func ReadPredecessor(ctx context.Context, shelf Shelf) (*Succession, error) {
	raw, err := shelf.Load(ctx, RegisterPredecessor)
	if err != nil {
		return nil, fmt.Errorf("ledger: read the predecessor: %w", err)
	}
	if raw == nil {
		return nil, nil
	}
	var s Succession
	if err := json.Unmarshal(raw, &s, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("ledger: read the predecessor: %w", err)
	}
	return &s, nil
}
