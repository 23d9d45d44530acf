package relay

import (
	"context"
	"time"

	"caseledger/domain/event"
)

// Held is a message that could not be published, or one that follows it on the
// same stream, by where it is in the ledger. It says nothing of what the message
// says.
type Held struct {
	Mark
	About    event.UUID // whose stream it is on: a person's, an agreement's
	Reason   Reason     // of the last attempt
	Attempts int        // 0 of one that was held because of another
	Since    time.Time  // when it was first held
	// Due is when it is tried next; zero of one that is parked, until somebody
	// replays it, and of one that is behind another.
	Due time.Time
	// Behind: another one of the same stream comes first.
	Behind bool
}

// Parked reports whether it waits for somebody.
func (h Held) Parked() bool { return h.Due.IsZero() && !h.Behind }

// Reason is a stable code that says why, in kebab-case.
type Reason string

// Behind is the reason of a message that was not tried: one before it, of the
// same stream, is held.
const Behind Reason = "behind-another"

// Keep is where the places of consumers are kept, and what is held. Times are
// kept to the microsecond.
type Keep interface {
	// Take makes the caller the one writer of a consumer, which need not exist.
	Take(ctx context.Context, consumer string) (Lease, error)
	// Consumer tells how far one is; zero of one that never was.
	Consumer(ctx context.Context, consumer string) (Consumer, error)
	// Held lists what is held for a consumer after a position, by position.
	Held(ctx context.Context, consumer string, after event.Position, n int) ([]Held, error)
	// Replay makes what is parked due at an instant, with all its attempts before
	// it: the one at a position, or, at 0, all. It returns how many that were. What
	// is behind another follows it.
	Replay(ctx context.Context, consumer string, position event.Position, at time.Time) (int, error)
	// Enable lets a consumer that was disabled go on.
	Enable(ctx context.Context, consumer string) error
}

// Consumer is how far a consumer is.
type Consumer struct {
	Checkpoint
	Disabled Reason // why nothing is published to it, until it is enabled; or ""
	Held     int    // messages held, in all
	Parked   int    // of them, those that wait for somebody
}

// Lease is the right to write one consumer, until it is taken again.
type Lease interface {
	Place
	// Hold keeps a message. If an earlier one of the same stream is held, it is
	// behind that one, and else due when it says. One that is held already is left
	// as it is.
	Hold(ctx context.Context, h Held) error
	// Holds reports whether anything is held of what is about somebody.
	Holds(ctx context.Context, about event.UUID) (bool, error)
	// Due lists up to n messages due at an instant, of as many streams, in the
	// order in which they became so, then by position.
	Due(ctx context.Context, at time.Time, n int) ([]Held, error)
	// Next returns when the next one is due; false if none is.
	Next(ctx context.Context) (time.Time, bool, error)
	// Tried replaces the attempts, the reason and what is due of a held message.
	Tried(ctx context.Context, h Held) error
	// Release forgets a message, and makes the one behind it due at an instant.
	Release(ctx context.Context, position event.Position, at time.Time) error
	// Disable notes that the consumer is not to be published to.
	Disable(ctx context.Context, why Reason) error
}
