package eventstore

import (
	"context"
	"errors"
	"fmt"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// Codec turns decided events into sealed ones and back. Package codec is the
// only implementation; it is an interface so that this package knows neither
// keys nor formats.
type Codec interface {
	// Seal makes the batch that records drafts on a stream: key commitments
	// that the stream does not hold yet, then the drafts in order. history is
	// the stream as loaded.
	Seal(ctx context.Context, cmd Command, drafts []event.Draft, history []event.Recorded) ([]Event, error)
	// Decode opens a stored event as far as this codec's keys allow.
	Decode(ctx context.Context, s Stored) (event.Recorded, error)
	// SameCommand reports whether a recorded event was caused by a command with
	// this fingerprint. ok is false where the record can no longer say, because
	// the key is destroyed.
	SameCommand(ctx context.Context, s Stored, fingerprint [32]byte) (same, ok bool, err error)
}

// Command is what a command brings beside its own content.
type Command struct {
	ID     event.UUID // the Idempotency-Key; with the actor and stream it names the command for ever
	Stream StreamID
	// Fingerprint is the SHA-256 of the command's name and canonical content.
	// It is only ever stored inside a box.
	Fingerprint [32]byte
	Subject     event.UUID
	Effective   event.When
	Actor       event.Actor
	Purpose     event.Purpose
	Correlation event.UUID
	Origin      event.Origin
	// Import says why an imported command is recorded past validation, and which
	// system it came from: both, or neither. It is only ever stored inside a box.
	Import event.Provenance
	Policy [32]byte
	// If is the revision the caller read; checked unless IfAny. It holds while
	// nothing that the caller can see has been recorded after it: an entry that
	// is not for the caller must neither stop nor be betrayed by a command.
	If    Revision
	IfAny bool
	// Sees reports whether the caller can see an entry; nil: every one.
	Sees func(event.Recorded) bool
}

// Result is what a command led to.
type Result struct {
	Events   []event.ID // of the command's own events, in order; none if it was already so
	Revision Revision   // of the stream after the command
	Position Position   // of the command's last event; 0 if there was none
	Repeated bool       // the command had been executed before; nothing was recorded now
}

// attempts bounds how often Execute decides again after losing a race.
const attempts = 8

// Execute loads a stream, decides against it and records the outcome.
//
// A command id that the stream already holds for this actor is not decided
// again: with the same fingerprint its first result is returned, with another
// one the fault "idempotency-key-reused". Losing a race to another command
// repeats the decision on the newer state, unless the caller gave a revision:
// then it is the fault "stale-precondition". After an unknown outcome the
// stream is read again, so a decision is never recorded twice.
//
// decide gets the standing events (see [event.Standing]) of the stream. Its
// error is returned as it is and nothing is recorded.
func Execute(ctx context.Context, store Store, codec Codec, cmd Command,
	decide func(standing []event.Recorded, at Revision) ([]event.Draft, error)) (Result, error) {
	var unknown, clash error
	for range attempts {
		result, again, err := attempt(ctx, store, codec, cmd, decide)
		switch {
		case err == nil:
			return result, nil
		case !again && unknown != nil && fault.Of(err) == nil && !errors.Is(err, ErrUnknown):
			// The stream could not be read again: the caller must not take
			// this for "nothing was recorded".
			return Result{}, fmt.Errorf("%w, then: %w", unknown, err)
		case !again:
			return Result{}, err
		case errors.Is(err, ErrUnknown):
			unknown = err
		case errors.Is(err, ErrDuplicate):
			clash = err
		}
	}
	switch {
	case unknown != nil:
		return Result{}, unknown
	case clash != nil:
		return Result{}, clash
	}
	return Result{}, fault.New(fault.Conflict, "too-much-contention", "others keep changing this record; try again")
}

// attempt loads, decides and appends once. again says that the answer, or the
// state to decide against, is in the stream now.
func attempt(ctx context.Context, store Store, codec Codec, cmd Command,
	decide func(standing []event.Recorded, at Revision) ([]event.Draft, error)) (_ Result, again bool, _ error) {
	history, stored, err := load(ctx, store, codec, cmd.Stream)
	if err != nil {
		return Result{}, false, err
	}
	if result, found, err := executed(ctx, codec, cmd, history, stored); found || err != nil {
		return result, false, err
	}
	at := Revision(len(history))
	if !cmd.IfAny && cmd.moved(history) {
		return Result{}, false, fault.New(fault.Stale, "stale-precondition", "the record has changed since it was read")
	}
	drafts, err := decide(event.Standing(history), at)
	if err != nil {
		return Result{}, false, err
	}
	if len(drafts) == 0 {
		return Result{Revision: at}, false, nil
	}
	batch, err := codec.Seal(ctx, cmd, drafts, history)
	if err != nil {
		return Result{}, false, fmt.Errorf("seal events for %s: %w", cmd.Stream, err)
	}
	appended, err := store.Append(ctx, cmd.Stream, at, batch)
	switch {
	case err == nil && appended.Repeated:
		// The same command ran beside this one, or another under the same id:
		// the fingerprint in the stream tells which.
		return Result{}, true, fmt.Errorf("append to %s: %w", cmd.Stream, ErrDuplicate)
	case err == nil:
		result := Result{Revision: appended.Revision, Position: appended.Last}
		for _, e := range batch[len(batch)-len(drafts):] {
			result.Events = append(result.Events, e.ID)
		}
		return result, false, nil
	}
	again = errors.Is(err, ErrConflict) || errors.Is(err, ErrDuplicate) || errors.Is(err, ErrUnknown) && ctx.Err() == nil
	return Result{}, again, fmt.Errorf("append to %s: %w", cmd.Stream, err)
}

// moved reports whether the stream holds an entry after If that the caller can
// see, or does not reach as far as If. Where the caller can see no entry at
// all, that is for decide to answer: a refusal must not tell an empty stream
// from a hidden one.
func (c Command) moved(history []event.Recorded) bool {
	seen, last := c.Sees == nil, Revision(0)
	for _, e := range history {
		if e.Type != "key.created" && (c.Sees == nil || c.Sees(e)) {
			seen, last = true, e.Revision
		}
	}
	return seen && (last > c.If || c.If > Revision(len(history)))
}

func load(ctx context.Context, store Store, codec Codec, stream StreamID) ([]event.Recorded, []Stored, error) {
	var history []event.Recorded
	var stored []Stored
	for s, err := range store.ReadStream(ctx, stream, 0) {
		if err != nil {
			return nil, nil, fmt.Errorf("load %s: %w", stream, err)
		}
		r, err := codec.Decode(ctx, s)
		if err != nil {
			return nil, nil, fmt.Errorf("decode %s revision %d: %w", stream, s.Revision, err)
		}
		history, stored = append(history, r), append(stored, s)
	}
	return history, stored, nil
}

// executed looks the command up in the stream.
func executed(ctx context.Context, codec Codec, cmd Command, history []event.Recorded, stored []Stored) (Result, bool, error) {
	var result Result
	for i, r := range history {
		if r.Command != cmd.ID || r.Actor.ID != cmd.Actor.ID || r.Type == "key.created" {
			continue
		}
		if len(result.Events) == 0 {
			same, ok, err := codec.SameCommand(ctx, stored[i], cmd.Fingerprint)
			if err != nil {
				return Result{}, false, err
			}
			if ok && !same {
				return Result{}, false, fault.Refuse("idempotency-key-reused", "this Idempotency-Key was used for another command")
			}
		}
		result.Events = append(result.Events, r.ID)
		result.Position, result.Revision, result.Repeated = r.Position, r.Revision, true
	}
	return result, len(result.Events) > 0, nil
}
