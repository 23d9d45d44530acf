package projections

import (
	"context"
	"iter"

	"caseledger/domain/event"
)

// Item is one event on its way to the folds.
type Item struct {
	event.Recorded
	// Err says that this very event cannot be decoded or opened, although the
	// ledger could be read: it is a poison event, and its stream is parked.
	// Position, ID, Stream and Revision are set; Type too if it could be read.
	Err error
}

// Source is the ledger as the projections of one side may read it. The
// iterators' own error means that the ledger could not be read: nothing is
// folded past it, and reading again may help.
//
// types says which events will be folded. An event of another type may come
// with its Meta only.
type Source interface {
	// ReadAll yields the events after a position in ledger order, up to the
	// head as it is when the reader gets there. It may leave out events of other
	// types, but none that corrects another ([event.Meta.IsCorrection]); where
	// it leaves out the last ones, an Item that sets only Position says how far
	// it has read. Memory does not grow with the ledger.
	ReadAll(ctx context.Context, after event.Position, types []string) iter.Seq2[Item, error]
	// ReadStream yields every event of one stream at or before a position, in
	// order: what a correction is about may be of any type.
	ReadStream(ctx context.Context, stream event.StreamID, upTo event.Position, types []string) iter.Seq2[Item, error]
	// Wait returns the head once it is beyond after, or ctx's error.
	Wait(ctx context.Context, after event.Position) (event.Position, error)
}
