// Package numbering is the index that gives the events of a ledger in
// EventStoreDB or KurrentDB their positions 1, 2, 3 …: its entries, the bytes
// in which the database itself keeps them, and the local copy through which
// they are looked up. It never looks at a body, and a copy never holds anything
// that the database does not.
package numbering

import (
	"context"
	"errors"
	"time"

	"caseledger/domain/event"
)

// LogPosition is where an event stands in the database's log of all streams:
// offsets, which grow but are not dense. The zero value is before the first.
type LogPosition struct{ Commit, Prepare uint64 }

// Before reports whether p comes before q in the log.
func (p LogPosition) Before(q LogPosition) bool {
	return p.Commit < q.Commit || p.Commit == q.Commit && p.Prepare < q.Prepare
}

// Token tells one append from another that carries the same event ids. Zero is
// the token of what others than this program appended.
type Token [8]byte

// Entry says that an event has a position.
type Entry struct {
	Position   event.Position
	RecordedAt time.Time // UTC, to the microsecond
	ID         event.ID
	Stream     event.StreamID
	Revision   event.Revision
	At         LogPosition
	By         Token // a copy need not keep it
}

// Tail is how far a copy reaches. The zero value is an empty copy.
type Tail struct {
	First, Last event.UUID // ids of the first and the last index event that is in the copy
	Events      uint64     // index events in the copy
	Position    event.Position
	RecordedAt  time.Time // of that position; the zero time if there is none
	At          LogPosition
}

// ErrCopyMoved answers a change that does not continue the copy: another
// process that shares it was first.
var ErrCopyMoved = errors.New("numbering: the copy has moved")

// Copy is a local copy of the index. It may be lost at any time: it is then
// made again from the index itself. Its methods may be called from any
// goroutine.
type Copy interface {
	// Tail says how far the copy reaches.
	Tail(ctx context.Context) (Tail, error)
	// Add adds the entries of index events, all or none. Their positions follow
	// from.Position without gaps and end at to.Position. [ErrCopyMoved] if the
	// copy does not reach to from.
	Add(ctx context.Context, from, to Tail, entries []Entry) error
	// Clear empties the copy.
	Clear(ctx context.Context) error
	// After returns the first entries, at most n, after a position, in order.
	After(ctx context.Context, after event.Position, n int) ([]Entry, error)
	// OfStream returns the first entries, at most n, of a stream from a revision
	// on, in order.
	OfStream(ctx context.Context, stream event.StreamID, from event.Revision, n int) ([]Entry, error)
	// Revision is how many entries a stream has.
	Revision(ctx context.Context, stream event.StreamID) (event.Revision, error)
	// Find returns the entries of those ids that have one, in the order of the
	// ids.
	Find(ctx context.Context, ids []event.ID) ([]Entry, error)
	// Close releases what the copy holds.
	Close() error
}
