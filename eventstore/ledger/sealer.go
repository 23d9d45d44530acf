package ledger

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore"
)

// SealerConfig is what a sealer is made of. All fields but the last four are
// required.
type SealerConfig struct {
	Store  eventstore.Store
	Shelf  Shelf
	Memory Memory
	// Origin names the ledger, and the keys of Signers.
	Origin string
	// Signers sign every checkpoint: all of them, so that whoever trusts the old
	// key and whoever trusts the one that follows it can both verify.
	Signers []note.Signer
	// Verifiers know the public keys of Signers, and those of retired keys that
	// the last checkpoint may have been signed with.
	Verifiers note.Verifiers
	Clock     func() time.Time
	After     func(time.Duration) <-chan time.Time
	Log       *slog.Logger

	// Published is told of each checkpoint once it is in the register. It must not
	// block: nothing is sealed meanwhile.
	Published func(t Tree, signed []byte)
	// Gather is the least time from one checkpoint of [Sealer.Run] to the next,
	// while less than Chunk entries wait; 200 ms if it is 0. What is acknowledged
	// is covered by a checkpoint after that, and the time that it takes to make
	// one: much less than 1 s.
	Gather time.Duration
	// Again is how long Run waits after a failure, and how often it looks whether
	// an alarm was lifted; 1 s if it is 0.
	Again time.Duration
	// Chunk is the most entries between two checkpoints, rounded up to whole tiles;
	// 16384 if it is 0. Memory grows with it, by about 100 bytes per entry, and
	// with nothing else.
	Chunk int64
}

// Sealer follows a store and seals what is in it: it puts the hash of each event
// into the tree, and signs the tree. It never changes the store, and never holds
// up an append.
//
// Any number of sealers may be at work on one store and one shelf, if they have
// one Memory: of those that publish at a time one succeeds, and the others look
// again. What is signed is consistent with everything that was signed before, or
// it is not signed.
type Sealer struct {
	SealerConfig
	running sync.Mutex

	mu sync.Mutex
	// at is where the sealer is; nil if it must look first.
	at *state
	// unraised is an alarm that could not be raised yet.
	unraised *Incident
}

// state is where a sealer is between two checkpoints.
type state struct {
	// edge is the right edge of what Memory holds.
	edge *edge
	// noted is what Memory holds; the zero tree if nothing.
	noted Tree
	// last is the last entry of noted; its body is not kept.
	last entry
	// register is the value of the register, and published the tree in it.
	register  []byte
	published Tree
	// superseded are objects that nobody needs once the next checkpoint is
	// published.
	superseded []string
}

var (
	// ErrRecoveryRequired: what is stored, what was published and what the signer
	// remembers do not fit together. Nothing is signed until somebody has looked:
	// see [Recover].
	ErrRecoveryRequired = errors.New("ledger: recovery is required")
	// ErrInDoubt: a checkpoint may or may not have been published. The next call
	// finds out.
	ErrInDoubt = errors.New("ledger: whether the checkpoint was published is unknown")
	// ErrSealing: Run was called while it runs.
	ErrSealing = errors.New("ledger: already sealing")
	// ErrConfig: a sealer cannot be made of this.
	ErrConfig = errors.New("ledger: the sealer is not configured")
)

// Incident is an alarm as an error. It is [ErrAlarm], and [ErrRecoveryRequired]
// or [ErrRetired] if its code says so.
type Incident struct{ Alarm }

func (i *Incident) Error() string {
	return ErrAlarm.Error() + ": " + i.Code + ": " + i.Detail
}

// Is reports whether the alarm is one of the package's errors.
func (i *Incident) Is(target error) bool {
	return target == ErrAlarm || target == ErrRecoveryRequired && i.Code == AlarmRecovery || target == ErrRetired && i.Code == AlarmRetired
}

// NewSealer returns a sealer. Nothing is read before [Sealer.Seal] or
// [Sealer.Run] is called. [ErrConfig].
func NewSealer(c SealerConfig) (*Sealer, error) {
	if c.Store == nil || c.Shelf == nil || c.Memory == nil || c.Verifiers == nil || c.Clock == nil || c.After == nil || c.Log == nil {
		return nil, fmt.Errorf("%w: a part is missing", ErrConfig)
	}
	if len(c.Signers) == 0 {
		return nil, fmt.Errorf("%w: no key signs", ErrConfig)
	}
	for _, s := range c.Signers {
		if s.Name() != c.Origin {
			return nil, fmt.Errorf("%w: a signing key is not named like the origin", ErrConfig)
		}
	}
	if c.Gather <= 0 {
		c.Gather = 200 * time.Millisecond
	}
	if c.Again <= 0 {
		c.Again = time.Second
	}
	if c.Chunk <= 0 {
		c.Chunk = 1 << 14
	}
	c.Chunk = (c.Chunk + TileWidth - 1) / TileWidth * TileWidth
	return &Sealer{SealerConfig: c}, nil
}

// Seal seals everything that was acknowledged before the call, and returns the
// tree of the last checkpoint; the zero tree if there is nothing to seal.
//
// Errors: an [Incident] if an alarm is raised, by this call or before it;
// [ErrMoved] if another sealer published meanwhile; [ErrInDoubt]; whatever the
// store, the shelf, the memory or a signer answers. After each of them the next
// call looks at everything anew.
func (s *Sealer) Seal(ctx context.Context) (Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.raise(ctx)
	if err == nil {
		err = s.seal(ctx)
	}
	if err == nil {
		return s.at.published, nil
	}
	s.at = nil
	if i := (*Incident)(nil); errors.As(err, &i) && i.RaisedAt.IsZero() {
		i.RaisedAt = s.Clock().UTC()
		s.unraised = i
		s.Log.LogAttrs(ctx, slog.LevelError, "nothing is sealed any more", slog.String("alarm", i.Code), slog.String("detail", i.Detail))
		return Tree{}, errors.Join(err, s.raise(ctx))
	}
	return Tree{}, err
}

// raise raises the alarm that could not be raised before.
func (s *Sealer) raise(ctx context.Context) error {
	if s.unraised == nil {
		return nil
	}
	if err := RaiseAlarm(ctx, s.Shelf, s.unraised.Alarm); err != nil {
		return errors.Join(s.unraised, err)
	}
	s.unraised = nil
	return nil
}

func (s *Sealer) seal(ctx context.Context) error {
	alarm, err := ReadAlarm(ctx, s.Shelf)
	if err != nil {
		return err
	}
	if alarm != nil {
		return &Incident{*alarm}
	}
	if s.at == nil {
		if s.at, err = s.load(ctx); err != nil {
			return err
		}
	}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return fmt.Errorf("ledger: find the head: %w", err)
	}
	if int64(head) < s.at.noted.N {
		return shorter(int64(head), s.at.noted)
	}
	for s.at.published.N < int64(head) {
		if err := s.step(ctx, s.at); err != nil {
			return err
		}
	}
	return nil
}

// Run seals whatever is appended until ctx ends, and then returns ctx's error,
// or until the store is closed, with [eventstore.ErrClosed]. No other failure
// ends it: each is logged, and after a while it looks anew. While an alarm is
// raised it seals nothing, and goes on once the alarm is lifted.
func (s *Sealer) Run(ctx context.Context) error {
	if !s.running.TryLock() {
		return ErrSealing
	}
	defer s.running.Unlock()
	var told string
	for {
		gather := s.After(s.Gather)
		tree, err := s.Seal(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, eventstore.ErrClosed):
			return err
		case err == nil:
			told = ""
			if _, err = s.Store.Wait(ctx, eventstore.Position(tree.N)); err == nil {
				select {
				case <-gather:
				case <-ctx.Done():
				}
				continue
			}
			if ctx.Err() != nil || errors.Is(err, eventstore.ErrClosed) {
				return err
			}
		}
		if err.Error() != told {
			told = err.Error()
			s.Log.LogAttrs(ctx, slog.LevelWarn, "sealing failed", slog.Any("error", err))
		}
		select {
		case <-s.After(s.Again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
