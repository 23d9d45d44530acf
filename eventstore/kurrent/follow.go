package kurrent

import (
	"context"
	"errors"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"caseledger/eventstore/numbering"
)

// liveWindow is how many events the server looks at between two checkpoints of
// the subscription that is followed.
const liveWindow = 64

// maxSeen bounds the events that wait for their numbers in memory; the
// subscription waits while there are so many.
const maxSeen = 4 * numbering.MaxEntries

// follow listens to what is recorded and to what is numbered, by whichever
// process. A subscription that fails is made again from the last number.
func (s *Store) follow(ctx context.Context) {
	o := &s.order
	for ctx.Err() == nil {
		under, again := context.WithCancel(ctx)
		o.mu.Lock()
		o.turn++
		turn := o.turn
		o.seen, o.told, o.again = nil, o.tail.At, again
		of := subscription{after: o.tail.At, prefixes: append(s.names.records(), s.names.index()), window: liveWindow}
		o.mu.Unlock()
		err := s.session.follow(under, of, func(e *esdb.SubscriptionEvent) { s.hear(under, turn, e) })
		again()
		if err != nil {
			wait(ctx, pause)
		}
	}
}

// hear takes one message of the subscription.
func (s *Store) hear(ctx context.Context, turn int, e *esdb.SubscriptionEvent) {
	if at := e.CheckPointReached; at != nil {
		s.order.mu.Lock()
		s.order.reached(turn, numbering.LogPosition{Commit: at.Commit, Prepare: at.Prepare})
		s.order.mu.Unlock()
		return
	}
	r, ok := recordOf(e.EventAppeared)
	if !ok {
		return
	}
	if r.stream == s.names.index() {
		s.hearNumbers(ctx, turn, r)
		return
	}
	o := &s.order
	for o.full() && wait(ctx, pause) {
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ours := s.names.id(r); o.reached(turn, r.at) && ours && o.tail.At.Before(r.at) {
		r.body = nil // only its names are needed
		o.seen = append(o.seen, r)
		o.poke()
	}
}

func (o *order) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.seen) >= maxSeen
}

// reached notes how far the subscription has come; false if it was replaced.
func (o *order) reached(turn int, at numbering.LogPosition) bool {
	if turn != o.turn {
		return false
	}
	if o.told.Before(at) {
		o.told = at
	}
	return true
}

func (s *Store) hearNumbers(ctx context.Context, turn int, r record) {
	o := &s.order
	o.mu.Lock()
	current := o.reached(turn, r.at)
	missing := r.revision > o.tail.Events
	o.mu.Unlock()
	if !current {
		return
	}
	var err error
	if missing {
		err = s.catchUp(ctx)
	} else {
		err = s.take(ctx, r)
	}
	if incident(err) {
		s.signal.end(err, false)
	}
}

// watchOver looks at intervals whether the index has moved and nobody said so,
// and whether the subscription has come as far as the log had at the look
// before. If not it is silent, and another takes its place.
func (s *Store) watchOver(ctx context.Context) {
	tick := time.NewTicker(s.watch)
	defer tick.Stop()
	o := &s.order
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := s.catchUp(ctx); incident(err) {
			s.signal.end(err, false)
			return
		} else if errors.Is(err, context.Canceled) {
			return
		}
		o.mu.Lock()
		if o.told.Before(o.mark) {
			o.again()
		}
		o.mark = o.known
		if len(o.seen) > 0 && o.seen[0].at == o.first {
			o.stuck++
		} else {
			o.stuck, o.first = 0, numbering.LogPosition{}
			if len(o.seen) > 0 {
				o.first = o.seen[0].at
			}
		}
		o.poke()
		o.mu.Unlock()
	}
}
