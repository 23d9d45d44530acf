package relay_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

var errCrashed = errors.New("crashed here")

// crash stops a process when it comes to a place for the n-th time: whatever it
// does from there on has no effect.
type crash struct {
	mu      sync.Mutex
	place   string
	n       int
	stopped bool
	now     func()
	once    bool // it fails there, and does not stop
}

// step is a place at which the process may stop; it reports whether it has.
func (c *crash) step(place string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place == c.place && !c.stopped {
		if c.n--; c.n == 0 {
			c.stopped = true
			c.now()
			return true
		}
	}
	return c.stopped && !c.once
}

// do runs something with a step before it and one after.
func (c *crash) do(what string, f func() error) error {
	if c.step("before " + what) {
		return errCrashed
	}
	err := f()
	if c.step("after " + what) {
		return errCrashed
	}
	return err
}

type crashingPublisher struct {
	*told
	*crash
}

func (p crashingPublisher) Publish(topic string, m ...*message.Message) error {
	return p.do("publish", func() error { return p.told.Publish(topic, m...) })
}

type crashingKeep struct {
	relay.Keep
	*crash
}

func (k crashingKeep) Take(ctx context.Context, consumer string) (l relay.Lease, err error) {
	err = k.do("take", func() error { l, err = k.Keep.Take(ctx, consumer); return err })
	return crashingLease{l, k.crash}, err
}

type crashingLease struct {
	relay.Lease
	*crash
}

func (l crashingLease) Save(ctx context.Context, c relay.Checkpoint) error {
	return l.do("checkpoint", func() error { return l.Lease.Save(ctx, c) })
}

func (l crashingLease) Hold(ctx context.Context, h relay.Held) error {
	return l.do("hold", func() error { return l.Lease.Hold(ctx, h) })
}

func (l crashingLease) Tried(ctx context.Context, h relay.Held) error {
	return l.do("tried", func() error { return l.Lease.Tried(ctx, h) })
}

func (l crashingLease) Release(ctx context.Context, p event.Position, at time.Time) error {
	return l.do("release", func() error { return l.Lease.Release(ctx, p, at) })
}

// firsts are the ids of a list without those that were there before.
func firsts(ids []string) (all []string) {
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
	}
	return all
}

// inOrder checks that what was recorded of each person was told in its order,
// and nothing else.
func inOrder(t testing.TB, recorded map[int][]event.ID, told []string) {
	t.Helper()
	known := map[string]bool{}
	for who, ids := range recorded {
		var want []string
		for _, id := range ids {
			want = append(want, id.String())
			known[id.String()] = true
		}
		got := slices.DeleteFunc(firsts(told), func(id string) bool { return !slices.Contains(want, id) })
		if !slices.Equal(got, want) {
			t.Errorf("person %d was told of as %v, want %v", who, got, want)
		}
	}
	for _, id := range told {
		if !known[id] {
			t.Errorf("%s was published and not recorded", id)
		}
	}
}

// A relay that stops at any step, and one that starts after it, publish
// everything that is recorded, in the order of its person.
func TestAStopAtAnyStepLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorded := map[int][]event.ID{}
	for range 3 {
		for who := range 3 {
			recorded[who] = append(recorded[who], w.notices(who, 1)...)
		}
	}
	// The first message about one person is not taken at once.
	awkward := recorded[1][0].String()
	for _, place := range []string{"take", "publish", "checkpoint", "hold", "tried", "release"} {
		for _, place := range []string{"before " + place, "after " + place} {
			t.Run(place, func(t *testing.T) {
				t.Parallel()
				stops := 0
				for _, retries := range [][]time.Duration{nil, {time.Millisecond, time.Millisecond}} {
					for n := 1; w.of(t).stopsAt(place, n, retries, awkward, recorded); n++ {
						stops++
					}
				}
				if stops == 0 {
					t.Error("it never stopped there")
				}
			})
		}
	}
}

// stopsAt stops a relay at a place for the n-th time and lets another one go on;
// false if it came to the end before.
func (w *world) stopsAt(place string, n int, retries []time.Duration, awkward string, recorded map[int][]event.ID) bool {
	w.Helper()
	d := newTold()
	d.refuse = func(id string, attempt int) error {
		if id == awkward && attempt <= 1+len(retries)/2 {
			return &relay.Failure{Reason: relay.Refused}
		}
		return nil
	}
	ctx, stop := context.WithCancel(w.Context())
	defer stop()
	c := &crash{place: place, n: n, now: stop}
	first := w.config(destination("a", crashingPublisher{d, c}))
	first.Keep, first.Destinations[0].Retries = crashingKeep{w.keep, c}, retries
	r, err := relay.New(first)
	if err != nil {
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	until(w, "the crash, or the end", func() bool { return ctx.Err() != nil || w.through(r) })
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		w.Errorf("ended with %v", err)
	}
	stopped := c.step("")
	second := w.config(destination("a", d))
	second.Destinations[0].Retries = retries
	r, end := start(w, second)
	until(w, "the end", func() bool { return w.through(r) })
	_ = end()
	inOrder(w, recorded, d.ids())
	if w.Failed() {
		w.Fatalf("stopped %s, for the %d. time", place, n)
	}
	return stopped
}

// through reports whether everything was handled, and nothing is held.
func (w *world) through(r *relay.Relay) bool {
	all, err := r.Status(w.Context())
	return err == nil && !slices.ContainsFunc(all, func(s relay.Status) bool { return s.Position < s.Head || s.Held > 0 })
}

// A keep, or a destination, that fails at any step, before or after it has done
// what it was asked to, holds nothing up for good: nothing is lost, nothing parked.
func TestAFailureAtAnyStepLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorded := map[int][]event.ID{}
	for range 3 {
		for who := range 3 {
			recorded[who] = append(recorded[who], w.notices(who, 1)...)
		}
	}
	for _, place := range []string{"take", "publish", "checkpoint", "hold", "tried", "release"} {
		for _, place := range []string{"before " + place, "after " + place} {
			t.Run(place, func(t *testing.T) {
				t.Parallel()
				failures := 0
				for _, retries := range [][]time.Duration{nil, {time.Millisecond, time.Millisecond, time.Millisecond}} {
					for n := 1; w.of(t).failsAt(place, n, retries, recorded); n++ {
						failures++
					}
				}
				if failures == 0 {
					t.Error("it never failed there")
				}
			})
		}
	}
}

// failsAt lets a relay fail at a place for the n-th time; false if it did not come
// to that. Every message is refused once, and one about each person twice.
func (w *world) failsAt(place string, n int, retries []time.Duration, recorded map[int][]event.ID) bool {
	w.Helper()
	d := newTold()
	d.refuse = func(id string, attempt int) error {
		if retries != nil && (attempt == 1 || attempt == 2 && id == recorded[1][0].String()) {
			return &relay.Failure{Reason: relay.Refused}
		}
		return nil
	}
	c := &crash{place: place, n: n, now: func() {}, once: true}
	config := w.config(destination("a", crashingPublisher{d, c}))
	config.Keep, config.Destinations[0].Retries = crashingKeep{w.keep, c}, retries
	config.After = hasty
	r, end := start(w, config)
	until(w, "the end", func() bool { return w.through(r) })
	_ = end()
	inOrder(w, recorded, d.ids())
	if all, err := r.Status(w.Context()); err != nil || all[0].EverParked > 0 {
		w.Errorf("status %+v, %v", all, err)
	}
	if w.Failed() {
		w.Fatalf("failed %s, for the %d. time", place, n)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped
}
