package eventstore_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
	"caseledger/eventstore/memory"
)

// plainCodec writes who, which command and what was said one after the other,
// and puts a key commitment before the first event of a stream.
type plainCodec struct {
	sealErr, decodeErr error
	forgetful          bool // its keys are destroyed: it cannot compare fingerprints
	careless           bool // it gives every command the same event ids
}

const keyBody = "key"

func (c plainCodec) Seal(_ context.Context, cmd eventstore.Command, drafts []event.Draft, history []event.Recorded) ([]eventstore.Event, error) {
	if c.sealErr != nil {
		return nil, c.sealErr
	}
	id := cmd.ID
	if c.careless {
		id = event.UUID{}
	}
	head := slices.Concat(cmd.ID[:], cmd.Actor.ID[:], cmd.Fingerprint[:])
	var batch []eventstore.Event
	if len(history) == 0 {
		batch = append(batch, eventstore.Event{ID: event.DeriveID(cmd.Actor.ID, cmd.Stream, id, event.KeyIndex), Body: append(slices.Clone(head), keyBody...)})
	}
	for i, d := range drafts {
		batch = append(batch, eventstore.Event{ID: event.DeriveID(cmd.Actor.ID, cmd.Stream, id, i), Body: append(slices.Clone(head), d.Data.(string)...)})
	}
	return batch, nil
}

func (c plainCodec) Decode(_ context.Context, s eventstore.Stored) (event.Recorded, error) {
	if c.decodeErr != nil {
		return event.Recorded{}, c.decodeErr
	}
	r := event.Recorded{Position: s.Position, ID: s.ID, Stream: s.Stream, Revision: s.Revision, Data: string(s.Body[64:])}
	r.Command, r.Actor.ID, r.Type = event.UUID(s.Body[:16]), event.UUID(s.Body[16:32]), "test.said"
	if r.Data == keyBody {
		r.Type = "key.created"
	}
	return r, nil
}

func (c plainCodec) SameCommand(_ context.Context, s eventstore.Stored, fingerprint [32]byte) (same, ok bool, err error) {
	return [32]byte(s.Body[32:64]) == fingerprint, !c.forgetful, nil
}

var (
	theCase = event.Case(event.MustUUID("00000000-0000-4000-8000-000000000001"))
	theirs  = event.MustUUID("00000000-0000-4000-8000-0000000000a1")
)

// say is a command with a number for an id and what it says as its content.
func say(id byte, content string) eventstore.Command {
	return eventstore.Command{ID: event.UUID{id}, Stream: theCase, Fingerprint: [32]byte([]byte(content + string(make([]byte, 32)))[:32]),
		Actor: event.Actor{ID: theirs}, IfAny: true}
}

// saying decides to say the lines, whatever the state.
func saying(lines ...string) func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
	var drafts []event.Draft
	for _, l := range lines {
		drafts = append(drafts, event.Draft{Data: l})
	}
	return func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) { return drafts, nil }
}

func newStore() *memory.Store { return memory.New(func() time.Time { return time.Unix(0, 0) }) }

func mustExecute(t *testing.T, s eventstore.Store, cmd eventstore.Command, lines ...string) eventstore.Result {
	t.Helper()
	got, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, saying(lines...))
	if err != nil {
		t.Fatalf("execute: %v", err)
	}
	return got
}

// said lists what the stream says, key commitments left out.
func said(t *testing.T, s eventstore.Store) []string {
	t.Helper()
	var lines []string
	for e, err := range s.ReadStream(t.Context(), theCase, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if line := string(e.Body[64:]); line != keyBody {
			lines = append(lines, line)
		}
	}
	return lines
}

func mustSay(t *testing.T, s eventstore.Store, want ...string) {
	t.Helper()
	if got := said(t, s); !slices.Equal(got, want) {
		t.Errorf("the stream says %q, want %q", got, want)
	}
}

func same(t *testing.T, got, want eventstore.Result) {
	t.Helper()
	if !slices.Equal(got.Events, want.Events) || got.Revision != want.Revision || got.Position != want.Position || got.Repeated != want.Repeated {
		t.Errorf("result: got %+v, want %+v", got, want)
	}
}

func TestExecuteRecordsADecision(t *testing.T) {
	t.Parallel()
	s := newStore()
	cmd := say(1, "a, b")
	same(t, mustExecute(t, s, cmd, "a", "b"), eventstore.Result{Revision: 3, Position: 3,
		Events: []event.ID{event.DeriveID(theirs, theCase, cmd.ID, 0), event.DeriveID(theirs, theCase, cmd.ID, 1)}})
	got, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(2, "c"), func(standing []event.Recorded, at eventstore.Revision) ([]event.Draft, error) {
		if len(standing) != 3 || standing[1].Data != "a" || standing[2].Data != "b" || at != 3 {
			t.Errorf("decided against %d events at revision %d, want the 3 that stand", len(standing), at)
		}
		return []event.Draft{{Data: "c"}}, nil
	})
	if err != nil || got.Revision != 4 || got.Position != 4 || len(got.Events) != 1 {
		t.Errorf("second command: got %+v and error %v", got, err)
	}
	mustSay(t, s, "a", "b", "c")
}

func TestExecuteWithoutEvents(t *testing.T) {
	t.Parallel()
	s := newStore()
	mustExecute(t, s, say(1, "a"), "a")
	same(t, mustExecute(t, s, say(2, "nothing new")), eventstore.Result{Revision: 2})
	no := fault.Refuse("not-now", "not now")
	_, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(3, "b"),
		func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) { return nil, no })
	if err != error(no) {
		t.Errorf("a refusal: got error %v, want the decision's own", err)
	}
	mustSay(t, s, "a")
	if n := s.Calls(memory.Append); n != 1 {
		t.Errorf("%d appends, want 1", n)
	}
}

// A command that loses a race is decided again on what the winner left.
func TestExecuteLosesARace(t *testing.T) {
	t.Parallel()
	s := newStore()
	var seen []int
	got, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(1, "count"), func(standing []event.Recorded, at eventstore.Revision) ([]event.Draft, error) {
		seen = append(seen, len(standing))
		if len(seen) <= 2 {
			mustExecute(t, s, say(byte(10+len(seen)), "rival"), "rival")
		}
		return []event.Draft{{Data: "decided"}}, nil
	})
	if err != nil || got.Revision != 4 || got.Repeated {
		t.Errorf("got %+v and error %v", got, err)
	}
	if !slices.Equal(seen, []int{0, 2, 3}) {
		t.Errorf("decided against %v events, want 0, 2 and 3", seen)
	}
	mustSay(t, s, "rival", "rival", "decided")
}

func TestExecuteGivesUpUnderContention(t *testing.T) {
	t.Parallel()
	s := newStore()
	decisions := byte(0)
	_, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(1, "a"), func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
		decisions++
		mustExecute(t, s, say(10+decisions, "rival"), "rival")
		return []event.Draft{{Data: "a"}}, nil
	})
	if f := fault.Of(err); f == nil || f.Code != "too-much-contention" || f.Kind != fault.Conflict || decisions != 8 {
		t.Errorf("after %d decisions: got error %v, want too-much-contention after 8", decisions, err)
	}
	if slices.Contains(said(t, s), "a") {
		t.Error("a command that failed is recorded")
	}
}

func TestExecuteAtARevision(t *testing.T) {
	t.Parallel()
	s := newStore()
	mustExecute(t, s, say(1, "a"), "a")
	cmd := say(2, "b")
	cmd.IfAny = false
	for _, stale := range []eventstore.Revision{0, 1, 3} {
		cmd.If = stale
		_, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, saying("b"))
		if f := fault.Of(err); f == nil || f.Code != "stale-precondition" || f.Kind != fault.Stale {
			t.Errorf("at revision %d: got error %v, want stale-precondition", stale, err)
		}
	}
	cmd.If = 2
	_, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
		mustExecute(t, s, say(3, "rival"), "rival")
		return []event.Draft{{Data: "b"}}, nil
	})
	if !fault.Is(err, "stale-precondition") {
		t.Errorf("a race lost at a given revision: got error %v, want stale-precondition", err)
	}
	cmd.If = 3
	first := mustExecute(t, s, cmd, "b")
	first.Repeated = true
	same(t, mustExecute(t, s, cmd, "b"), first) // its own event does not make it stale
	mustSay(t, s, "a", "rival", "b")
}

// What the caller cannot see makes no precondition stale: neither when it was
// recorded before the command, nor when it wins a race.
func TestExecuteAtARevisionThatTheCallerSees(t *testing.T) {
	t.Parallel()
	s := newStore()
	mustExecute(t, s, say(1, "a"), "a")
	mustExecute(t, s, say(2, "hidden"), "hidden")
	cmd := say(3, "b")
	cmd.IfAny, cmd.If = false, 2
	cmd.Sees = func(e event.Recorded) bool { return e.Data != "hidden" }
	decisions := 0
	got, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
		if decisions++; decisions == 1 {
			mustExecute(t, s, say(4, "hidden"), "hidden")
		}
		return []event.Draft{{Data: "b"}}, nil
	})
	if err != nil || got.Revision != 5 || decisions != 2 {
		t.Errorf("after %d decisions: got %+v and error %v, want revision 5 after 2", decisions, got, err)
	}
	cmd.ID = event.UUID{5}
	if _, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, saying("c")); !fault.Is(err, "stale-precondition") {
		t.Errorf("after an event that the caller sees: got error %v, want stale-precondition", err)
	}
	cmd.If = 6
	if _, err := eventstore.Execute(t.Context(), s, plainCodec{}, cmd, saying("c")); !fault.Is(err, "stale-precondition") {
		t.Errorf("beyond the stream: got error %v, want stale-precondition", err)
	}
	mustSay(t, s, "a", "hidden", "hidden", "b")
}

func TestExecuteReplays(t *testing.T) {
	t.Parallel()
	s := newStore()
	first := mustExecute(t, s, say(1, "a, b"), "a", "b")
	mustExecute(t, s, say(2, "c"), "c")
	first.Repeated = true
	decided := func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
		t.Error("a replayed command was decided again")
		return nil, nil
	}
	for name, c := range map[string]struct {
		codec   plainCodec
		content string
		refused bool
	}{
		"the same command":                       {plainCodec{}, "a, b", false},
		"another command":                        {plainCodec{}, "x", true},
		"nobody knows, for the key is destroyed": {plainCodec{forgetful: true}, "x", false},
	} {
		got, err := eventstore.Execute(t.Context(), s, c.codec, say(1, c.content), decided)
		switch f := fault.Of(err); {
		case c.refused && (f == nil || f.Code != "idempotency-key-reused" || f.Kind != fault.Refused):
			t.Errorf("%s: got error %v, want idempotency-key-reused", name, err)
		case !c.refused && err != nil:
			t.Errorf("%s: %v", name, err)
		case !c.refused:
			same(t, got, first)
		}
	}
	other := say(1, "d")
	other.Actor.ID = event.UUID{0xee}
	if got := mustExecute(t, s, other, "d"); got.Repeated || got.Revision != 5 {
		t.Errorf("another actor's command under the same id: got %+v, want it recorded", got)
	}
	mustSay(t, s, "a", "b", "c", "d")
}

func TestExecuteSettlesAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults   []memory.Fault
		repeated bool
	}{
		"recorded":                            {[]memory.Fault{memory.LoseAfter}, true},
		"not recorded":                        {[]memory.Fault{memory.LoseBefore}, false},
		"not recorded, twice, then recorded":  {[]memory.Fault{memory.LoseBefore, memory.LoseBefore, memory.LoseAfter}, true},
		"not recorded until the last attempt": {slices.Repeat([]memory.Fault{memory.LoseBefore}, 7), false},
	} {
		s := newStore()
		for i, f := range c.faults {
			s.Inject(memory.Append, i+1, f)
		}
		got := mustExecute(t, s, say(1, "a, b"), "a", "b")
		if len(got.Events) != 2 || got.Revision != 3 || got.Position != 3 || got.Repeated != c.repeated {
			t.Errorf("%s: got %+v", name, got)
		}
		mustSay(t, s, "a", "b")
	}
}

// While it is in doubt whether a decision is recorded, no error may be taken
// for "nothing was recorded".
func TestExecuteStaysInDoubt(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]func(*memory.Store){
		"every attempt is lost": func(s *memory.Store) {
			for n := range 8 {
				s.Inject(memory.Append, n+1, memory.LoseBefore)
			}
		},
		"the stream cannot be read again": func(s *memory.Store) {
			s.Inject(memory.Append, 1, memory.LoseAfter)
			s.Inject(memory.ReadStream, 2, memory.Fail)
		},
		"the stream can be read again in part": func(s *memory.Store) {
			s.Inject(memory.Append, 1, memory.LoseAfter)
			s.Inject(memory.ReadStream, 2, memory.FailMidway)
		},
		"the next append is refused": func(s *memory.Store) {
			s.Inject(memory.Append, 1, memory.LoseBefore)
			s.Inject(memory.Append, 2, memory.Fail)
		},
	} {
		s := newStore()
		inject(s)
		_, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(1, "a"), saying("a"))
		if !errors.Is(err, eventstore.ErrUnknown) {
			t.Errorf("%s: got error %v, want an unknown outcome", name, err)
		}
		mustExecute(t, s, say(1, "a"), "a")
		mustSay(t, s, "a")
	}
}

func TestExecuteWhenTheContextEnds(t *testing.T) {
	t.Parallel()
	for fault, want := range map[memory.Fault][]string{memory.Hang: nil, memory.HangAfter: {"a"}} {
		synctest.Test(t, func(t *testing.T) {
			s := newStore()
			s.Inject(memory.Append, 1, fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := eventstore.Execute(ctx, s, plainCodec{}, say(1, "a"), saying("a"))
			if !errors.Is(err, eventstore.ErrUnknown) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want an unknown outcome for want of time", err)
			}
			mustSay(t, s, want...)
		})
	}
}

func TestExecuteOnlyOnce(t *testing.T) {
	t.Parallel()
	s := newStore()
	const callers = 16
	var results [callers]eventstore.Result
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			var err error
			results[i], err = eventstore.Execute(t.Context(), s, plainCodec{}, say(1, "a, b"), saying("a", "b"))
			if err != nil {
				t.Errorf("execute: %v", err)
			}
		})
	}
	all.Wait()
	recorded := 0
	for _, r := range results {
		if !r.Repeated {
			recorded++
		}
		r.Repeated = false
		same(t, r, eventstore.Result{Events: results[0].Events, Revision: 3, Position: 3})
	}
	if recorded != 1 {
		t.Errorf("%d callers were told that they recorded it, want 1", recorded)
	}
	mustSay(t, s, "a", "b")
}

// Another command may be recorded under the same id between the load and the
// append; the store, which never looks at bodies, takes it for a retry.
func TestExecuteRacesItself(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		content string // of the one that gets in first
		lines   []string
		rival   bool // something else gets in before it
		want    string
	}{
		{"the same command", "a", []string{"a"}, false, ""},
		{"the same command, on a newer state", "a", []string{"a"}, true, ""},
		{"another command of one event", "x", []string{"x"}, false, "idempotency-key-reused"},
		{"another command of two events", "x, y", []string{"x", "y"}, false, "idempotency-key-reused"},
		{"another command, on a newer state", "x", []string{"x"}, true, "idempotency-key-reused"},
	}
	for _, c := range cases {
		for _, own := range [][]string{{"a"}, {"a", "b"}} {
			s := newStore()
			mustExecute(t, s, say(9, "before"), "before")
			raced := false
			got, err := eventstore.Execute(t.Context(), s, plainCodec{}, say(1, "a"), func([]event.Recorded, eventstore.Revision) ([]event.Draft, error) {
				if !raced {
					raced = true
					if c.rival {
						mustExecute(t, s, say(8, "rival"), "rival")
					}
					mustExecute(t, s, say(1, c.content), c.lines...)
				}
				return saying(own...)(nil, 0)
			})
			if c.want == "" && (err != nil || !got.Repeated || len(got.Events) != 1) || c.want != "" && !fault.Is(err, c.want) {
				t.Errorf("%s: got %+v and error %v, want error %q", c.name, got, err, c.want)
			}
			want := append([]string{"before"}, c.lines...)
			if c.rival {
				want = append([]string{"before", "rival"}, c.lines...)
			}
			mustSay(t, s, want...)
		}
	}
}

func TestExecuteFailures(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		codec  plainCodec
		inject func(*memory.Store)
		want   error
	}{
		"sealing":         {plainCodec{sealErr: broken}, nil, broken},
		"decoding":        {plainCodec{decodeErr: broken}, nil, broken},
		"reading":         {plainCodec{}, func(s *memory.Store) { s.Inject(memory.ReadStream, 1, memory.Fail) }, eventstore.ErrUnavailable},
		"reading a part":  {plainCodec{}, func(s *memory.Store) { s.Inject(memory.ReadStream, 1, memory.FailMidway) }, memory.ErrInjected},
		"appending":       {plainCodec{}, func(s *memory.Store) { s.Inject(memory.Append, 1, memory.Fail) }, eventstore.ErrUnavailable},
		"ids that clash":  {plainCodec{careless: true}, nil, eventstore.ErrDuplicate},
		"after the close": {plainCodec{}, func(s *memory.Store) { s.Close() }, eventstore.ErrClosed},
	} {
		s := newStore()
		if _, err := eventstore.Execute(t.Context(), s, plainCodec{careless: true}, say(9, "before"), saying("before")); err != nil {
			t.Fatal(err)
		}
		if c.inject != nil {
			c.inject(s)
		}
		_, err := eventstore.Execute(t.Context(), s, c.codec, say(1, "a"), saying("a"))
		if !errors.Is(err, c.want) || errors.Is(err, eventstore.ErrUnknown) || fault.Of(err) != nil {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
		if name != "after the close" {
			mustSay(t, s, "before")
		}
	}
}
