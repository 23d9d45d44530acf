package reactor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"caseledger/domain/access"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/reactor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What was found is on the finding stream of whom it is about, recorded by the
// system on the record of whose act it is, at the instant at which it came to
// be so.
func TestAFindingIsOnTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	item := w.does(1, "BAD")
	w.does(2, "GOOD")
	w.later(72 * time.Hour).catchUp()
	all := w.findings(person(1))
	if len(all) != 1 {
		t.Fatalf("%d events, want one", len(all))
	}
	e := all[0]
	raised := e.Data.(finding.FindingRaised)
	if e.Actor != reactor.System(event.NHS, nurse.Org) || e.Actor.Role != "SYSTEM" {
		t.Errorf("recorded by %+v", e.Actor)
	}
	if e.Subject != person(1) || e.Effective != event.At(start) || !e.RecordedAt.Equal(start.Add(72*time.Hour)) || e.Purpose != "AUDIT" || e.Origin != event.Live {
		t.Errorf("recorded as %+v at %s", e.Meta, e.RecordedAt)
	}
	if raised.Finding != raised.Judged.ID(person(1)) || raised.Judged.Item != item || raised.Again || raised.To != 4 {
		t.Errorf("raised %+v", raised)
	}
	w.tells(person(2))
}

// Judging again what has not changed records nothing, and what has changed
// adds.
func TestJudgingAgainAdds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.does(1, "BAD")
	w.does(1, "PROMISE")
	w.of(2, 3)
	w.look(1, access.RecordAccessed{View: "person", Class: access.ReadOne, Subjects: subjects(1)})
	w.later(2 * time.Hour).catchUp()
	before := w.head()
	sum, err := w.reactor().CatchUp(t.Context(), true)
	if err != nil || sum != (reactor.Sum{To: before, Judged: 2}) {
		t.Errorf("judging again: %+v, %v", sum, err)
	}
	w.keep = &keep.Memory{} // dropped, and made again from the ledger
	w.catchUp()
	if now := w.head(); now != before {
		t.Errorf("judging again recorded %d events", now-before)
	}
	w.record(event.Case(person(1)), nurse, event.Draft{Data: event.EnteredInError{Reason: event.Own("invented")}, Corrects: bad})
	w.catchUp()
	if got := w.story(person(1)); len(got) != 4 || got[3] != "superseded" {
		t.Errorf("after the void: %q", got)
	}
	before = w.head()
	w.again()
	if now := w.head(); now != before {
		t.Errorf("judging again recorded %d events", now-before)
	}
}

// Everybody whom a look names is judged on it, whichever kind of look it is.
func TestLooksAreJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.does(1, "GOOD")
	one := w.look(1, access.RecordAccessed{View: "person", Class: access.ReadList, Subjects: subjects(1, 2)})
	two := w.look(2, access.LedgerRead{View: "ledger", Purpose: "AUDIT", Subjects: subjects(1)})
	for range 40 {
		w.does(3, "GOOD") // far apart in the ledger
	}
	three := w.look(1, access.ReplayExported{Purpose: "AUDIT", Subjects: subjects(2)})
	w.catchUp()
	w.tells(person(1), "L46 of "+one.String(), "L46 of "+two.String())
	w.tells(person(2), "L46 of "+one.String(), "L46 of "+three.String())
	w.tells(person(3))
	by := w.findings(person(1))[0].Actor
	if by != reactor.System(event.Probation, officer.Org) {
		t.Errorf("recorded by %+v, want on the record of the side that looked", by)
	}
}

// A deadline that passes is a finding from that instant, however late it was
// noticed; one that was met is none.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	missed := w.does(1, "PROMISE")
	w.does(2, "PROMISE")
	w.catchUp()
	w.later(30*time.Minute).does(2, "KEPT")
	w.later(30*time.Minute - time.Microsecond).catchUp()
	w.tells(person(1))
	w.later(time.Microsecond + 48*time.Hour).catchUp()
	w.tells(person(1), "L20 of "+missed.String())
	w.tells(person(2))
	if e := w.findings(person(1))[0]; e.Effective != event.At(start.Add(time.Hour)) {
		t.Errorf("effective %s, want when it was due", e.Effective)
	}
}

// The live loop judges what is recorded while it runs, and wakes when
// something is due.
func TestRunFollowsTheLedgerAndTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		began := time.Now()
		w.at = began
		config := w.reactor().Config
		config.Clock = time.Now
		r := reactor.New(config)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		bad := w.does(1, "BAD")
		promise := w.does(2, "PROMISE")
		synctest.Wait()
		w.tells(person(1), "L01 of "+bad.String())
		w.tells(person(2))
		if _, err := r.CatchUp(t.Context(), false); !errors.Is(err, reactor.ErrRunning) {
			t.Errorf("a second one: got %v, want ErrRunning", err)
		}
		<-time.After(time.Hour - time.Second)
		synctest.Wait()
		w.tells(person(2))
		<-time.After(time.Second)
		synctest.Wait()
		w.tells(person(2), "L20 of "+promise.String())
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("stopped with %v", err)
		}
	})
}

// What people's cases show of an organisation is found once, for the earliest
// act that shows it, in whatever order the cases are judged.
func TestOfAnOrganisationOnce(t *testing.T) {
	t.Parallel()
	for _, people := range []int{1, 64} {
		w := newWorld(t)
		w.people = people
		w.of(1, 0)
		w.later(-time.Hour)
		first := w.of(2, 0)
		w.later(2 * time.Hour)
		for n := 3; n < 9; n++ {
			w.of(n, 0)
		}
		w.catchUp()
		got := w.story(org(0))
		if last := got[len(got)-1]; last != "L38 of "+first.String() && last != "L38 of "+first.String()+" again" {
			t.Errorf("%d at a time: %q, want to end with %s", people, got, first)
		}
		if people == 64 && len(got) != 1 {
			t.Errorf("together: %q, want one", got)
		}
		for n := range 9 {
			w.tells(person(n))
		}
		before := len(got)
		w.of(1, 0)
		w.again()
		if got := w.story(org(0)); len(got) != before {
			t.Errorf("a later act: %q", got)
		}
	}
}

// An organisation is judged when its governance changes and when it is due.
// What is shown of people goes to their streams, and is withdrawn there,
// whoever is judged.
func TestOrganisationsAreJudged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var item event.ID
	about := []event.UUID{org(1), person(1), person(2)}
	w.judges.Organisation = func(_ *lawfulness.Shared, of event.UUID, at time.Time) (map[event.UUID][]finding.Judged, time.Time) {
		due := start.Add(time.Hour)
		if of != org(1) {
			return nil, time.Time{}
		}
		if due.After(at) {
			return nil, due
		}
		out := map[event.UUID][]finding.Judged{}
		for _, who := range about {
			f := finding.Judged{Monitor: "L31", Version: 1, Severity: finding.High, Item: item, Evidence: []event.ID{item}, At: event.At(due),
				Hindsight: true, By: nurse.ID, Org: nurse.Org, Side: nurse.Side}
			if who == of {
				f.Organisation = of
			}
			out[who] = append(out[who], f)
		}
		return out, time.Time{}
	}
	item = w.govern(1)
	w.govern(2)
	w.does(1, "GOOD")
	w.of(3, 1)
	w.catchUp()
	w.tells(person(1))
	w.later(3 * time.Hour).catchUp()
	for _, who := range about[1:] {
		w.tells(who, "L31 of "+item.String())
	}
	if got := w.story(org(1)); len(got) != 2 {
		t.Errorf("of the organisation: %q, want what its governance and what a case shows", got)
	}
	w.does(1, "GOOD")
	w.of(3, 1)
	w.again()
	for _, who := range about[1:] {
		w.tells(who, "L31 of "+item.String())
	}
	about = about[:1]
	w.does(1, "GOOD")
	w.catchUp()
	w.tells(person(1), "L31 of "+item.String(), "superseded")
	w.tells(person(2), "L31 of "+item.String()) // nothing was said of them
	if got := w.story(org(1)); len(got) != 2 {
		t.Errorf("of the organisation: %q", got)
	}
}

// The live loop leaves those whom a change around them may touch to the next
// batch, which judges everybody; other judges do so at once.
func TestWhoIsJudgedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	judged := 0
	w.progress = func(s reactor.Sum) { judged = s.Judged }
	for n := range 4 {
		w.does(n, "GOOD")
	}
	w.govern(1)
	w.catchUp()
	if judged != 5 {
		t.Errorf("at first %d were judged, want 5", judged)
	}
	for what, change := range map[string]func() int{
		"nothing":        func() int { return 0 },
		"one person":     func() int { w.does(1, "GOOD"); return 1 },
		"an agreement":   func() int { w.govern(1); return 5 },
		"other monitors": func() int { w.judges.Name += "."; return 5 },
	} {
		want := change()
		judged = 0
		w.catchUp()
		if judged != want {
			t.Errorf("%s: %d were judged, want %d", what, judged, want)
		}
	}
}

// Whose record cannot be read is parked, and the others are judged. It is
// tried again when the ledger says more, or everybody is judged.
func TestAStreamThatCannotBeReadIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.does(1, "BAD"), w.does(2, "BAD")
	w.of(1, 1)
	w.of(2, 2)
	w.look(7, access.RecordAccessed{View: "person", Subjects: subjects(2)})
	session := event.Access(event.DeriveUUID("test-session", []byte("7")))
	w.broken = map[event.StreamID]bool{event.Case(person(1)): true, session: true, {Kind: event.FindingStream, Of: org(2)}: true}
	w.record(event.StreamID{Kind: event.FindingStream, Of: org(2)}, nurse, event.Draft{Data: finding.FindingAcknowledged{}})
	w.catchUp()
	w.tells(person(1))
	w.tells(person(2), "L01 of "+second.String())
	parked, err := w.keep.Parked(t.Context(), 9)
	if err != nil {
		t.Fatal(err)
	}
	want := []event.StreamID{event.Case(person(1)), {Kind: event.OrgStream, Of: org(2)}, session}
	for i, p := range parked {
		if i >= len(want) || p.Stream != want[i] || p.At == 0 || p.Reason == "" {
			t.Errorf("parked %+v", p)
		}
	}
	if len(parked) != len(want) {
		t.Errorf("%d are parked, want %d", len(parked), len(want))
	}
	w.broken = map[event.StreamID]bool{}
	w.again()
	w.tells(person(1), "L01 of "+first.String())
	if parked, err := w.keep.Parked(t.Context(), 9); err != nil || len(parked) > 0 {
		t.Errorf("still parked: %v, %v", parked, err)
	}
}

// The reactor that started last is the one that works.
func TestTheLastOneWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.does(1, "BAD")
	w.does(2, "BAD")
	w.people = 1
	w.progress = func(s reactor.Sum) {
		if s.Judged == 1 {
			if _, _, err := w.keep.Take(t.Context(), w.judges.Name); err != nil {
				t.Errorf("the second one: %v", err)
			}
		}
	}
	if _, err := w.reactor().CatchUp(t.Context(), false); !errors.Is(err, reactor.ErrFenced) {
		t.Errorf("the first one: got %v, want ErrFenced", err)
	}
	w.progress = nil
	w.catchUp()
	for n := 1; n < 3; n++ {
		if got := w.story(person(n)); len(got) != 1 {
			t.Errorf("of person %d: %q", n, got)
		}
	}
}

// play draws a step of a history.
func (w *world) play(step int, who int) {
	switch step {
	case 0, 1, 2, 3:
		w.does(who, []code{"BAD", "PROMISE", "KEPT", "GOOD"}[step])
	case 4:
		w.of(who, who%2)
	case 5:
		w.look(who, access.RecordAccessed{View: "person", Subjects: subjects(who, (who+1)%5)})
	case 6:
		w.govern(who)
	case 7:
		if bad := w.firstBad(who); !bad.IsZero() {
			w.record(event.Case(person(who)), nurse, event.Draft{Data: event.EnteredInError{Reason: event.Own("invented")}, Corrects: bad})
		}
	default:
		w.later(17 * time.Minute)
	}
}

// firstBad is the first BAD act of a person's.
func (w *world) firstBad(who int) event.ID {
	for s, err := range w.store.ReadStream(w.Context(), event.Case(person(who)), 0) {
		if err != nil {
			w.Fatal(err)
		}
		if e, err := w.codec.Decode(w.Context(), s); err == nil && e.Data == (act{Kind: "BAD"}) {
			return e.ID
		}
	}
	return event.ID{}
}

// However a history is cut into windows and batches, and whenever it is judged
// in between, what stands in the end is what one run from scratch finds.
func TestIncrementalIsFromScratch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		bit, whole := newWorld(t), newWorld(t)
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			step, who := rapid.IntRange(0, 9).Draw(rt, "step"), rapid.IntRange(0, 4).Draw(rt, "who")
			bit.play(step, who)
			whole.play(step, who)
			if rapid.IntRange(0, 3).Draw(rt, "judge") == 0 {
				bit.window, bit.people = rapid.IntRange(1, 9).Draw(rt, "window"), rapid.IntRange(1, 9).Draw(rt, "people")
				bit.catchUp()
			}
		}
		bit.catchUp()
		whole.catchUp()
		bit.sameAs(whole, "bit by bit, and at once")
		before := bit.head()
		bit.again()
		if now := bit.head(); now != before {
			rt.Fatalf("judging again recorded %d events", now-before)
		}
	})
}

// crowded is a history in which everything happens.
func crowded(t *testing.T) *world {
	w := newWorld(t)
	w.window, w.people = 3, 2
	for step := range 10 {
		for who := range 3 {
			w.play(step, who)
		}
	}
	return w.later(5 * time.Hour)
}

// Wherever a store fails, the next start neither loses nor doubles a finding.
func TestNothingIsLostOrDoubledWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	want := crowded(t)
	calls := map[memory.Op]int{}
	for _, op := range []memory.Op{memory.Append, memory.ReadStream, memory.ReadAll, memory.Head} {
		calls[op] = -want.store.Calls(op)
	}
	want.catchUp()
	for op := range calls {
		calls[op] += want.store.Calls(op)
	}
	faults := map[memory.Op][]memory.Fault{
		memory.Append:     {memory.Fail, memory.LoseBefore, memory.LoseAfter},
		memory.ReadStream: {memory.Fail, memory.FailMidway},
		memory.ReadAll:    {memory.Fail, memory.FailMidway},
		memory.Head:       {memory.Fail},
	}
	for op, ways := range faults {
		for _, f := range ways {
			for n := 1; n <= calls[op]; n++ {
				w := crowded(t)
				w.store.Inject(op, n, f)
				tries := 1
				for _, err := w.reactor().CatchUp(t.Context(), false); err != nil; _, err = w.reactor().CatchUp(t.Context(), false) {
					if tries++; tries > 3 {
						t.Fatalf("operation %d, call %d, fault %d: %v", op, n, f, err)
					}
				}
				w.sameAs(want, fmt.Sprintf("operation %d, call %d, fault %d", op, n, f))
			}
		}
	}
}

// stopping is a keep whose n-th write is the process's last, and is done or
// not.
type stopping struct {
	reactor.Keep
	left int
	done bool
}

var errStopped = errors.New("stopped")

func (s *stopping) write(do func() error) error {
	if s.left--; s.left != 0 {
		return do()
	}
	if s.done {
		return errors.Join(do(), errStopped)
	}
	return errStopped
}

func (s *stopping) Scanned(ctx context.Context, f reactor.Fence, from event.Position, w reactor.Window) error {
	return s.write(func() error { return s.Keep.Scanned(ctx, f, from, w) })
}

func (s *stopping) Settle(ctx context.Context, f reactor.Fence, settled []reactor.Settled) error {
	return s.write(func() error { return s.Keep.Settle(ctx, f, settled) })
}

func (s *stopping) Everybody(ctx context.Context, f reactor.Fence) error {
	return s.write(func() error { return s.Keep.Everybody(ctx, f) })
}

func TestNothingIsLostOrDoubledWhenTheProcessStops(t *testing.T) {
	t.Parallel()
	want := crowded(t)
	want.catchUp()
	for _, done := range []bool{false, true} {
		for n := 1; ; n++ {
			w := crowded(t)
			kept := w.keep
			w.keep = &stopping{kept, n, done}
			_, err := w.reactor().CatchUp(t.Context(), false)
			if err == nil {
				if n < 5 {
					t.Errorf("only %d writes", n-1)
				}
				break
			}
			if !errors.Is(err, errStopped) {
				t.Fatal(err)
			}
			w.keep = kept
			w.catchUp()
			w.sameAs(want, fmt.Sprintf("write %d, done %v", n, done))
		}
	}
}

// Many findings about one person go into several appends, and those of each
// side under its own actor.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 130 {
		w.does(1, "BAD")
		if n%2 == 0 {
			w.record(event.Case(person(1)), officer, event.Draft{Data: act{Kind: "BAD"}})
		}
	}
	w.catchUp()
	by := map[event.Side]int{}
	for _, e := range w.findings(person(1)) {
		by[e.Actor.Side]++
	}
	if d := cmp.Diff(map[event.Side]int{event.NHS: 130, event.Probation: 65}, by); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Somebody who records something about the same findings meanwhile is not
// overruled: the difference is made anew.
func TestFindingsMoveMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := w.does(1, "BAD")
	stream := event.StreamID{Kind: event.FindingStream, Of: person(1)}
	moved := false
	config := w.reactor().Config
	config.Store = between{w.store, func() {
		if !moved {
			moved = true
			w.record(stream, officer, event.Draft{Data: finding.FindingAcknowledged{Finding: person(9)}})
		}
	}}
	if _, err := reactor.New(config).CatchUp(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if !moved || !slices.Contains(w.story(person(1)), "L01 of "+bad.String()) {
		t.Errorf("on the record: %q", w.story(person(1)))
	}
}

// between does something after a finding stream was read.
type between struct {
	*memory.Store
	do func()
}

func (b between) Append(ctx context.Context, stream event.StreamID, at event.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	b.do()
	return b.Store.Append(ctx, stream, at, events)
}
