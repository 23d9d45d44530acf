package relay

import (
	"context"
	"errors"
	"math/bits"
	"testing"

	"caseledger/domain/event"
)

func markAt(p int) Mark {
	return Mark{event.Position(p), event.ID{UUID: event.UUID{0: byte(p), 1: byte(p >> 8), 15: 1}}}
}

// However far a ledger is put back, a mark is not much further back than that;
// and there are few of them.
func TestATrailReachesBack(t *testing.T) {
	t.Parallel()
	for _, step := range []int{1, 7, 1000} {
		var c Checkpoint
		const end = 40_000
		for p := step; p <= end; p += step {
			c = c.moved(markAt(p))
			if len(c.Trail) > bits.Len(uint(p))+1 {
				t.Fatalf("step %d: %d marks at %d", step, len(c.Trail), p)
			}
		}
		for back := 1; back < end/8; back *= 2 {
			first := 0 // mark that is at least so far back
			for _, m := range c.Trail {
				if d := int(c.Position - m.Position); d >= back {
					first = d
					break
				}
			}
			if first == 0 || first > 8*max(back, step) {
				t.Errorf("step %d: %d back, the next mark is %d back", step, back, first)
			}
		}
	}
}

func TestATrailAfterAWayBack(t *testing.T) {
	t.Parallel()
	c := Checkpoint{markAt(100), []Mark{markAt(99), markAt(60), markAt(10)}}.moved(markAt(50))
	if c.Mark != markAt(50) || len(c.Trail) != 1 || c.Trail[0] != markAt(10) {
		t.Errorf("got %v", c)
	}
	if again := c.moved(markAt(50)); len(again.Trail) != 1 {
		t.Errorf("not moved, and has %v", again.Trail)
	}
}

// A window moves past what was left without a gap, and is full by events and by
// bytes.
func TestAWindow(t *testing.T) {
	t.Parallel()
	w := newWindow(Checkpoint{Mark: markAt(10)}, 3)
	enter := func(p, bytes int) {
		t.Helper()
		if err := w.enter(t.Context(), markAt(p), bytes); err != nil {
			t.Fatal(err)
		}
	}
	full := func(why string, p int) {
		t.Helper()
		if w.entered(markAt(p), 1) {
			t.Errorf("there is room: %s", why)
		}
	}
	at := func(p int) {
		t.Helper()
		if c := w.checkpoint(); c.Mark != markAt(p) {
			t.Errorf("it is at %d, want %d", c.Position, p)
		}
	}
	enter(11, 1)
	enter(12, 1)
	enter(13, 1)
	full("three events", 14)
	w.leave(13)
	w.leave(12)
	at(10)
	full("the first was not left", 14)
	w.leave(11)
	at(13)
	enter(14, windowBytes+1)
	full("too many bytes", 15)
	ended, end := context.WithCancel(t.Context())
	end()
	if err := w.enter(ended, markAt(15), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("waited with %v", err)
	}
	w.leave(14)
	enter(15, 1)
	at(14)
}
