package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/fault"
	"caseledger/eventstore"
)

// handClock is a clock that a journal sets. It never runs by itself.
type handClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *handClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *handClock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// errWouldBeRecorded is how a command that is only tried says that it would
// have been carried out.
var errWouldBeRecorded = errors.New("the command would be recorded")

// tried is a store that records nothing.
type tried struct{ eventstore.Store }

func (tried) Append(context.Context, eventstore.StreamID, eventstore.Revision, []eventstore.Event) (eventstore.Appended, error) {
	return eventstore.Appended{}, errWouldBeRecorded
}

// player applies a journal to a record.
type player struct {
	recorder *recording.Recorder // whose clock is the hand clock
	clock    *handClock
}

// played says what a journal came to.
type played struct {
	Lines    int `json:"lines"`
	Events   int `json:"events"`
	Rejected int `json:"rejected"`
}

// play applies entries until next returns io.EOF. It stops at the first that
// cannot be applied, with a [lineError]; everything before it stays, and
// nothing of it.
func (p *player) play(ctx context.Context, next func() (entry, error), each func()) (played, error) {
	var sum played
	for {
		e, err := next()
		if errors.Is(err, io.EOF) {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if err := ctx.Err(); err != nil {
			return sum, &lineError{e.number, e.ref, err}
		}
		events, err := p.apply(context.WithoutCancel(ctx), e)
		if err != nil {
			return sum, &lineError{e.number, e.ref, err}
		}
		sum.Lines++
		sum.Events += events
		if e.expectRejected != "" {
			sum.Rejected++
		}
		if each != nil {
			each()
		}
	}
}

// apply carries out one entry and returns how many events it recorded. An
// entry that must be refused is tried without recording anything, so that one
// that is not refused leaves no trace either.
func (p *player) apply(ctx context.Context, e entry) (int, error) {
	p.clock.set(e.clock)
	if e.expectRejected == "" {
		outcome, err := p.recorder.Record(ctx, e.request)
		return len(outcome.Events), err
	}
	try := *p.recorder
	try.Store = tried{p.recorder.Store}
	_, err := try.Record(ctx, e.request)
	switch f := fault.Of(err); {
	case err == nil, errors.Is(err, errWouldBeRecorded):
		return 0, fmt.Errorf("accepted, where it must be refused with %q", e.expectRejected)
	case f == nil:
		return 0, err
	case f.Code != e.expectRejected && !hasField(f, e.expectRejected):
		return 0, fmt.Errorf("refused with %q, where it must be refused with %q", f.Code, e.expectRejected)
	}
	return 0, nil
}

func hasField(f *fault.Fault, code string) bool {
	for _, field := range f.Fields {
		if field.Code == code {
			return true
		}
	}
	return false
}

// merged gives the entries of several journals in the order of their clocks;
// of two at the same moment the one of the earlier journal comes first.
func merged(journals ...*journal) func() (entry, error) {
	heads := make([]*entry, len(journals))
	return func() (entry, error) {
		first := -1
		for i, j := range journals {
			if j == nil {
				continue
			}
			if heads[i] == nil {
				e, err := j.next()
				if errors.Is(err, io.EOF) {
					journals[i] = nil
					continue
				}
				if err != nil {
					return entry{}, err
				}
				heads[i] = &e
			}
			if first < 0 || heads[i].clock.Before(heads[first].clock) {
				first = i
			}
		}
		if first < 0 {
			return entry{}, io.EOF
		}
		e := *heads[first]
		heads[first] = nil
		return e, nil
	}
}
