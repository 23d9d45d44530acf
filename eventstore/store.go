// Package eventstore keeps facts: streams of sealed events in one dense
// order. It never looks inside an event's body and never offers a delete.
package eventstore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"time"

	"caseledger/domain/event"
)

// The order and the names of an event are the domain's.
type (
	Position = event.Position
	Revision = event.Revision
	StreamID = event.StreamID
)

const (
	// NoStream expects a stream that holds nothing yet.
	NoStream Revision = 0
	// AtEnd appends after whatever the stream holds. Only access streams, which
	// take no decisions, accept it.
	AtEnd Revision = math.MaxUint64
	// MaxBodyBytes is the largest body of one event: a ledger tile entry has a
	// 16-bit length, and 48 KiB leaves room for the header.
	MaxBodyBytes = 48 << 10
	// MaxBatch is the largest number of events in one append.
	MaxBatch = 1000
)

// Event is an event on its way into a store: its identity and its frozen,
// sealed body.
type Event struct {
	ID   event.ID
	Body []byte
}

// Stored is an event as a store gives it back. Body is owned by the caller.
type Stored struct {
	Position   Position
	RecordedAt time.Time // UTC, to the microsecond
	ID         event.ID
	Stream     StreamID
	Revision   Revision
	Body       []byte
}

// Appended says where an append ended.
type Appended struct {
	// Last and Revision are those of the last event of the batch.
	Last       Position
	Revision   Revision
	RecordedAt time.Time // of every event of the batch
	// Repeated is true if the very same events had been appended before: this
	// call changed nothing, and the figures are those of the first time.
	Repeated bool
}

// The outcomes of an append other than success. Everything but ErrUnknown
// means that nothing was recorded.
var (
	// ErrConflict: the stream is not at the expected revision. Read it again.
	ErrConflict = errors.New("eventstore: the stream has moved")
	// ErrDuplicate: an event id of the batch is already recorded, in another
	// batch or another place. The caller derives ids wrongly, or raced itself.
	ErrDuplicate = errors.New("eventstore: an event id is already recorded")
	// ErrTooLarge: a body is over MaxBodyBytes, or the batch over MaxBatch.
	ErrTooLarge = errors.New("eventstore: event or batch too large")
	// ErrMisuse: an empty batch, an id twice in one batch, AtEnd on a stream
	// that takes decisions, or a stream id that names no stream. A programmer's
	// mistake.
	ErrMisuse = errors.New("eventstore: append misused")
	// ErrUnknown: the append may or may not have been recorded. Repeating it
	// with the same event ids is safe and settles the question.
	ErrUnknown = errors.New("eventstore: outcome unknown")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("eventstore: closed")
	// ErrUnavailable: the store cannot take the append now (disk full, server
	// away); nothing was recorded.
	ErrUnavailable = errors.New("eventstore: unavailable")
)

// Store keeps events. Its promises are checked by storetest.Run, which every
// adapter passes.
//
// A context that has ended, at the call or in the middle of a read, gives its
// error. Every adapter has a Close; from then on each method answers
// ErrClosed, a Wait under way included.
type Store interface {
	// Append adds events to one stream, all or none, durably when it returns
	// nil, iff the stream holds exactly expected events. Positions follow the
	// ledger's last without gaps and in batch order; every event of the batch
	// gets the same recordedAt = max(clock, that of the event before).
	//
	// A batch whose ids, in order, are already recorded consecutively in this
	// stream, beginning right after expected (anywhere, for AtEnd), is a retry:
	// Append changes nothing and returns the first outcome with Repeated set,
	// whatever the bodies. Any other clash of ids is ErrDuplicate; a stream at
	// another revision is ErrConflict.
	//
	// A context that ends before the outcome is known gives ErrUnknown (with
	// the context's error); one that has ended at the call records nothing and
	// gives the context's error alone.
	Append(ctx context.Context, stream StreamID, expected Revision, events []Event) (Appended, error)
	// ReadStream yields the events of one stream with revision >= from, in
	// order; from 0 means all. A stream that holds nothing yields nothing. It
	// sees every append that was acknowledged before the call. A caller may
	// stop early, and may use the store while it reads.
	ReadStream(ctx context.Context, stream StreamID, from Revision) iter.Seq2[Stored, error]
	// ReadAll yields every event after a position, in ledger order, without
	// gaps, up to the head as it is when the reader gets there. Memory does not
	// grow with the ledger, and a slow reader never holds up an append.
	ReadAll(ctx context.Context, after Position) iter.Seq2[Stored, error]
	// Wait returns the head once it is beyond after. It returns the context's
	// error when ctx ends first.
	Wait(ctx context.Context, after Position) (Position, error)
	// Head returns the position of the last acknowledged event; 0 if none.
	Head(ctx context.Context) (Position, error)
}

// ErrNotEmpty answers an [Ingester] that holds events already.
var ErrNotEmpty = errors.New("eventstore: the store is not empty")

// ErrBrokenLedger answers an [Ingester]: what was to be taken over is no whole
// ledger. Nothing of it was kept.
var ErrBrokenLedger = errors.New("eventstore: not a whole ledger")

// Ingester is a store that takes over a whole ledger from another store, byte
// for byte. Every adapter is one.
type Ingester interface {
	// Ingest stores every event as it is: position, recordedAt, id, stream,
	// revision and body. Positions must be 1, 2, 3 …, recordedAt must not
	// decrease, the revisions of each stream must be 1, 2, 3 …, and ids must be
	// unique; what offends, or could not have been appended, is
	// [ErrBrokenLedger]. A store that holds anything is [ErrNotEmpty]. An error
	// that ledger yields ends it and is returned.
	//
	// The store holds the whole ledger, durably, when Ingest returns nil, and is
	// empty otherwise, also if the process dies meanwhile: an adapter that cannot
	// take everything in one transaction refuses, until it is emptied, to open
	// what was begun and not ended, and says so. Memory does not grow with the
	// ledger. Nobody else may use the store meanwhile.
	Ingest(ctx context.Context, ledger iter.Seq2[Stored, error]) error
}

// CheckIngested finds what is wrong with an event of a ledger that is taken
// over, by itself and beside the one before it (zero before the first):
// ErrBrokenLedger. Every adapter calls it; whether the stream goes on, and
// whether the id is unique, is for the adapter to find.
func CheckIngested(before, e Stored) error {
	bytes := e.Stream.Bytes()
	_, err := event.StreamFromBytes(bytes[:])
	switch {
	case e.Position != before.Position+1:
		return fmt.Errorf("%w: position %d follows %d", ErrBrokenLedger, e.Position, before.Position)
	case before.Position > 0 && e.RecordedAt.Before(before.RecordedAt):
		return fmt.Errorf("%w: position %d was recorded before the one before it", ErrBrokenLedger, e.Position)
	case !e.RecordedAt.Equal(e.RecordedAt.Truncate(time.Microsecond)):
		return fmt.Errorf("%w: position %d was recorded at a fraction of a microsecond", ErrBrokenLedger, e.Position)
	case err != nil:
		return fmt.Errorf("%w: position %d is on no kind of stream", ErrBrokenLedger, e.Position)
	case len(e.Body) > MaxBodyBytes:
		return fmt.Errorf("%w: position %d has a body of %d bytes, at most %d", ErrBrokenLedger, e.Position, len(e.Body), MaxBodyBytes)
	}
	return nil
}

// CheckAppend finds what is wrong with the arguments of an append by
// themselves: ErrMisuse or ErrTooLarge. Every adapter calls it first.
func CheckAppend(stream StreamID, expected Revision, events []Event) error {
	bytes := stream.Bytes()
	if _, err := event.StreamFromBytes(bytes[:]); err != nil {
		return fmt.Errorf("%w: no such kind of stream", ErrMisuse)
	}
	switch {
	case len(events) == 0:
		return fmt.Errorf("%w: an empty batch", ErrMisuse)
	case len(events) > MaxBatch:
		return fmt.Errorf("%w: %d events, at most %d", ErrTooLarge, len(events), MaxBatch)
	case expected == AtEnd && stream.Kind != event.AccessStream:
		return fmt.Errorf("%w: AtEnd on %s, which takes decisions", ErrMisuse, stream)
	}
	var seen map[event.ID]bool
	if len(events) > 1 {
		seen = make(map[event.ID]bool, len(events))
	}
	for _, e := range events {
		if len(e.Body) > MaxBodyBytes {
			return fmt.Errorf("%w: a body of %d bytes, at most %d", ErrTooLarge, len(e.Body), MaxBodyBytes)
		}
		if seen[e.ID] {
			return fmt.Errorf("%w: event id %s twice in one batch", ErrMisuse, e.ID)
		}
		if seen != nil {
			seen[e.ID] = true
		}
	}
	return nil
}
