package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"caseledger/eventstore"
)

// Fault is a way for an append to go wrong.
type Fault int

// The faults, by what the caller is told and what is true.
const (
	Refused    Fault = iota // ErrUnavailable; nothing was recorded
	LostBefore              // ErrUnknown; nothing was recorded
	LostAfter               // ErrUnknown; the batch was recorded
)

func (f Fault) String() string { return [...]string{"refused", "lost before", "lost after"}[f] }

// Faulty opens a store and returns with it a way to make its n-th append from
// now go wrong once; 1 is the next.
type Faulty func(tb testing.TB, clock func() time.Time) (s eventstore.Store, inject func(n int, f Fault))

// Faults checks that a store whose n-th append fails keeps its promises: the
// outcome is named truly, the batch is whole or absent, a retry settles it,
// and the order stays dense. Like [Run], it must not run in parallel.
func Faults(t *testing.T, open Faulty) {
	for _, f := range []Fault{Refused, LostBefore, LostAfter} {
		for _, n := range []int{1, 2, 7} {
			t.Run(f.String()+" at append "+string(rune('0'+n)), func(t *testing.T) {
				var inject func(int, Fault)
				s := start(t, func(tb testing.TB, clock func() time.Time) (s eventstore.Store) {
					s, inject = open(tb, clock)
					return s
				})
				inject(n, f)
				faultyRun(t, s, n, f)
			})
		}
	}
}

func faultyRun(t *testing.T, s *subject, n int, f Fault) {
	want := eventstore.ErrUnavailable
	if f != Refused {
		want = eventstore.ErrUnknown
	}
	stream := s.person()
	var all []eventstore.Event
	for i := range 9 {
		batch := s.facts("a", "b")
		at := eventstore.Revision(len(all))
		got, err := s.Append(hasty(t), stream, at, batch)
		if i+1 != n {
			if err != nil || got.Repeated {
				t.Fatalf("append %d: got %+v and error %v, want recorded", i+1, got, err)
			}
			all = append(all, batch...)
			continue
		}
		if !errors.Is(err, want) || errors.Is(err, context.Canceled) {
			t.Fatalf("append %d: got error %v, want %v", i+1, err, want)
		}
		held := len(all)
		if f == LostAfter {
			held += len(batch)
		}
		if got := len(s.stream(t, stream)); got != held || s.head(t) != eventstore.Position(held) {
			t.Errorf("after the fault the stream holds %d events and the head is %d, want %d", got, s.head(t), held)
		}
		got, err = s.Append(hasty(t), stream, at, batch)
		if err != nil || got.Repeated != (f == LostAfter) {
			t.Fatalf("retry: got %+v and error %v, want repeated %v", got, err, f == LostAfter)
		}
		all = append(all, batch...)
		if int(got.Revision) != len(all) || int(got.Last) != len(all) {
			t.Errorf("retry ended at position %d revision %d, want %d", got.Last, got.Revision, len(all))
		}
	}
	same(t, s.stream(t, stream), stream, 1, all...)
	for i, e := range s.all(t, 0) {
		if int(e.Position) != i+1 {
			t.Errorf("event %d has position %d", i+1, e.Position)
		}
	}
}
