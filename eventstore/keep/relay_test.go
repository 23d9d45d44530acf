package keep_test

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/relay"
)

// relayed is a keep of a relay under test, with one consumer taken.
type relayed struct {
	relay.Keep
	relay.Lease
	t *testing.T
}

func mark(n int) relay.Mark {
	return relay.Mark{Position: event.Position(n), ID: event.ID{UUID: id(byte(n))}}
}

func (s *relayed) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// hold holds the n-th event, about somebody, due at an instant.
func (s *relayed) hold(n int, about byte, due time.Time) {
	s.t.Helper()
	s.must(s.Hold(s.t.Context(), relay.Held{Mark: mark(n), About: id(about), Reason: "no-answer", Attempts: 1, Since: noon, Due: due}))
}

// due checks which events are due an hour after noon.
func (s *relayed) due(want ...int) {
	s.t.Helper()
	all, err := s.Due(s.t.Context(), noon.Add(time.Hour), 9)
	s.must(err)
	var got []int
	for _, h := range all {
		got = append(got, int(h.Position))
	}
	same(s.t, "due", want)(got, nil)
}

var relayPromises = []struct {
	name string
	test func(*relayed)
}{
	{"a consumer that never was is at the beginning", func(s *relayed) {
		same(s.t, "nobody", relay.Consumer{})(s.Consumer(s.t.Context(), "nobody"))
		same(s.t, "loaded", relay.Checkpoint{})(s.Load(s.t.Context()))
	}},
	{"a checkpoint is given back with its trail, to the next that takes it", func(s *relayed) {
		want := relay.Checkpoint{Mark: mark(9), Trail: []relay.Mark{mark(7), mark(2)}}
		s.must(s.Save(s.t.Context(), want))
		next, err := s.Take(s.t.Context(), "a")
		s.must(err)
		same(s.t, "loaded", want)(next.Load(s.t.Context()))
		other, err := s.Take(s.t.Context(), "b")
		s.must(err)
		same(s.t, "another consumer", relay.Checkpoint{})(other.Load(s.t.Context()))
	}},
	{"the one before the last to take it writes nothing more", func(s *relayed) {
		s.hold(1, 1, noon)
		_, err := s.Take(s.t.Context(), "a")
		s.must(err)
		h := relay.Held{Mark: mark(2), About: id(2)}
		for what, err := range map[string]error{
			"save": s.Save(s.t.Context(), relay.Checkpoint{Mark: mark(1)}), "rewind": s.Rewind(s.t.Context(), relay.Checkpoint{}),
			"hold": s.Hold(s.t.Context(), h), "tried": s.Tried(s.t.Context(), relay.Held{Mark: mark(1)}),
			"release": s.Release(s.t.Context(), 1, noon), "disable": s.Disable(s.t.Context(), "gone"),
		} {
			if !errors.Is(err, relay.ErrFenced) {
				s.t.Errorf("%s: got %v, want ErrFenced", what, err)
			}
		}
		same(s.t, "consumer", relay.Consumer{Held: 1})(s.Consumer(s.t.Context(), "a"))
	}},
	{"what is held is due when it says, and what follows it of the same stream when that is released", func(s *relayed) {
		s.hold(1, 1, noon.Add(time.Minute))
		s.hold(2, 2, noon)
		s.hold(3, 1, noon)
		s.hold(4, 1, noon)
		s.due(2, 1)
		same(s.t, "first", noon)(s.next())
		s.must(s.Release(s.t.Context(), 2, noon))
		s.due(1)
		s.must(s.Release(s.t.Context(), 1, noon))
		s.due(3)
		s.must(s.Release(s.t.Context(), 3, noon.Add(2*time.Hour)))
		s.due()
		same(s.t, "first", noon.Add(2*time.Hour))(s.next())
		s.must(s.Release(s.t.Context(), 4, noon))
		s.must(s.Release(s.t.Context(), 4, noon))
		if _, ok, err := s.Next(s.t.Context()); ok || err != nil {
			s.t.Errorf("something is due: %v", err)
		}
		same(s.t, "held", false)(s.Holds(s.t.Context(), id(1)))
	}},
	{"one that is held again is left as it is", func(s *relayed) {
		s.hold(1, 1, noon)
		s.must(s.Tried(s.t.Context(), relay.Held{Mark: mark(1), Attempts: 8, Reason: "refused"}))
		s.hold(1, 1, noon)
		s.due()
		same(s.t, "held", []relay.Held{{Mark: mark(1), About: id(1), Reason: "refused", Attempts: 8, Since: noon}})(s.Held(s.t.Context(), "a", 0, 9))
	}},
	{"what is parked is listed and replayed, and what is behind it is not", func(s *relayed) {
		s.hold(1, 1, time.Time{})
		s.hold(2, 1, noon)
		s.hold(3, 3, time.Time{})
		s.hold(4, 4, noon)
		same(s.t, "consumer", relay.Consumer{Held: 4, Parked: 2})(s.Consumer(s.t.Context(), "a"))
		one := relay.Held{Mark: mark(1), About: id(1), Reason: "no-answer", Attempts: 1, Since: noon}
		two := relay.Held{Mark: mark(2), About: id(1), Reason: "no-answer", Attempts: 1, Since: noon, Behind: true}
		same(s.t, "held", []relay.Held{one, two})(s.Held(s.t.Context(), "a", 0, 2))
		same(s.t, "held after", []relay.Held{two})(s.Held(s.t.Context(), "a", 1, 1))
		same(s.t, "one behind", 0)(s.Replay(s.t.Context(), "a", 2, noon))
		same(s.t, "one", 1)(s.Replay(s.t.Context(), "a", 3, noon))
		s.due(3, 4)
		same(s.t, "all", 1)(s.Replay(s.t.Context(), "a", 0, noon))
		s.due(1, 3, 4)
		one.Attempts, one.Due = 0, noon
		same(s.t, "replayed", []relay.Held{one})(s.Held(s.t.Context(), "a", 0, 1))
		same(s.t, "nobody", 0)(s.Replay(s.t.Context(), "nobody", 0, noon))
	}},
	{"another ledger forgets what was held beyond it", func(s *relayed) {
		s.hold(1, 1, noon)
		s.hold(2, 2, noon)
		back := relay.Checkpoint{Mark: mark(1)}
		s.must(s.Rewind(s.t.Context(), back))
		s.due(1)
		same(s.t, "consumer", relay.Consumer{Checkpoint: back, Held: 1})(s.Consumer(s.t.Context(), "a"))
	}},
	{"a consumer is disabled until somebody enables it", func(s *relayed) {
		s.must(s.Disable(s.t.Context(), "gone"))
		same(s.t, "disabled", relay.Consumer{Disabled: "gone"})(s.Consumer(s.t.Context(), "a"))
		s.must(s.Enable(s.t.Context(), "a"))
		same(s.t, "enabled", relay.Consumer{})(s.Consumer(s.t.Context(), "a"))
	}},
	{"a context that has ended changes nothing", func(s *relayed) {
		ended, end := context.WithCancel(s.t.Context())
		end()
		if err := s.Save(ended, relay.Checkpoint{Mark: mark(1)}); !errors.Is(err, context.Canceled) {
			s.t.Errorf("got %v, want the context's error", err)
		}
		same(s.t, "consumer", relay.Consumer{})(s.Consumer(s.t.Context(), "a"))
	}},
}

func (s *relayed) next() (time.Time, error) {
	at, _, err := s.Next(s.t.Context())
	return at, err
}

// Held is both a keep's and a lease's; the keep's is meant.
func (s *relayed) Held(ctx context.Context, name string, after event.Position, n int) ([]relay.Held, error) {
	return s.Keep.Held(ctx, name, after, n)
}

func testRelayKeep(t *testing.T, open func(*testing.T) relay.Keep) {
	t.Helper()
	for _, p := range relayPromises {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			k := open(t)
			lease, err := k.Take(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			p.test(&relayed{k, lease, t})
		})
	}
}

func TestRelayKeeps(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		testRelayKeep(t, func(*testing.T) relay.Keep { return &keep.RelayMemory{} })
	})
	t.Run("sqlite", func(t *testing.T) {
		testRelayKeep(t, func(t *testing.T) relay.Keep { return openRelay(t, filepath.Join(t.TempDir(), "relay.db")) })
	})
}

func openRelay(t *testing.T, path string) *keep.Relay {
	t.Helper()
	k, err := keep.OpenRelaySQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return k
}

// What was acknowledged is there for the next process, and tables of another
// version are left as they are.
func TestRelayFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "relay.db")
	first := openRelay(t, path)
	lease, err := first.Take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	want := relay.Checkpoint{Mark: mark(3), Trail: []relay.Mark{mark(2)}}
	if err := lease.Save(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	same(t, "read beside the first", relay.Consumer{Checkpoint: want})(openRelay(t, path).Consumer(t.Context(), "a"))
	alter(t, path, "UPDATE relay_version SET version = 2")
	if _, err := keep.OpenRelaySQLite(t.Context(), path); !errors.Is(err, keep.ErrRelayVersion) {
		t.Errorf("got %v, want ErrRelayVersion", err)
	}
	got, err := first.Consumer(t.Context(), "a")
	if err != nil || !reflect.DeepEqual(got.Checkpoint, want) {
		t.Errorf("got %v, %v", got, err)
	}
}
