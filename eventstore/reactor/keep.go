package reactor

import (
	"context"
	"errors"
	"time"

	"caseledger/domain/event"
)

// Kind is what is on the agenda.
type Kind uint8

// The kinds. The numbers are stored; a keep whose numbers mean something else
// is dropped and made again.
const (
	Person       Kind = 1 // is judged
	Organisation Kind = 2 // is judged
	Agreement    Kind = 3 // what falls due by the clock alone is done
	Timers       Kind = 4 // the same, of a person's case
)

// Judged reports whether it is judged, rather than that something is done.
func (k Kind) Judged() bool { return k == Person || k == Organisation }

// Subject is somebody who is judged, or what something falls due on.
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

// Stream is where a subject is looked at, and by which it is parked.
func (s Subject) Stream() event.StreamID {
	switch s.Kind {
	case Organisation:
		return event.Organisation(s.ID)
	case Agreement:
		return event.Agreement(s.ID)
	case Person, Timers:
	}
	return event.Case(s.ID)
}

// Settled says that a subject was looked at and when that is due again.
type Settled struct {
	Subject
	Next   time.Time // zero: when the ledger says more of it, not before
	Parked *Parked   // it could not be done
}

// Parked is a stream that could not be read, or on which what fell due could
// not be done.
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
	// Known counts who is judged at all, Waiting who of them the ledger says
	// more of than was judged.
	Known, Waiting int
}

// Fence tells one writer of a keep from the next.
type Fence uint64

// ErrFenced: another reactor has taken the keep over. Stop.
var ErrFenced = errors.New("reactor: another one has taken over")

// Keep remembers how far the ledger has been followed, when whom to judge
// next, when what falls due, and who was looked at where. Everything in it
// follows from the ledger: it may be dropped, and is made again from the first
// event.
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
	// Settle replaces what is on the agenda for each subject, the last one where
	// a subject is there twice. One that is not known becomes so.
	Settle(ctx context.Context, fence Fence, settled []Settled) error
	// Everybody makes everybody known due, and every agreement, and forgets that
	// anything around them changed and who was parked.
	Everybody(ctx context.Context, fence Fence) error
	// Due returns up to n subjects due at an instant, in the order in which they
	// became so: first those the ledger says more of. Without all, only those
	// that are judged.
	Due(ctx context.Context, at time.Time, all bool, n int) ([]Subject, error)
	// Next returns the first instant at which a subject is due: the zero instant
	// where the ledger says more of one; false if none is. Without all, only those
	// that are judged count.
	Next(ctx context.Context, all bool) (time.Time, bool, error)
	// Looks returns where a person was looked at, up to a position, in order.
	Looks(ctx context.Context, person event.UUID, to event.Position) ([]event.Position, error)
	// Organisations returns every organisation known, in a fixed order.
	Organisations(ctx context.Context) ([]event.UUID, error)
	// Parked returns up to n streams that could not be read, in a fixed order.
	Parked(ctx context.Context, n int) ([]Parked, error)
	Status(ctx context.Context) (Status, error)
}
