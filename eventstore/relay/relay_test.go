package relay_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/relay"
)

func has(want ...event.ID) func([]string) bool {
	return func(ids []string) bool {
		return !slices.ContainsFunc(want, func(id event.ID) bool { return !slices.Contains(ids, id.String()) })
	}
}

// TestTheLedgerIsFollowed publishes what was recorded before and what is
// recorded meanwhile, and says how far it is.
func TestTheLedgerIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.notices(1, 3)
	d := newTold()
	r, _ := start(t, w.config(destination("a", d)))
	d.wait(t, "what was there", has(before...))
	after := w.notices(2, 3)
	d.wait(t, "what came", has(after...))
	inOrder(t, map[int][]event.ID{1: before, 2: after}, d.ids())
	until(t, "the checkpoint", func() bool { return w.through(r) })
	all, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := w.store.Head(t.Context())
	if s := all[0]; err != nil || s.Position != head || s.Head != head || !s.Waiting.IsZero() || s.Published != 6 || s.Retried+s.EverParked > 0 {
		t.Errorf("status %+v", s)
	}
}

// A message that no program can read is parked, with what follows it of the same
// person; others go on.
func TestAPoisonMessageIsParkedWithItsPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.notices(1, 2)
	bad := w.poison(1)
	behind := w.notices(1, 2)
	others := w.notices(2, 2)
	d := newTold()
	r, _ := start(t, w.config(destination("a", d)))
	d.wait(t, "the others", has(others...))
	until(t, "the checkpoint", func() bool {
		all, err := r.Status(t.Context())
		return err == nil && all[0].Position == all[0].Head
	})
	inOrder(t, map[int][]event.ID{1: first, 2: others}, d.ids())
	held, err := r.Parked(t.Context(), "a", 0, 9)
	if err != nil || len(held) != 3 {
		t.Fatalf("held %+v, %v", held, err)
	}
	for i, want := range []relay.ParkedMessage{
		{Held: relay.Held{Mark: relay.Mark{ID: bad}, Reason: relay.Unreadable, Attempts: 1}},
		{Held: relay.Held{Mark: relay.Mark{ID: behind[0]}, Reason: relay.Behind, Behind: true}, Type: "person.privacy-notice-given", Readable: true},
		{Held: relay.Held{Mark: relay.Mark{ID: behind[1]}, Reason: relay.Behind, Behind: true}, Type: "person.privacy-notice-given", Readable: true},
	} {
		got := held[i]
		want.Position, want.Since, want.About = got.Position, got.Since, personID(1)
		if d := cmp.Diff(want, got); d != "" || got.Since.IsZero() {
			t.Errorf("held (-want +got):\n%s", d)
		}
	}
	// It cannot be read now, either.
	if n, err := r.Replay(t.Context(), "a", 0); n != 1 || err != nil {
		t.Errorf("replayed %d, %v", n, err)
	}
	if n, err := r.Replay(t.Context(), "a", held[1].Position); n != 0 || err != nil {
		t.Errorf("replayed %d, %v; it is behind another", n, err)
	}
	for _, err := range []error{second(r.Replay(t.Context(), "b", 0)), second(r.Parked(t.Context(), "b", 0, 1)), r.Enable(t.Context(), "b")} {
		if !errors.Is(err, relay.ErrNoDestination) {
			t.Errorf("got %v, want ErrNoDestination", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// older is a viewer of an earlier program, which does not know an event.
type older struct {
	relay.Viewer
	unknown event.ID
	err     error
}

func (o older) Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error) {
	if s.ID == o.unknown {
		if o.err == nil {
			panic("an invented mistake of the program, about " + canary)
		}
		return event.Recorded{}, o.err
	}
	return o.Viewer.Decode(ctx, s)
}

// What an earlier program could not read, or what made it fail, the next one
// reads and publishes, when somebody replays it, before what is behind it.
func TestAParkedMessageIsReadByTheNextProgram(t *testing.T) {
	t.Parallel()
	for reason, failed := range map[relay.Reason]error{relay.Unreadable: fmt.Errorf("decode: %w", codec.ErrNewerVersion), relay.Panicked: nil} {
		t.Run(string(reason), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			all := w.notices(1, 3)
			d := newTold()
			c := w.config(destination("a", d))
			c.Viewer = func(a relay.Audience) (relay.Viewer, error) {
				v, err := w.viewer(a)
				return older{v, all[1], failed}, err
			}
			r, stop := start(t, c)
			until(t, "all to be handled", func() bool {
				s, err := r.Status(t.Context())
				return err == nil && s[0].Position == s[0].Head && s[0].Held == 2 && s[0].Parked == 1
			})
			_ = stop()
			c = w.config(destination("a", d))
			c.After = hasty
			next, _ := start(t, c)
			held, err := next.Parked(t.Context(), "a", 0, 9)
			if err != nil || len(held) != 2 || held[0].Reason != reason || !held[0].Readable || !held[1].Behind {
				t.Fatalf("held %+v, %v", held, err)
			}
			if n, err := next.Replay(t.Context(), "a", held[0].Position); n != 1 || err != nil {
				t.Fatalf("replayed %d, %v", n, err)
			}
			d.wait(t, "the parked one", has(all...))
			inOrder(t, map[int][]event.ID{1: all}, d.ids())
			until(t, "nothing to be held", func() bool { return w.through(next) })
		})
	}
}

// hasty lets a thousandth of the time pass.
func hasty(d time.Duration) <-chan time.Time { return time.After(d / 1000) }

// A destination that refuses a message is tried as often as it says, then the
// message is parked; others are not held up.
func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine, others := w.notices(1, 2), w.notices(2, 2)
	d := newTold()
	d.refuse = func(id string, _ int) error {
		if id == mine[0].String() {
			return &relay.Failure{Reason: relay.Refused}
		}
		return nil
	}
	c := w.config(destination("a", d))
	c.Destinations[0].Retries = relay.WebhookRetries()
	var at atomic.Int64 // since noon
	c.Clock = func() time.Time { return noon.Add(time.Duration(at.Load())) }
	c.After = func(d time.Duration) <-chan time.Time {
		return time.After(time.Millisecond)
	}
	r, _ := start(t, c)
	d.wait(t, "the others", has(others...))
	waits := relay.WebhookRetries()
	for attempt := 1; attempt <= 9; attempt++ {
		var h relay.ParkedMessage
		until(t, "an attempt", func() bool {
			held, err := r.Parked(t.Context(), "a", 0, 9)
			if err != nil || len(held) != 2 || held[0].Attempts != attempt {
				return false
			}
			h = held[0]
			return true
		})
		if attempt == 9 {
			if !h.Parked() || h.Reason != relay.Refused {
				t.Errorf("after the last attempt: %+v", h)
			}
			break
		}
		if want := c.Clock().Add(waits[attempt-1]).Truncate(time.Microsecond); !h.Due.Equal(want) {
			t.Errorf("attempt %d: due %s, want %s", attempt, h.Due, want)
		}
		at.Add(int64(waits[attempt-1]))
	}
	if total := time.Duration(at.Load()); total > 24*time.Hour || total < 20*time.Hour {
		t.Errorf("it was tried for %s", total)
	}
	d.mu.Lock()
	d.refuse = nil
	d.mu.Unlock()
	if s, err := r.Status(t.Context()); err != nil || s[0].Counts != (relay.Counts{Published: 2, Retried: 8, EverParked: 1}) {
		t.Errorf("counts %+v, %v", s[0].Counts, err)
	}
	if n, err := r.Replay(t.Context(), "a", 0); n != 1 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	d.wait(t, "the parked one", has(mine...))
	inOrder(t, map[int][]event.ID{1: mine, 2: others}, d.ids())
}

// A destination that says it is gone is told nothing more until it is enabled,
// and then everything.
func TestADestinationThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := w.notices(1, 3)
	var gone atomic.Bool
	gone.Store(true)
	d, other := newTold(), newTold()
	d.refuse = func(id string, _ int) error {
		if id == all[1].String() && gone.Load() {
			return &relay.Failure{Reason: relay.Gone, Final: true}
		}
		return nil
	}
	c := w.config(destination("a", d), destination("b", other))
	c.Destinations[0].Retries = []time.Duration{time.Millisecond}
	c.After = hasty
	r, _ := start(t, c)
	until(t, "it to be disabled", func() bool {
		s, err := r.Status(t.Context())
		return err == nil && s[0].Disabled == relay.Gone && s[0].Held == 0
	})
	other.wait(t, "the other's", has(all...))
	more := w.notices(2, 1)
	other.wait(t, "the other's", has(more...))
	if ids := d.ids(); len(firsts(ids)) != 1 {
		t.Errorf("told %d", len(ids))
	}
	gone.Store(false)
	if err := r.Enable(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	d.wait(t, "the rest", has(append(all, more...)...))
	inOrder(t, map[int][]event.ID{1: all, 2: more}, d.ids())
}

// The last relay to start goes on; the one before stops and says so.
func TestTheLastRelayTakesOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	recorded := map[int][]event.ID{1: w.notices(1, 5)}
	d := newTold()
	first, err := relay.New(w.config(destination("a", d)))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Run(t.Context()) }()
	d.wait(t, "the first relay", has(recorded[1]...))
	if err := first.Run(t.Context()); !errors.Is(err, relay.ErrRunning) {
		t.Errorf("a second Run: %v, want ErrRunning", err)
	}
	start(t, w.config(destination("a", d)))
	for n := 0; ; n++ {
		recorded[1] = append(recorded[1], w.notices(1, 1)...)
		d.wait(t, "what is recorded", has(recorded[1]...))
		select {
		case err := <-ended:
			if !errors.Is(err, relay.ErrFenced) {
				t.Errorf("the first relay ended with %v, want ErrFenced", err)
			}
			inOrder(t, recorded, d.ids())
			return
		case <-time.After(time.Millisecond):
		}
		if n > 5000 {
			t.Fatal("the first relay goes on")
		}
	}
}

// counting counts what is read of a ledger.
type counting struct {
	eventstore.Store
	read atomic.Int64
}

func (c *counting) ReadAll(ctx context.Context, after event.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for s, err := range c.Store.ReadAll(ctx, after) {
			c.read.Add(1)
			if !yield(s, err) {
				return
			}
		}
	}
}

// A destination that does not answer holds a window of messages, and neither
// appends nor other destinations wait for it.
func TestASlowDestinationHoldsAWindowAndNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	free, released := make(chan struct{}), false
	slow, quick := newTold(), newTold()
	slow.refuse = func(string, int) error { <-free; return nil }
	defer func() {
		if !released {
			close(free)
		}
	}()
	store := &counting{Store: w.store}
	c := w.config(destination("slow", slow))
	c.Store, c.Window = store, 100
	start(t, c)
	start(t, w.config(destination("quick", quick)))
	recorded := map[int][]event.ID{}
	for who := range 20 {
		recorded[who] = w.notices(who, 100)
	}
	for _, ids := range recorded {
		quick.wait(t, "the other destination", has(ids[len(ids)-1]))
	}
	inOrder(t, recorded, quick.ids())
	until(t, "the window to fill", func() bool { return store.read.Load() >= 100 })
	if n := store.read.Load(); n > 200 { // and what was read twice at an awakening
		t.Errorf("%d events were read, with a window of 100", n)
	}
	close(free)
	released = true
	for _, ids := range recorded {
		slow.wait(t, "the slow one", has(ids...))
	}
	inOrder(t, recorded, slow.ids())
}

// TestARestoredLedger goes on with a ledger that was put back and went on
// differently: nothing of it is passed over.
func TestARestoredLedger(t *testing.T) {
	t.Parallel()
	for name, longer := range map[string]int{"shorter than the checkpoint": 1, "as long": 20, "longer": 60} {
		for _, kind := range []string{"restarted", "under the running relay"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				switched := &switching{store: w.store}
				d := newTold()
				c := w.config(destination("a", d))
				c.Store, c.After = switched, hasty
				before := w.notices(1, 40)
				r, stop := start(t, c)
				d.wait(t, "the ledger as it was", has(before...))
				until(t, "the checkpoint", func() bool { return w.through(r) })
				if kind == "restarted" {
					_ = stop()
				}
				old := w.store
				w.store = memory.New(func() time.Time { return noon })
				w.revision = map[event.StreamID]eventstore.Revision{}
				kept := 0
				for s, err := range old.ReadAll(t.Context(), 0) {
					if err != nil {
						t.Fatal(err)
					}
					if kept++; kept > 25 {
						break
					}
					w.append(s.Stream, []eventstore.Event{{ID: s.ID, Body: s.Body}})
				}
				after := w.notices(1, longer)
				switched.set(w.store)
				if kind == "restarted" {
					r, _ = start(t, c)
				}
				d.wait(t, "what the restored ledger holds", has(after...))
				until(t, "the checkpoint", func() bool { return w.through(r) })
				told := firsts(d.ids())
				mine := slices.DeleteFunc(told, func(id string) bool {
					return slices.ContainsFunc(before, func(b event.ID) bool { return b.String() == id })
				})
				var want []string
				for _, id := range after {
					want = append(want, id.String())
				}
				if d := cmp.Diff(want, mine); d != "" {
					t.Errorf("told of the restored ledger (-want +got):\n%s", d)
				}
			})
		}
	}
}

// switching is a store that is another one from some moment on.
type switching struct {
	mu    sync.Mutex
	store eventstore.Store
}

func (s *switching) set(store eventstore.Store) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store = store
}

func (s *switching) is() eventstore.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

func (s *switching) Append(ctx context.Context, stream event.StreamID, r eventstore.Revision, e []eventstore.Event) (eventstore.Appended, error) {
	return s.is().Append(ctx, stream, r, e)
}

func (s *switching) ReadStream(ctx context.Context, stream event.StreamID, from eventstore.Revision) iter.Seq2[eventstore.Stored, error] {
	return s.is().ReadStream(ctx, stream, from)
}

func (s *switching) ReadAll(ctx context.Context, after event.Position) iter.Seq2[eventstore.Stored, error] {
	return s.is().ReadAll(ctx, after)
}

func (s *switching) Wait(ctx context.Context, after event.Position) (event.Position, error) {
	return s.is().Wait(ctx, after)
}

func (s *switching) Head(ctx context.Context) (event.Position, error) { return s.is().Head(ctx) }
