package memory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(_ testing.TB, clock func() time.Time) eventstore.Store { return memory.New(clock) })
}

func TestIngest(t *testing.T) {
	storetest.RunIngest(t, func(_ testing.TB, clock func() time.Time) eventstore.Store { return memory.New(clock) })
}

func TestStoreUnderFaults(t *testing.T) {
	as := map[storetest.Fault]memory.Fault{
		storetest.Refused:    memory.Fail,
		storetest.LostBefore: memory.LoseBefore,
		storetest.LostAfter:  memory.LoseAfter,
	}
	storetest.Faults(t, func(_ testing.TB, clock func() time.Time) (eventstore.Store, func(int, storetest.Fault)) {
		s := memory.New(clock)
		return s, func(n int, f storetest.Fault) { s.Inject(memory.Append, n, as[f]) }
	})
}

var (
	person = event.Case(event.MustUUID("00000000-0000-4000-8000-000000000001"))
	facts  = []eventstore.Event{
		{ID: event.ID{UUID: event.MustUUID("00000000-0000-4000-8000-00000000000a")}, Body: []byte("a")},
		{ID: event.ID{UUID: event.MustUUID("00000000-0000-4000-8000-00000000000b")}, Body: []byte("b")},
	}
)

// An append that hangs leaves its caller in doubt when the context ends: half
// of the time the batch is there.
func TestHangingAppend(t *testing.T) {
	t.Parallel()
	for fault, held := range map[memory.Fault]eventstore.Position{memory.Hang: 0, memory.HangAfter: 2} {
		synctest.Test(t, func(t *testing.T) {
			s := memory.New(time.Now)
			s.Inject(memory.Append, 1, fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err := s.Append(ctx, person, 0, facts)
			if !errors.Is(err, eventstore.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("append: got %v, want an unknown outcome for want of time", err)
			}
			if head, err := s.Head(t.Context()); err != nil || head != held {
				t.Errorf("head: got %d and error %v, want %d", head, err, held)
			}
		})
	}
}

func TestFaultyReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(time.Now)
		if _, err := s.Append(t.Context(), person, 0, facts); err != nil {
			t.Fatal(err)
		}
		reads := map[memory.Op]func(context.Context) (int, error){
			memory.ReadAll: func(ctx context.Context) (n int, last error) {
				for _, err := range s.ReadAll(ctx, 0) {
					if last = err; err == nil {
						n++
					}
				}
				return n, last
			},
			memory.ReadStream: func(ctx context.Context) (n int, last error) {
				for _, err := range s.ReadStream(ctx, person, 0) {
					if last = err; err == nil {
						n++
					}
				}
				return n, last
			},
			memory.Wait: func(ctx context.Context) (int, error) { head, err := s.Wait(ctx, 0); return int(head), err },
			memory.Head: func(ctx context.Context) (int, error) { head, err := s.Head(ctx); return int(head), err },
		}
		faults := []struct {
			fault memory.Fault
			want  error
			read  int
		}{
			{memory.Fail, eventstore.ErrUnavailable, 0},
			{memory.Hang, context.DeadlineExceeded, 0},
			{memory.FailMidway, memory.ErrInjected, 1},
		}
		for op, read := range reads {
			for _, f := range faults {
				if f.fault == memory.FailMidway && op != memory.ReadAll && op != memory.ReadStream {
					continue
				}
				s.Inject(op, 2, f.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				for call := 1; call <= 3; call++ {
					using, want, n := t.Context(), error(nil), 2
					if call == 2 {
						using, want, n = ctx, f.want, f.read
					}
					if got, err := read(using); !errors.Is(err, want) || got != n {
						t.Errorf("operation %d call %d: got %d and error %v, want %d and %v", op, call, got, err, n, want)
					}
				}
				cancel()
			}
		}
	})
}

func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	s := memory.New(time.Now)
	for _, plan := range []func(){
		func() { s.Inject(memory.Head, 1, memory.LoseAfter) },
		func() { s.Inject(memory.Append, 1, memory.FailMidway) },
		func() { s.Inject(memory.Append, 0, memory.Fail) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("an impossible fault was accepted")
				}
			}()
			plan()
		}()
	}
}
