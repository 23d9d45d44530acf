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
	due, next := b.Judges.Due(s.Stream().Kind, event.Standing(events), b.now)
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
