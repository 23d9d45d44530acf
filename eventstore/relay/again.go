package relay

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"caseledger/eventstore"
)

// settle decides what becomes of a message that was not published: it is held,
// which is its end here, or the error goes back and the message is given out
// again.
func (l *leased) settle(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		_, err := next(m)
		if err == nil {
			return nil, nil
		}
		ctx := m.Context()
		var f *Failure
		var failed middleware.RecoveredPanicError
		switch {
		case errors.As(err, &failed):
			f = l.panicked(failed)
		case ctx.Err() != nil || !errors.As(err, &f):
			return nil, err
		}
		if f.Reason == Gone {
			return nil, l.gone(ctx)
		}
		if f.Reason != Behind && !f.Final && l.Retries == nil {
			return nil, f
		}
		s, ok := EventOf(m)
		if !ok {
			return nil, errNoEvent
		}
		now := l.Clock()
		h := Held{Mark: Mark{s.Position, s.ID}, About: s.Stream.Of, Reason: f.Reason, Since: now}
		if f.Reason != Behind {
			h.Attempts = 1
		}
		h.Due = l.due(h, f, now)
		if err := l.Hold(ctx, h); err != nil {
			return nil, err
		}
		l.held.Add(1)
		signal(l.wake)
		l.count(h)
		return nil, nil
	}
}

// panicked logs where the program failed; what with is in the ledger.
func (l *leased) panicked(p middleware.RecoveredPanicError) *Failure {
	l.log.Error("a message makes the program fail", "stack", p.Stacktrace)
	return &Failure{Reason: Panicked, Final: true}
}

// due is when a message is tried next after a failure, zero if it is parked. One
// that was not tried is due at once, when it is its turn.
func (l *leased) due(h Held, f *Failure, now time.Time) time.Time {
	switch {
	case h.Attempts == 0:
		return now
	case f.Final:
		return time.Time{}
	case l.Retries == nil:
		return now.Add(max(longWait, f.After))
	case h.Attempts > len(l.Retries):
		return time.Time{}
	}
	return now.Add(max(l.Retries[h.Attempts-1], f.After))
}

// count notes a message that was tried and not published.
func (l *leased) count(h Held) {
	switch {
	case h.Attempts == 0:
	case h.Due.IsZero():
		l.parked.Add(1)
		l.log.Error("a message was parked; see relay parked", "event", h.ID.String(), "reason", string(h.Reason), "attempts", h.Attempts)
	default:
		l.retried.Add(1)
		l.log.Warn("a message was not taken and is tried again", "event", h.ID.String(), "reason", string(h.Reason), "attempts", h.Attempts)
	}
}

// gone disables the destination, and ends its serving.
func (l *leased) gone(ctx context.Context) error {
	f := &Failure{Reason: Gone, Final: true}
	if err := l.Disable(ctx, Gone); err != nil {
		return err
	}
	l.log.Error("the destination says that it is gone, and is disabled; see relay enable")
	l.stop(f)
	return f
}

// atOnce is the most held messages that are tried at the same time.
const atOnce = 16

// again tries what is held, when it is due, until ctx ends.
func (l *leased) again(ctx context.Context) error {
	for {
		nap, err := l.round(ctx)
		switch {
		case errors.Is(err, ErrFenced):
			return err
		case err != nil && ctx.Err() == nil:
			l.log.WarnContext(ctx, "trying held messages failed; it is tried again", "error", err)
			nap = l.Again
		}
		select {
		case <-l.wake:
		case <-l.After(nap):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// round tries everything that is due, and returns how long there is nothing.
func (l *leased) round(ctx context.Context) (time.Duration, error) {
	for {
		due, err := l.Due(ctx, l.Clock(), atOnce)
		if err != nil {
			return 0, err
		}
		if len(due) == 0 {
			break
		}
		failed := make([]error, len(due))
		var group sync.WaitGroup
		for i, h := range due {
			group.Go(func() { failed[i] = l.attempt(ctx, h) })
		}
		group.Wait()
		if err := errors.Join(failed...); err != nil {
			return 0, err
		}
	}
	next, any, err := l.Next(ctx)
	if err != nil || any {
		return min(askEvery, max(next.Sub(l.Clock()), time.Millisecond)), err
	}
	counted := l.held.Load()
	state, err := l.Keep.Consumer(ctx, l.Name)
	if err == nil && state.Held == 0 {
		l.clear.Store(counted)
	}
	return askEvery, err
}

// attempt tries one held message.
func (l *leased) attempt(ctx context.Context, h Held) error {
	s, there, err := l.recorded(ctx, h.Mark)
	if err != nil {
		return err
	}
	if !there { // nothing is published that is not recorded
		return l.Release(ctx, h.Position, l.Clock())
	}
	_, err = middleware.Recoverer(func(*message.Message) ([]*message.Message, error) {
		name, content, err := l.message(ctx, s)
		if err != nil || content == nil {
			return nil, err
		}
		return nil, l.send(ctx, subject(l.Side, name), h.ID.String(), content)
	})(nil)
	if err == nil {
		return l.Release(ctx, h.Position, l.Clock())
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var f *Failure
	var failed middleware.RecoveredPanicError
	switch {
	case errors.As(err, &failed):
		f = l.panicked(failed)
	case !errors.As(err, &f):
		return err // it was not tried
	case f.Reason == Gone:
		return l.gone(ctx)
	}
	h.Attempts++
	h.Reason, h.Due = f.Reason, l.due(h, f, l.Clock())
	if err := l.Tried(ctx, h); err != nil {
		return err
	}
	l.count(h)
	return nil
}

// recorded reads an event; false if the ledger does not hold it there.
func (r *Relay) recorded(ctx context.Context, m Mark) (eventstore.Stored, bool, error) {
	for s, err := range r.Store.ReadAll(ctx, m.Position-1) {
		return s, err == nil && s.ID == m.ID, err
	}
	return eventstore.Stored{}, false, nil
}
