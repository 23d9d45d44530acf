package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/reactor"
)

// A TICKET of these tests runs out an hour on: that is a command, which records
// OVER on the same stream, unless it says OVER already.

// timed is a world where tickets run out.
func timed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.judges.Due = runOut
	w.do = w.over
	return w
}

func runOut(_ event.StreamID, standing []event.Recorded, at time.Time) (due []casefile.DueCommand, next time.Time) {
	over := map[event.UUID]bool{}
	for _, e := range standing {
		if a, ok := e.Data.(act); ok && a.Kind == "OVER" {
			over[a.Org] = true
		}
	}
	for _, e := range standing {
		end := e.Effective.Earliest().Add(time.Hour)
		switch {
		case e.Data != (act{Kind: "TICKET"}) || over[e.ID.UUID]:
		case !end.After(at):
			due = append(due, casefile.DueCommand{Name: "run-out", Body: e.ID.UUID, At: end, Side: nurse.Side, Org: nurse.Org})
		case next.IsZero() || end.Before(next):
			next = end
		}
	}
	return due, next
}

// over gives the command.
func (w *world) over(ctx context.Context, stream event.StreamID, c casefile.DueCommand) error {
	ticket := c.Body.(event.UUID)
	cmd := eventstore.Command{ID: event.DeriveUUID("test-due", ticket[:]), Stream: stream, Subject: stream.Of, Effective: event.At(c.At),
		Actor: reactor.System(c.Side, c.Org), Purpose: "AUDIT", Origin: event.Live, IfAny: true}
	_, err := eventstore.Execute(ctx, w.store, w.codec, cmd, func(standing []event.Recorded, _ event.Revision) ([]event.Draft, error) {
		if slices.ContainsFunc(standing, func(e event.Recorded) bool { return e.Data == act{Kind: "OVER", Org: ticket} }) {
			return nil, nil
		}
		return []event.Draft{{Data: act{Kind: "OVER", Org: ticket}}}, nil
	})
	return err
}

// ranOut lists when the tickets on a stream ran out, since the start.
func (w *world) ranOut(stream event.StreamID) (all []time.Duration) {
	w.Helper()
	for s, err := range w.store.ReadStream(w.Context(), stream, 0) {
		if err != nil {
			w.Fatal(err)
		}
		e, err := w.codec.Decode(w.Context(), s)
		if err != nil {
			w.Fatal(err)
		}
		if a, ok := e.Data.(act); ok && a.Kind == "OVER" {
			all = append(all, e.Effective.Earliest().Sub(start))
		}
	}
	return all
}

func (w *world) runsOut(stream event.StreamID, want ...time.Duration) {
	w.Helper()
	if got := w.ranOut(stream); !slices.Equal(got, want) {
		w.Errorf("ran out at %v, want %v", got, want)
	}
}

func of(n int) event.StreamID { return event.Case(person(n)) }

// What falls due on a case or an agreement is done then, of when it was due,
// however late, and once.
func TestWhatFallsDueIsDone(t *testing.T) {
	t.Parallel()
	w := timed(t)
	agreement := event.Agreement(event.DeriveUUID("test-agreement"))
	w.does(1, "TICKET")
	w.record(agreement, nurse, event.Draft{Data: act{Kind: "TICKET"}})
	w.does(2, "GOOD")
	w.catchUp()
	w.later(30*time.Minute).does(1, "TICKET")
	w.later(30*time.Minute - time.Microsecond).catchUp()
	w.runsOut(of(1))
	w.runsOut(agreement)
	w.later(time.Microsecond)
	sum, err := w.reactor().CatchUp(t.Context(), false)
	if err != nil || sum.Done != 2 {
		t.Errorf("done: %+v, %v", sum, err)
	}
	w.runsOut(of(1), time.Hour)
	w.runsOut(agreement, time.Hour)
	w.later(48 * time.Hour).catchUp()
	w.runsOut(of(1), time.Hour, 90*time.Minute)
	before := w.head()
	w.again()
	w.keep = &keep.Memory{}
	w.catchUp()
	if now := w.head(); now != before {
		t.Errorf("again: %d events more", now-before)
	}
}

// A reactor that does nothing leaves what falls due to one that does, also
// where it judged later.
func TestWhatFallsDueWaitsForWhoDoesIt(t *testing.T) {
	t.Parallel()
	w := timed(t)
	w.do = nil
	agreement := event.Agreement(event.DeriveUUID("test-agreement"))
	w.does(1, "TICKET")
	w.record(agreement, nurse, event.Draft{Data: act{Kind: "TICKET"}})
	w.later(3 * time.Hour).again()
	w.again()
	w.runsOut(of(1))
	w.do = w.over
	w.catchUp()
	w.runsOut(of(1), time.Hour)
	w.runsOut(agreement, time.Hour)
}

// The live loop wakes when something falls due.
func TestRunDoesWhatFallsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := timed(t)
		began := time.Now()
		w.at = began
		config := w.reactor().Config
		config.Clock = time.Now
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- reactor.New(config).Run(ctx) }()
		w.does(1, "TICKET")
		<-time.After(time.Hour - time.Second)
		synctest.Wait()
		w.runsOut(of(1))
		<-time.After(time.Second)
		synctest.Wait()
		w.runsOut(of(1), began.Add(time.Hour).Sub(start))
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("stopped with %v", err)
		}
	})
}

// A command that is refused is passed over, and looked at again when its stream
// is; one that fails otherwise parks its stream. Others go on.
func TestWhatCannotBeDone(t *testing.T) {
	t.Parallel()
	w := timed(t)
	given := map[event.StreamID]int{}
	fails := map[event.StreamID]error{of(1): fault.Refuse("moved", "the state has moved"), of(2): fault.New(fault.Corrupt, "corrupt", "it is not there")}
	w.do = func(ctx context.Context, stream event.StreamID, c casefile.DueCommand) error {
		given[stream]++
		if err := fails[stream]; err != nil {
			return err
		}
		return w.over(ctx, stream, c)
	}
	for n := 1; n < 4; n++ {
		w.does(n, "TICKET")
	}
	w.later(2 * time.Hour).catchUp()
	w.catchUp()
	w.runsOut(of(3), time.Hour)
	if given[of(1)] != 1 || given[of(2)] != 1 {
		t.Errorf("given %v, want each once", given)
	}
	parked, err := w.keep.Parked(t.Context(), 9)
	if err != nil || len(parked) != 1 || parked[0].Stream != of(2) || parked[0].Reason == "" {
		t.Errorf("parked %+v, %v", parked, err)
	}
	clear(fails)
	for n := 1; n < 3; n++ {
		w.does(n, "GOOD")
		w.catchUp()
		w.runsOut(of(n), time.Hour)
	}
	if parked, err := w.keep.Parked(t.Context(), 9); err != nil || len(parked) > 0 {
		t.Errorf("still parked: %+v, %v", parked, err)
	}
}

// What the store or others stand in the way of is done at the next start.
func TestWhatCannotBeDoneNow(t *testing.T) {
	t.Parallel()
	for _, f := range []error{errors.New("away"), fault.New(fault.Unavailable, "unavailable", "later"), fault.New(fault.Conflict, "too-much-contention", "others")} {
		w := timed(t)
		w.does(1, "TICKET")
		w.do = func(context.Context, event.StreamID, casefile.DueCommand) error { return f }
		w.later(2 * time.Hour)
		if _, err := w.reactor().CatchUp(t.Context(), false); !errors.Is(err, f) {
			t.Errorf("got %v, want %v", err, f)
		}
		w.do = w.over
		w.catchUp()
		w.runsOut(of(1), time.Hour)
	}
}

// ticketed is a world in which much is due.
func ticketed(t *testing.T) *world {
	w := timed(t)
	w.window, w.people = 3, 2
	for range 2 {
		for n := range 3 {
			w.does(n, "TICKET")
			w.does(n, "BAD")
		}
		w.later(time.Minute)
	}
	return w.later(5 * time.Hour)
}

func (w *world) allRanOut(when string) {
	w.Helper()
	for n := range 3 {
		if got := w.ranOut(of(n)); !slices.Equal(got, []time.Duration{time.Hour, time.Hour + time.Minute}) {
			w.Errorf("%s: of person %d: ran out at %v", when, n, got)
		}
	}
}

// What falls due in a merged record does so once, on the survivor's.
func TestWhatFallsDueInAMergedRecordIsDoneOnTheSurvivors(t *testing.T) {
	t.Parallel()
	const survivor, loser = 1, 2
	w := timed(t)
	w.does(survivor, "GOOD")
	w.does(loser, "TICKET")
	w.catchUp()
	w.fence(loser, survivor)
	w.merge(survivor, loser)
	w.later(30 * time.Minute).catchUp()
	w.does(loser, "TICKET") // the merged stream alone is touched
	w.catchUp()
	w.later(2 * time.Hour).catchUp()
	w.again()
	w.runsOut(of(survivor), time.Hour, 90*time.Minute)
	w.runsOut(of(loser))
}

// Wherever the process stops, between a command and the agenda too, or the
// store fails, what fell due is done once.
func TestWhatFallsDueIsNeitherLostNorDoubled(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{false, true} {
		for n := 1; ; n++ {
			w := ticketed(t)
			kept := w.keep
			w.keep = &stopping{kept, n, done}
			_, err := w.reactor().CatchUp(t.Context(), false)
			if err == nil {
				if n < 8 {
					t.Errorf("only %d writes", n-1)
				}
				break
			}
			if !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			w.keep = kept
			w.catchUp()
			w.allRanOut(fmt.Sprintf("write %d, done %v", n, done))
		}
	}
	for _, f := range []memory.Fault{memory.Fail, memory.LoseBefore, memory.LoseAfter} {
		for n := 1; n <= 12; n++ {
			w := ticketed(t)
			w.store.Inject(memory.Append, n, f)
			for tries := 0; ; tries++ {
				if _, err := w.reactor().CatchUp(t.Context(), false); err == nil {
					break
				} else if tries == 3 {
					t.Fatal(err)
				}
			}
			w.allRanOut(fmt.Sprintf("append %d, fault %d", n, f))
		}
	}
}
