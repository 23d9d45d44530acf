package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"caseledger/api/recording"
	"caseledger/domain/event"
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
	recorder *recording.Recorder // whose clock is the hand clock, where there is one
	looks    *accessLog
	clock    *handClock // set to each line's; nil where time is real
	try      bool       // nothing is recorded
}

// player applies journals to the record, as the organisations see it.
func (r *record) player(clock *handClock, now func() time.Time, t trusted) player {
	return player{recorder: r.recorder(now, t), looks: newAccessLog(r.store, r.codec), clock: clock}
}

// played says what a journal came to.
type played struct {
	Lines    int `json:"lines"`
	Events   int `json:"events"`
	Rejected int `json:"rejected"`
	Repeated int `json:"repeated"` // lines that were recorded before
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
		events, repeated, err := p.apply(context.WithoutCancel(ctx), e)
		if err != nil {
			return sum, &lineError{e.number, e.ref, err}
		}
		sum.Lines++
		sum.Events += events
		if repeated {
			sum.Repeated++
		}
		if e.expectRejected != "" {
			sum.Rejected++
		}
		if each != nil {
			each()
		}
	}
}

// apply carries out one entry and returns how many events it recorded, or
// whether it had been recorded before. An entry that must be refused is tried
// without recording anything, so that one that is not refused leaves no trace
// either. A line is one append: it is recorded whole or not at all.
func (p *player) apply(ctx context.Context, e entry) (events int, repeated bool, err error) {
	if p.clock != nil {
		p.clock.set(e.clock)
	}
	switch {
	case e.look != nil:
		repeated, err = p.look(ctx, e.request, e.look)
		if repeated || err != nil {
			return 0, repeated, err
		}
		return 1, false, nil
	case e.expectRejected != "":
		return 0, false, p.refuse(ctx, e)
	}
	outcome, err := p.recorder.Record(ctx, e.request)
	switch {
	case p.try && errors.Is(err, errWouldBeRecorded):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case outcome.Repeated:
		return 0, true, nil
	}
	return len(outcome.Events), false, nil
}

// look records who looked.
func (p *player) look(ctx context.Context, q recording.Request, data any) (repeated bool, err error) {
	if p.try {
		return false, nil
	}
	return p.looks.append(ctx, eventstore.Command{ID: q.ID, Stream: q.Stream, Subject: q.Actor.Org, Effective: q.Effective,
		Actor: q.Actor, Purpose: q.Purpose, Correlation: q.Correlation, Origin: q.Origin, Import: q.Import}, data)
}

// refuse tries an entry that must be refused.
func (p *player) refuse(ctx context.Context, e entry) error {
	try := *p.recorder
	try.Store = tried{p.recorder.Store}
	_, err := try.Record(ctx, e.request)
	switch f := fault.Of(err); {
	case err == nil, errors.Is(err, errWouldBeRecorded):
		return fmt.Errorf("accepted, where it must be refused with %q", e.expectRejected)
	case f == nil:
		return err
	case f.Code != e.expectRejected && !hasField(f, e.expectRejected):
		return fmt.Errorf("refused with %q, where it must be refused with %q", f.Code, e.expectRejected)
	}
	return nil
}

func hasField(f *fault.Fault, code string) bool {
	for _, field := range f.Fields {
		if field.Code == code {
			return true
		}
	}
	return false
}

// beginning looks at the first entry before it is given: the record begins with
// it. Where there is none that can be read, it begins on a fixed day.
func beginning(next func() (entry, error)) (again func() (entry, error), begin time.Time) {
	first, err := next()
	if begin = first.clock; err != nil {
		begin = event.MustDay("2026-01-01").Start()
	}
	given := false
	return func() (entry, error) {
		if given {
			return next()
		}
		given = true
		return first, err
	}, begin
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
