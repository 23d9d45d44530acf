package reactor

import (
	"context"
	"errors"
	"time"

	"caseledger/domain/event"
)

// Kind is what is judged.
type Kind uint8

// The kinds. The numbers are stored; a keep whose numbers mean something else
// is dropped and made again.
const (
	Person       Kind = 1
	Organisation Kind = 2
)

// Subject is somebody who is judged.
type Subject struct {
	Kind Kind
	ID   event.UUID
}

// Look says that a person's record was looked at, or read about in the ledger,
// by the event at a position.
type Look struct {
	Person event.UUID
	At     event.Position
}

// Window is what a stretch of the ledger says about who must be judged.
type Window struct {
	// To is the last position of the stretch; it begins after the checkpoint.
	To      event.Position
	Touched []Subject
	Looks   []Look
	Parked  []Parked
	// Around: an agreement, an organisation's governance or a policy changed,
	// and with it what may be made of anybody.
	Around bool
}

// Settled says that a subject was judged and when that is due again.
type Settled struct {
	Subject
	Next   time.Time // zero: when the ledger says more of it, not before
	Parked *Parked   // it could not be judged
}

// Parked is a stream that could not be read.
type Parked struct {
	Stream event.StreamID
	At     event.Position // of the event, or how far the ledger had been followed
	Reason string         // without personal data
}

// Status is how far a keep is.
type Status struct {
	To event.Position // the ledger has been followed so far
	// Around: somebody may not have been judged since an agreement, an
	// organisation's governance or a policy changed.
	Around bool
	// Known counts who is judged at all, Waiting who the ledger says more of
	// than was judged.
	Known, Waiting int
}

// Fence tells one writer of a keep from the next.
type Fence uint64

// ErrFenced: another reactor has taken the keep over. Stop.
var ErrFenced = errors.New("reactor: another one has taken over")

// Keep remembers how far the ledger has been followed, when whom to judge
// next, and who was looked at where. Everything in it follows from the ledger:
// it may be dropped, and is made again from the first event.
//
// A write is all or nothing. It needs the fence of the last Take; with an
// earlier one it changes nothing and is [ErrFenced]. What is acknowledged may
// be lost when the machine stops, but only from the end: the work is then done
// again, to no effect.
type Keep interface {
	// Take makes the caller the one writer and returns how far the last one
	// came. judges names what is made of a history; where another name was
	// taken before, everybody known becomes due.
	Take(ctx context.Context, judges string) (Fence, event.Position, error)
	// Scanned moves the checkpoint from one position to the window's end, makes
	// due whom it touched and forgets that they were parked. A checkpoint
	// elsewhere is [ErrFenced].
	Scanned(ctx context.Context, fence Fence, from event.Position, w Window) error
	// Settle replaces what is on the agenda for each subject. One that is not
	// known becomes so.
	Settle(ctx context.Context, fence Fence, settled []Settled) error
	// Everybody makes everybody known due, and forgets that anything around
	// them changed and who was parked.
	Everybody(ctx context.Context, fence Fence) error
	// Due returns up to n subjects due at an instant, in the order in which they
	// became so: first those the ledger says more of.
	Due(ctx context.Context, at time.Time, n int) ([]Subject, error)
	// Next returns the first instant at which somebody is due: the zero instant
	// where the ledger says more of somebody; false if nobody is.
	Next(ctx context.Context) (time.Time, bool, error)
	// Looks returns where a person was looked at, up to a position, in order.
	Looks(ctx context.Context, person event.UUID, to event.Position) ([]event.Position, error)
	// Organisations returns every organisation known, in a fixed order.
	Organisations(ctx context.Context) ([]event.UUID, error)
	// Parked returns up to n streams that could not be read, in a fixed order.
	Parked(ctx context.Context, n int) ([]Parked, error)
	Status(ctx context.Context) (Status, error)
}
