package relay

import (
	"context"
	"errors"
	"fmt"

	"caseledger/domain/event"
)

// ErrNoDestination: no destination has the name.
var ErrNoDestination = errors.New("relay: no such destination")

func (r *Relay) named(name string) (*consumer, error) {
	for _, c := range r.consumers {
		if c.Name == name {
			return c, nil
		}
	}
	return nil, ErrNoDestination
}

// ParkedMessage is a message that is held for a destination, read again.
type ParkedMessage struct {
	Held
	// Type is the event's type, as far as this program can read it; "" otherwise.
	Type string
	// Readable: this program, at its version, can make the message.
	Readable bool
}

// Parked lists up to n messages that are held for a destination after a
// position, by position: those that are parked, those that are tried again, and
// those behind them. [ErrNoDestination].
func (r *Relay) Parked(ctx context.Context, destination string, after event.Position, n int) ([]ParkedMessage, error) {
	c, err := r.named(destination)
	if err != nil {
		return nil, err
	}
	held, err := r.Keep.Held(ctx, destination, after, n)
	if err != nil {
		return nil, err
	}
	var all []ParkedMessage
	for _, h := range held {
		m := ParkedMessage{Held: h}
		s, there, err := r.recorded(ctx, h.Mark)
		if err != nil {
			return nil, err
		}
		if there {
			name, _, err := c.message(ctx, s)
			var f *Failure
			if err != nil && !errors.As(err, &f) {
				return nil, err
			}
			m.Type, m.Readable = name, err == nil
		}
		all = append(all, m)
	}
	return all, nil
}

// Replay has a parked message of a destination tried again, with all its
// attempts before it: the one at a position, or, at 0, all of them. It returns
// how many that were: none where the one at the position is not parked, or is
// behind another. The relay that runs, in this process or another, publishes
// them within seconds, and then what is behind them. [ErrNoDestination].
func (r *Relay) Replay(ctx context.Context, destination string, position event.Position) (int, error) {
	if _, err := r.named(destination); err != nil {
		return 0, err
	}
	n, err := r.Keep.Replay(ctx, destination, position, r.Clock())
	if err != nil {
		return 0, fmt.Errorf("relay: replay: %w", err)
	}
	return n, nil
}

// Enable has a destination published to that had said it was gone, from where it
// was; the relay that runs does so within seconds. [ErrNoDestination].
func (r *Relay) Enable(ctx context.Context, destination string) error {
	if _, err := r.named(destination); err != nil {
		return err
	}
	return r.Keep.Enable(ctx, destination)
}
