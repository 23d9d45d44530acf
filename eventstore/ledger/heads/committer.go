package heads

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
)

// Committer commits the ledger to the heads of its streams. Several may work at
// once, in several processes: they undo each other's unfinished work and spoil
// nothing, so one of them should be elected to Run.
type Committer struct {
	Store eventstore.Store
	Codec eventstore.Codec // of which it uses Seal, without keys
	Shelf ledger.Shelf
	Actor event.Actor // who commits: this program
	Clock func() time.Time
	// After is time.After, or a test's.
	After func(time.Duration) <-chan time.Time
	Every time.Duration // between two commitments of Run
	Log   *slog.Logger  // must not be nil

	mu    sync.Mutex
	chunk uint64 // entries taken in at a time; 0: chunk
}

// attempts bounds how often a commitment is begun again after somebody else did
// something meanwhile.
const attempts = 8

// again are the errors after which the next attempt finds another state, because
// of somebody else or of what this one did about it.
var again = []error{ledger.ErrMoved, ledger.ErrAbsent, ledger.ErrOther, eventstore.ErrConflict, ErrSnapshot}

// Run commits once in Every, if anything but the last commitment was recorded
// since then, until ctx ends. What fails is logged, and tried again next time.
func (c *Committer) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.After(c.Every):
		}
		if err := c.due(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("commit to heads", slog.String("error", err.Error()))
		}
	}
}

func (c *Committer) due(ctx context.Context) error {
	if head, err := c.Store.Head(ctx); err != nil || head == 0 {
		return err
	}
	_, err := c.Commit(ctx)
	return err
}

// Commit returns a commitment to the heads as they are at the call, or later. It
// records nothing if the ledger ends with one already.
//
// It may be stopped anywhere: the tree is on the shelf before the ledger commits
// to it, and what is left over of one that was not finished is used or removed
// by the next call. Memory does not grow with the ledger, nor with its streams.
//
// Errors: [ErrBroken] if the ledger is none; [ErrTooMany]; otherwise those of
// the store and the shelf. Calling again is always safe.
func (c *Committer) Commit(ctx context.Context) (Commitment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for range attempts {
		var done Commitment
		if done, err = c.commit(ctx); err == nil {
			return done, nil
		}
		if ctx.Err() != nil || !slices.ContainsFunc(again, func(one error) bool { return errors.Is(err, one) }) {
			break
		}
	}
	return Commitment{}, err
}

// errLate: more was recorded meanwhile than a commitment may lag behind.
var errLate = fmt.Errorf("heads: more was recorded meanwhile than %d entries: %w", MaxLag, eventstore.ErrConflict)

func (c *Committer) commit(ctx context.Context) (Commitment, error) {
	s, err := loadState(ctx, c.Shelf)
	if errors.Is(err, ErrSnapshot) {
		return Commitment{}, c.reset(ctx)
	}
	if err != nil {
		return Commitment{}, err
	}
	if err := s.collect(ctx, c.Shelf); err != nil {
		return Commitment{}, err
	}
	last, err := c.recorded(ctx, s)
	if err != nil {
		return Commitment{}, err
	}
	head, err := c.Store.Head(ctx)
	if err != nil {
		return Commitment{}, fmt.Errorf("heads: ask for the end of the ledger: %w", err)
	}
	if newest := s.committed(); newest != nil && newest.Position == head {
		return newest.commitment(), c.keep(ctx, s)
	}
	if err := c.build(ctx, s, uint64(head)); err != nil {
		return Commitment{}, err
	}
	newest := &s.Snapshots[0]
	if newest.Position, newest.Revision, err = c.append(ctx, newest, last); err != nil {
		return Commitment{}, err
	}
	if uint64(newest.Position)-newest.Size > MaxLag {
		return Commitment{}, errLate
	}
	return newest.commitment(), c.keep(ctx, s)
}

// reset begins again with a register that says nothing: what it named stays on
// the shelf, because nobody knows what it was.
func (c *Committer) reset(ctx context.Context) error {
	b, err := c.Shelf.Load(ctx, register)
	if err != nil {
		return fmt.Errorf("heads: read the register: %w", err)
	}
	c.Log.Error("the register of trees of heads is damaged, and begun again")
	if err := (&state{value: b}).save(ctx, c.Shelf); err != nil {
		return err
	}
	return ErrSnapshot
}

// recorded finds the entries that commit to snapshots of which that was not
// noted, and returns the last revision of the ledger's stream.
func (c *Committer) recorded(ctx context.Context, s *state) (event.Revision, error) {
	var last event.Revision
	if known := s.committed(); known != nil {
		last = known.Revision
	}
	for e, err := range c.Store.ReadStream(ctx, event.Ledger, last+1) {
		if err != nil {
			return 0, fmt.Errorf("heads: read the ledger's stream: %w", err)
		}
		last = e.Revision
		said, err := ParseCommitment(e)
		if err != nil {
			continue
		}
		for i := range s.Snapshots {
			if one := &s.Snapshots[i]; one.Position == 0 && one.Size == said.Size && Hash(one.Root) == said.Root && one.Streams == said.Streams {
				one.Position, one.Revision = e.Position, e.Revision
			}
		}
	}
	return last, nil
}

// build has the snapshot of a size be the first of the state. It starts from the
// newest that is whole, or from the first entry.
func (c *Committer) build(ctx context.Context, s *state, to uint64) error {
	for {
		base := snapshot{}
		if len(s.Snapshots) > 0 {
			base = s.Snapshots[0]
		}
		switch {
		case base.Size == to && base.Position == 0 && len(s.Snapshots) > 0:
			return nil
		case base.Size > to:
			return fmt.Errorf("%w: it ends at %d, and there is a tree of %d", ErrBroken, to, base.Size)
		}
		err := c.extend(ctx, s, base, min(to, base.Size+c.entries()))
		if (errors.Is(err, ErrSnapshot) || errors.Is(err, ledger.ErrAbsent)) && base.Size > 0 {
			c.Log.Error("a tree of heads is damaged, and made again", slog.Uint64("size", base.Size))
			s.drop(func(one snapshot) bool { return one.Size == base.Size })
			if err := s.save(ctx, c.Shelf); err != nil {
				return err
			}
			if err := s.collect(ctx, c.Shelf); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
	}
}

func (c *Committer) entries() uint64 {
	if c.chunk > 0 {
		return c.chunk
	}
	return chunk
}

// extend puts a snapshot in front of the state that takes in the entries after
// base, and removes the uncommitted ones.
func (c *Committer) extend(ctx context.Context, s *state, base snapshot, to uint64) error {
	updates, err := readUpdates(ctx, c.Store, base.Size, to)
	if err != nil {
		return err
	}
	next := snapshot{Size: to, Digits: digitsFor(base.Streams + uint64(len(updates)))}
	s.Garbage = append(s.Garbage, next) // until it is whole
	if err := s.save(ctx, c.Shelf); err != nil {
		return err
	}
	if err := next.write(ctx, c.Shelf, merge(base.records(ctx, c.Shelf), updates)); err != nil {
		return err
	}
	s.Garbage = nil
	s.drop(func(one snapshot) bool { return one.Position == 0 })
	s.Snapshots = slices.Insert(s.Snapshots, 0, next)
	if err := s.save(ctx, c.Shelf); err != nil {
		return err
	}
	return s.collect(ctx, c.Shelf)
}

// append records the commitment to a snapshot, unless the ledger's stream moved.
func (c *Committer) append(ctx context.Context, s *snapshot, last event.Revision) (event.Position, event.Revision, error) {
	size := binary.BigEndian.AppendUint64(nil, s.Size)
	cmd := eventstore.Command{ID: event.DeriveUUID("heads", size, s.Root[:]), Stream: event.Ledger, Subject: event.Ledger.Subject(),
		Effective: event.At(c.Clock().UTC().Truncate(time.Microsecond)), Actor: c.Actor, Origin: event.Live}
	said := event.HeadsCommitted{Size: s.Size, Root: event.Commitment(s.Root), Streams: s.Streams}
	batch, err := c.Codec.Seal(ctx, cmd, []event.Draft{{Data: said}}, nil)
	if err != nil {
		return 0, 0, fmt.Errorf("heads: write the commitment: %w", err)
	}
	done, err := c.Store.Append(ctx, event.Ledger, last, batch)
	if err != nil {
		return 0, 0, fmt.Errorf("heads: record the commitment: %w", err)
	}
	return done.Last, done.Revision, nil
}

// keep notes what is committed to, and removes what has become old.
func (c *Committer) keep(ctx context.Context, s *state) error {
	n := 0
	s.drop(func(one snapshot) bool {
		if one.Position > 0 {
			n++
		}
		return n > kept
	})
	if err := s.save(ctx, c.Shelf); err != nil {
		return err
	}
	return s.collect(ctx, c.Shelf)
}
