package relay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// subscription is one channel of a subscriber.
type subscription struct {
	*Subscriber
	topic string
	place Place
	out   chan *message.Message

	mu    sync.Mutex
	saved time.Time // when the place was last written
}

// errOther: what was read last is not in the ledger any more.
var errOther = errors.New("relay: the ledger is another one")

// run follows the ledger until ctx ends, the store is closed, or another relay
// has taken the place.
func (s *subscription) run(ctx context.Context) error {
	var at Checkpoint
	loaded := false
	for {
		err := error(nil)
		if !loaded {
			at, err = s.place.Load(ctx)
			loaded = err == nil
		}
		if err == nil {
			at, err = s.common(ctx, at)
		}
		if err == nil {
			at, err = s.follow(ctx, at)
		}
		var topic *topicError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errOther):
			continue
		case errors.Is(err, ErrFenced), errors.Is(err, eventstore.ErrClosed), errors.As(err, &topic):
			return err
		}
		s.Tell(s.topic, err)
		if err := s.pause(ctx, s.Again); err != nil {
			return err
		}
	}
}

// topicError is what [SubscriberConfig.Message] refused.
type topicError struct{ error }

func (e *topicError) Unwrap() error { return e.error }

func (s *Subscriber) pause(ctx context.Context, d time.Duration) error {
	select {
	case <-s.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// common is the checkpoint, if the ledger has the event it names, or else the
// last on its trail of which that is so.
func (s *subscription) common(ctx context.Context, c Checkpoint) (Checkpoint, error) {
	for marks := append([]Mark{c.Mark}, c.Trail...); len(marks) > 0; marks = marks[1:] {
		there, err := holds(ctx, s.Store, marks[0])
		if err != nil {
			return c, err
		}
		if there {
			if marks[0] == c.Mark {
				return c, nil
			}
			return s.back(ctx, c, Checkpoint{marks[0], marks[1:]})
		}
	}
	return s.back(ctx, c, Checkpoint{})
}

func (s *subscription) back(ctx context.Context, from, to Checkpoint) (Checkpoint, error) {
	if err := s.place.Rewind(ctx, to); err != nil {
		return from, fmt.Errorf("relay: go back: %w", err)
	}
	s.Tell(s.topic, &OtherLedger{from.Position, to.Position})
	return to, nil
}

func holds(ctx context.Context, store eventstore.Store, m Mark) (bool, error) {
	if m.Position == 0 {
		return m == Mark{}, nil
	}
	for e, err := range store.ReadAll(ctx, m.Position-1) {
		return err == nil && e.ID == m.ID && e.Position == m.Position, err
	}
	return false, nil
}

// delivery is a message on its way, and what it is made of: whoever is given it
// may change it.
type delivery struct {
	message *message.Message
	of      eventstore.Stored
}

// follow gives out what follows a checkpoint and returns how far it came.
func (s *subscription) follow(ctx context.Context, from Checkpoint) (Checkpoint, error) {
	inside, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w := newWindow(from, s.Window)
	lanes := make([]lane, s.Lanes)
	var group sync.WaitGroup
	for i := range lanes {
		lanes[i].some = make(chan struct{}, 1)
		group.Go(func() { s.lane(inside, &lanes[i], w) })
	}
	group.Go(func() { stop(s.saving(inside, w)) })
	stop(s.read(inside, w, lanes))
	group.Wait()
	at, err := w.checkpoint(), context.Cause(inside)
	if !errors.Is(err, ErrFenced) && at.Mark != from.Mark {
		last, done := context.WithTimeout(context.WithoutCancel(ctx), s.Again)
		defer done()
		if failed := s.place.Save(last, at); failed != nil && !errors.Is(failed, ErrFenced) {
			s.Tell(s.topic, failed)
		}
	}
	return at, err
}

// read gives the events of the topic to their lanes.
func (s *subscription) read(ctx context.Context, w *window, lanes []lane) error {
	last := w.checkpoint().Mark
	for {
		same := last.Position == 0
		for e, err := range s.Store.ReadAll(ctx, max(last.Position, 1)-1) {
			if err != nil {
				return fmt.Errorf("relay: read the ledger after %d: %w", last.Position, err)
			}
			if !same {
				if same = e.ID == last.ID; !same {
					return errOther
				}
				continue
			}
			m, err := s.Message(s.topic, e)
			if err != nil {
				return &topicError{err}
			}
			last = Mark{e.Position, e.ID}
			if err := w.enter(ctx, last, len(e.Body)); err != nil {
				return err
			}
			if m == nil {
				w.leave(e.Position)
				continue
			}
			laneOf(lanes, e.Stream).add(delivery{m, e})
		}
		if !same {
			return errOther
		}
		if err := s.await(ctx, last.Position); err != nil {
			return err
		}
		if err := s.confirm(ctx, w); err != nil {
			return err
		}
	}
}

// lane is messages that are given out one after the other. All lanes together
// hold no more than a window.
type lane struct {
	some chan struct{} // holds one when there may be messages

	mu      sync.Mutex
	waiting []delivery
}

// laneOf is the same for everything that is about the same person.
func laneOf(lanes []lane, stream event.StreamID) *lane {
	sum := uint32(2166136261) // FNV-1a
	for _, b := range stream.Of {
		sum = (sum ^ uint32(b)) * 16777619
	}
	return &lanes[sum%uint32(len(lanes))]
}

func (l *lane) add(d delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, d)
	signal(l.some)
}

// next takes the first message out; false if there is none.
func (l *lane) next() (d delivery, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.waiting = nil
		return delivery{}, false
	}
	d = l.waiting[0]
	l.waiting[0] = delivery{}
	l.waiting = l.waiting[1:]
	return d, true
}

// await returns when something was recorded after a position, or when it is
// time to look at the ledger anew.
func (s *subscription) await(ctx context.Context, after event.Position) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	grown := make(chan error, 1)
	go func() {
		_, err := s.Store.Wait(waiting, after)
		grown <- err
	}()
	select {
	case err := <-grown:
		return err
	case <-s.After(checkEvery):
		stop()
		if err := <-grown; err != nil && (ctx.Err() != nil || !errors.Is(err, context.Canceled)) {
			return err
		}
		return nil
	}
}

// confirm finds out whether the place was taken, before anything is given out
// after a while.
func (s *subscription) confirm(ctx context.Context, w *window) error {
	s.mu.Lock()
	recent := s.Clock().Sub(s.saved) < confirmEvery
	s.mu.Unlock()
	if recent {
		return nil
	}
	return s.save(ctx, w)
}

// save writes down how far it has come.
func (s *subscription) save(ctx context.Context, w *window) error {
	s.mu.Lock() // so that none overtakes a later one
	defer s.mu.Unlock()
	if err := s.place.Save(ctx, w.checkpoint()); err != nil {
		return fmt.Errorf("relay: write the checkpoint: %w", err)
	}
	s.saved = s.Clock()
	return nil
}

// saving writes the checkpoint down whenever it has moved, until ctx ends or the
// place was taken over.
func (s *subscription) saving(ctx context.Context, w *window) error {
	for {
		select {
		case <-w.moved:
		case <-ctx.Done():
			return ctx.Err()
		}
		pause := s.SaveEvery
		if err := s.save(ctx, w); err != nil {
			if errors.Is(err, ErrFenced) || ctx.Err() != nil {
				return err
			}
			s.Tell(s.topic, err)
			signal(w.moved)
			pause = s.Again
		}
		if err := s.pause(ctx, pause); err != nil {
			return err
		}
	}
}

// lane gives the messages of a lane out.
func (s *subscription) lane(ctx context.Context, l *lane, w *window) {
	for {
		for d, ok := l.next(); ok; d, ok = l.next() {
			if !s.deliver(ctx, d) {
				return
			}
			w.leave(d.of.Position)
		}
		select {
		case <-l.some:
		case <-ctx.Done():
			return
		}
	}
}

// deliver gives a message out until it is acknowledged; false if ctx ended
// before.
func (s *subscription) deliver(ctx context.Context, d delivery) bool {
	for m := d.message; ; {
		acked, ended := s.offer(context.WithValue(ctx, eventKey{}, d.of), m)
		if acked || ended {
			return acked
		}
		if s.pause(ctx, s.Again) != nil {
			return false
		}
		again, err := s.Message(s.topic, d.of)
		if err != nil || again == nil { // it was made before
			s.Tell(s.topic, fmt.Errorf("relay: make the message once more: %w", err))
			continue
		}
		m = again
	}
}

func (s *subscription) offer(ctx context.Context, m *message.Message) (acked, ended bool) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	m.SetContext(ctx)
	select {
	case s.out <- m:
	case <-ctx.Done():
		return false, true
	}
	select {
	case <-m.Acked():
		return true, false
	case <-m.Nacked():
		return false, false
	case <-ctx.Done():
		return false, true
	}
}
