package reactor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// errUndone: a command that fell due cannot be given, whoever tries again.
var errUndone = errors.New("reactor: what fell due cannot be done")

// timers says when a command is due, or was, on the cases of people who are
// judged together: all on that of the first, the survivor.
func (b *batch) timers(people []event.UUID, events []event.Recorded) []Settled {
	if b.Judges.Due == nil {
		return nil
	}
	all := make([]Settled, len(people))
	for i, who := range people {
		all[i].Subject = Subject{Timers, who}
	}
	due, next := b.Judges.Due(event.Case(people[0]), events, b.now)
	for _, c := range due {
		if next.IsZero() || c.At.Before(next) {
			next = c.At
		}
	}
	all[0].Next = rounded(next)
	return all
}

// due gives the commands that have fallen due on a stream and returns when the
// next one does. One that is refused was due by what is known here, which is
// behind: what it is refused for makes the stream looked at again.
func (b *batch) due(ctx context.Context, s Subject) (time.Time, error) {
	if b.Judges.Due == nil {
		return time.Time{}, nil
	}
	events, err := b.load(ctx, s.Stream())
	if err != nil {
		return time.Time{}, err
	}
	if s.Kind == Timers {
		survivor, all, err := b.together(ctx, s.ID, events)
		if err != nil || survivor != s.ID {
			return time.Time{}, err
		}
		events = all
	}
	due, next := b.Judges.Due(s.Stream(), events, b.now)
	for _, c := range due {
		err := b.Do(ctx, s.Stream(), c)
		f := fault.Of(err)
		switch {
		case err == nil:
			b.sum.Done++
		case f == nil || f.Kind == fault.Unavailable || f.Code == "too-much-contention":
			return time.Time{}, err
		case f.Kind != fault.Refused:
			return time.Time{}, fmt.Errorf("%w: %s: %w", errUndone, c.Name, err)
		}
	}
	return rounded(next), nil
}
