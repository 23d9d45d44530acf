package erasure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

// Keys is the keystore as an eraser uses it. Every method may be repeated.
type Keys interface {
	// KeysOf lists every key there is or was for a subject, oldest first.
	KeysOf(ctx context.Context, subject event.UUID) ([]vault.KeyInfo, error)
	// Retire ends the sealing of keys. When it returns nil no process seals with
	// them any more.
	Retire(ctx context.Context, keys []event.UUID) error
	// Destroy destroys keys, each by the event that says so.
	Destroy(ctx context.Context, keys []Destruction) error
	// Forget takes every identifier from a person but those to keep, and returns
	// how many it took.
	Forget(ctx context.Context, person event.UUID, keep []vault.Identifier) (int, error)
	// Rewrap wraps every key that is left by another key-encryption key, destroys
	// the one before as far as this installation holds it, and returns how many
	// keys there are. [ErrNoRewrap] if the key-encryption key is not the
	// installation's to replace.
	Rewrap(ctx context.Context) (int, error)
}

// Destruction is the destruction of one key, and the event that says so.
type Destruction struct {
	Key event.UUID
	By  event.ID
}

// Gone is what was erased, for those who purge.
type Gone struct {
	People []event.UUID // the person, and those whose records are merged into theirs
	Side   event.Side
	Data   []event.Class
	// After is the position of the last event that says so: what is made of the
	// ledger from there on holds nothing of it.
	After event.Position
}

// Purge takes out what somebody keeps of what was erased, and returns how much
// that was, where it is counted. When it returns nil nothing is left.
type Purge struct {
	By  rights.Purger
	Out func(context.Context, Gone) (int, error)
}

// Note is what one eraser leaves for the next, so that it need not read the whole
// ledger. It holds opaque identifiers only.
type Note struct {
	Position event.Position `json:"position"`
	// Event is the one at the position: a ledger that holds another there is not
	// the note's.
	Event event.ID `json:"event"`
	// Destroyed is how many keys the ledger says are destroyed, up to the position.
	Destroyed uint64 `json:"destroyed"`
	// Waiting are the people whose record a decision waits on, or may.
	Waiting []event.UUID `json:"waiting"`
	// Rewrapped is when the keys were last wrapped by another key-encryption key,
	// and Due whether one was destroyed since.
	Rewrapped time.Time `json:"rewrapped"`
	Due       bool      `json:"due"`
}

// Memory keeps a note. One that cannot be read is the zero note.
type Memory interface {
	Recall(context.Context) (Note, error)
	Remember(context.Context, Note) error
}

// Config is what an eraser is made of. Store, Codec, Keys, Memory, Judged, Clock
// and After are required.
type Config struct {
	Store eventstore.Store
	Codec eventstore.Codec // opens, and seals for, every side
	Keys  Keys
	Memory
	// Judged has the monitors judge a person on what the ledger holds up to a
	// position, and returns when they have.
	Judged func(context.Context, event.UUID, event.Position) error
	Purges []Purge
	// Broken reports whether an error means that an event cannot be read, whoever
	// tries again.
	Broken func(error) bool
	Clock  func() time.Time
	After  func(time.Duration) <-chan time.Time
	// CopiesDays is for how many days backups of the keystore are kept.
	CopiesDays int
	// RewrapEvery is the least time between two rounds of wrapping the keys anew; 0:
	// each erasure has its own.
	RewrapEvery time.Duration
	// Done, if not nil, is told of each receipt.
	Done func(Receipt)
}

// Receipt is what was recorded of one decision that was carried out.
type Receipt struct {
	Person event.UUID `json:"person"`
	Event  event.ID   `json:"event"` // the receipt
	At     time.Time  `json:"at"`
	rights.ErasureCompleted
}

// Eraser is the one that erases. Two at a time come to the same as one.
type Eraser struct {
	Config
	running sync.Mutex
	begun   bool
	waiting map[event.UUID]bool

	mu   sync.Mutex // guards what several people's erasures change
	note Note
	kept Note // as the memory has it
}

// atOnce is how many people's erasures are under way at the same time: each waits
// for other processes to notice it.
const atOnce = 16

// New returns an eraser.
func New(c Config) *Eraser {
	return &Eraser{Config: c, waiting: map[event.UUID]bool{}}
}

// ErrNoRewrap: keys cannot be wrapped anew here. A receipt then promises nothing
// of it.
var ErrNoRewrap = errors.New("erasure: keys cannot be wrapped anew here")

// ErrRunning: Run or CatchUp was called while one of them runs.
var ErrRunning = errors.New("erasure: already running")

// noteEvery is how many entries go by between two notes of where the ledger was
// read to, where nothing else is to be noted.
const noteEvery = 10_000

// retryAfter bounds how long a decision that could not be carried out waits for
// the next try.
const retryAfter = time.Minute

// Stuck is the error of a decision that could not be carried out. The others
// were.
type Stuck struct {
	Person event.UUID
	Err    error
}

func (s *Stuck) Error() string { return fmt.Sprintf("erasure of %s: %v", event.Case(s.Person), s.Err) }

// Unwrap returns why.
func (s *Stuck) Unwrap() error { return s.Err }

// CatchUp carries out every decision that the ledger holds at the call, and wraps
// the keys anew if that is due. What a legal hold stops waits, and is no error.
//
// Errors: [ErrRunning]; a [Stuck] for each decision that could not be carried out;
// those of the store and the memory. Called again, it goes on where it was.
func (e *Eraser) CatchUp(ctx context.Context) ([]Receipt, error) {
	if !e.running.TryLock() {
		return nil, ErrRunning
	}
	defer e.running.Unlock()
	done, err := e.catchUp(ctx)
	return done, errors.Join(err, e.remember(ctx))
}

func (e *Eraser) catchUp(ctx context.Context) (done []Receipt, err error) {
	if err := e.follow(ctx); err != nil {
		return nil, err
	}
	type outcome struct {
		who      event.UUID
		receipts []Receipt
		waits    bool
		err      error
	}
	outcomes := make([]outcome, 0, len(e.waiting))
	for who := range e.waiting {
		outcomes = append(outcomes, outcome{who: who})
	}
	var group sync.WaitGroup
	var next atomic.Int64
	for range min(atOnce, len(outcomes)) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(outcomes) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				o := &outcomes[i]
				o.waits = true
				o.receipts, o.waits, o.err = e.person(ctx, o.who)
			}
		})
	}
	group.Wait()
	var errs []error
	for _, o := range outcomes {
		done = append(done, o.receipts...)
		switch {
		case o.err != nil:
			errs = append(errs, &Stuck{o.who, o.err})
		case !o.waits && ctx.Err() == nil:
			delete(e.waiting, o.who)
		}
	}
	if ctx.Err() != nil {
		return done, ctx.Err()
	}
	return done, errors.Join(append(errs, e.rewrapIfDue(ctx))...)
}

// Run carries out decisions as they come until ctx ends, and then returns ctx's
// error. Other errors are those of [Eraser.CatchUp], but a decision that is stuck
// is tried again after a minute; stuck is told of it.
func (e *Eraser) Run(ctx context.Context, stuck func(error)) error {
	if !e.running.TryLock() {
		return ErrRunning
	}
	defer e.running.Unlock()
	defer func() { _ = e.remember(context.WithoutCancel(ctx)) }() // what is lost is read again
	for {
		done, err := e.catchUp(ctx)
		if len(done) > 0 || e.note.Position >= e.kept.Position+noteEvery || e.note.Due != e.kept.Due {
			err = errors.Join(err, e.remember(ctx))
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, new(*Stuck)):
			stuck(err)
		case err != nil:
			return err
		}
		if err := e.wait(ctx); err != nil {
			return err
		}
	}
}

// wait returns when the ledger has grown, or something is to be tried again.
func (e *Eraser) wait(ctx context.Context) error {
	nap := 24 * time.Hour
	if len(e.waiting) > 0 {
		nap = retryAfter
	}
	if e.note.Due {
		nap = min(nap, max(e.note.Rewrapped.Add(e.RewrapEvery).Sub(e.Clock()), time.Second))
	}
	waiting, stop := context.WithCancel(ctx)
	grown := make(chan error, 1)
	go func() {
		_, err := e.Store.Wait(waiting, e.note.Position)
		grown <- err
	}()
	select {
	case err := <-grown:
		stop()
		return err
	case <-e.After(nap):
		stop()
		if err := <-grown; ctx.Err() != nil || !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}

// follow reads the ledger to its end and notes on whose record something was
// decided, or may have been let go.
func (e *Eraser) follow(ctx context.Context) error {
	if !e.begun {
		if err := e.begin(ctx); err != nil {
			return err
		}
		e.begun = true
	}
	for s, err := range e.Store.ReadAll(ctx, e.note.Position) {
		if err != nil {
			return fmt.Errorf("erasure: read the ledger after %d: %w", e.note.Position, err)
		}
		if s.Stream.Kind == event.CaseStream {
			m, err := codec.Peek(s.Body)
			if err != nil && !e.broken(err) {
				return err
			}
			switch m.Type {
			case "rights.record-disposed", "rights.erasure-decided":
				e.waiting[s.Stream.Of] = true
			case "key.destroyed":
				e.note.Destroyed++
			}
		}
		e.note.Position, e.note.Event = s.Position, s.ID
	}
	return nil
}

func (e *Eraser) broken(err error) bool { return e.Broken != nil && e.Broken(err) }

// begin goes on from the note, if it is of this ledger.
func (e *Eraser) begin(ctx context.Context) error {
	n, err := e.Recall(ctx)
	if err != nil {
		return fmt.Errorf("erasure: recall how far the ledger was read: %w", err)
	}
	e.note = Note{Rewrapped: n.Rewrapped, Due: n.Due}
	if n.Position == 0 {
		return nil
	}
	for s, err := range e.Store.ReadAll(ctx, n.Position-1) {
		if err != nil {
			return fmt.Errorf("erasure: read entry %d: %w", n.Position, err)
		}
		if s.Position == n.Position && s.ID == n.Event {
			e.note, e.kept = n, n
			for _, who := range n.Waiting {
				e.waiting[who] = true
			}
		}
		break
	}
	return nil
}

// remember leaves the note, once everything up to its position is done or named
// in it.
func (e *Eraser) remember(ctx context.Context) error {
	e.note.Waiting = []event.UUID{}
	for who := range e.waiting {
		e.note.Waiting = append(e.note.Waiting, who)
	}
	if err := e.Memory.Remember(ctx, e.note); err != nil {
		return fmt.Errorf("erasure: remember how far the ledger was read: %w", err)
	}
	e.kept = e.note
	return nil
}

// rewrapIfDue wraps the keys anew if one was destroyed since the last time and
// that is long enough ago.
func (e *Eraser) rewrapIfDue(ctx context.Context) error {
	if !e.note.Due || e.Clock().Before(e.note.Rewrapped.Add(e.RewrapEvery)) {
		return nil
	}
	if _, err := e.rewrap(ctx); !errors.Is(err, ErrNoRewrap) {
		return err
	}
	e.note.Due = false
	return nil
}

func (e *Eraser) rewrap(ctx context.Context) (int, error) {
	n, err := e.Keys.Rewrap(ctx)
	if err != nil {
		return 0, fmt.Errorf("wrap the keys anew: %w", err)
	}
	e.note.Rewrapped, e.note.Due = e.Clock().UTC(), false
	return n, nil
}
