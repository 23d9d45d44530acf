package reactor_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	domainperson "caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/reactor"
	"caseledger/eventstore/surroundings"
	"caseledger/eventstore/vault"
)

// The acts of these tests and what their judges make of them are nobody's law.

type code string

// act is something that happened in a case: BAD is a finding at once; a
// PROMISE is one from an hour later on, unless the case says KEPT by then; OF
// is one about an organisation; anything else is none.
type act struct {
	Kind code       `json:"kind"`
	Org  event.UUID `json:"org,omitzero"`
}

var catalogue = event.NewCatalogue([]*event.Definition{event.Define[act]("test.act", 1)}, domainperson.Events, access.Events, finding.Events)

var (
	start   = time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
	nurse   = event.Actor{ID: event.DeriveUUID("staff"), Role: "HUB_NURSE", Side: event.NHS, Org: event.DeriveUUID("hub")}
	officer = event.Actor{ID: event.DeriveUUID("officer"), Role: "PP", Side: event.Probation, Org: event.DeriveUUID("office")}
)

func person(n int) event.UUID { return event.DeriveUUID("test-person", fmt.Appendf(nil, "%d", n)) }

func org(n int) event.UUID { return event.DeriveUUID("test-org", fmt.Appendf(nil, "%d", n)) }

// judgePerson is the judge of these tests.
func judgePerson(h *lawfulness.History, at time.Time) (j lawfulness.Judgement) {
	v := h.Hindsight(at)
	raise := func(e event.Recorded, f finding.Judged) {
		f.Version, f.Severity, f.Item, f.Evidence, f.AsKnown, f.Hindsight = 1, finding.High, e.ID, []event.ID{e.ID}, true, true
		f.By, f.Org, f.Side = e.Actor.ID, e.Actor.Org, e.Actor.Side
		j.Findings = append(j.Findings, f)
	}
	for e, a := range lawfulness.All[act](v) {
		switch a.Kind {
		case "BAD":
			raise(e, finding.Judged{Monitor: "L01", At: e.Effective})
		case "OF":
			raise(e, finding.Judged{Monitor: "L38", At: e.Effective, Organisation: a.Org, Key: "notice"})
		case "PROMISE":
			due := e.Effective.Earliest().Add(time.Hour)
			_, _, kept := lawfulness.Last(v, func(k event.Recorded, a act) bool { return a.Kind == "KEPT" && !k.Effective.Earliest().After(due) })
			switch {
			case kept:
			case due.After(at):
				if j.Next.IsZero() || due.Before(j.Next) {
					j.Next = due
				}
			default:
				raise(e, finding.Judged{Monitor: "L20", At: event.At(due)})
			}
		}
	}
	for l := range v.Looks() {
		raise(l.Event, finding.Judged{Monitor: "L46", At: l.Event.Effective})
	}
	return j
}

// world is a ledger with its reactor and what surrounds them.
type world struct {
	testing.TB
	store    *memory.Store
	codec    *codec.Codec
	keep     reactor.Keep
	judges   reactor.Judges
	window   int
	people   int
	progress func(reactor.Sum)
	do       func(context.Context, event.StreamID, casefile.DueCommand) error // nil: nothing is done

	mu     sync.Mutex
	at     time.Time
	broken map[event.StreamID]bool
	serial int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t, keep: &keep.Memory{}, at: start, broken: map[event.StreamID]bool{}}
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: w.now})
	if err != nil {
		t.Fatal(err)
	}
	w.store, w.codec = memory.New(w.now), codec.New(catalogue, keys, rand.Reader)
	w.judges = reactor.Judges{Name: "test", Person: judgePerson,
		Organisation: func(*lawfulness.Shared, event.UUID, time.Time) (map[event.UUID][]finding.Judged, time.Time) {
			return nil, time.Time{}
		},
		OfOrganisation: func(m finding.Monitor) bool { return m == "L31" }}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) later(d time.Duration) *world {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
	return w
}

// errBroken is what an event that cannot be read gives.
var errBroken = errors.New("broken")

// Decode is the codec's, with streams that cannot be read.
func (w *world) Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error) {
	w.mu.Lock()
	broken := w.broken[s.Stream]
	w.mu.Unlock()
	if broken {
		return event.Recorded{}, errBroken
	}
	return w.codec.Decode(ctx, s)
}

func (w *world) Seal(ctx context.Context, cmd eventstore.Command, drafts []event.Draft, history []event.Recorded) ([]eventstore.Event, error) {
	return w.codec.Seal(ctx, cmd, drafts, history)
}

func (w *world) SameCommand(ctx context.Context, s eventstore.Stored, fingerprint [32]byte) (bool, bool, error) {
	return w.codec.SameCommand(ctx, s, fingerprint)
}

// reactor is a new one on the world, as after a start of the program.
func (w *world) reactor() *reactor.Reactor {
	return reactor.New(reactor.Config{Store: w.store, Codec: w, Keep: w.keep, Judges: w.judges,
		Surroundings: surroundings.New(w.store, w.codec, reference.NewRegister(), surroundings.Note{}),
		Broken:       func(err error) bool { return errors.Is(err, errBroken) },
		Clock:        w.now, After: time.After, Do: w.do, Window: w.window, People: w.people, Progress: w.progress})
}

// catchUp runs a reactor to the end of the ledger.
func (w *world) catchUp() {
	w.Helper()
	if _, err := w.reactor().CatchUp(w.Context(), false); err != nil {
		w.Fatalf("catch up: %v", err)
	}
}

// again judges everybody again.
func (w *world) again() {
	w.Helper()
	if _, err := w.reactor().CatchUp(w.Context(), true); err != nil {
		w.Fatalf("judge everybody: %v", err)
	}
}

// record appends one event to a stream and returns its id.
func (w *world) record(stream event.StreamID, by event.Actor, d event.Draft) event.ID {
	w.Helper()
	w.serial++
	cmd := eventstore.Command{ID: event.DeriveUUID("test-command", fmt.Appendf(nil, "%d", w.serial)), Stream: stream, Subject: stream.Subject(),
		Effective: event.At(w.now()), Actor: by, Purpose: "DIRECT_CARE", Origin: event.Live, IfAny: true}
	if cmd.Subject.IsZero() {
		cmd.Subject = by.Org
	}
	r, err := eventstore.Execute(w.Context(), w.store, w.codec, cmd, func([]event.Recorded, event.Revision) ([]event.Draft, error) {
		return []event.Draft{d}, nil
	})
	if err != nil {
		w.Fatalf("record: %v", err)
	}
	return r.Events[0]
}

// does records an act in a person's case.
func (w *world) does(who int, kind code) event.ID {
	w.Helper()
	return w.record(event.Case(person(who)), nurse, event.Draft{Data: act{Kind: kind}})
}

// of records an act in a person's case that shows something of an
// organisation.
func (w *world) of(who, about int) event.ID {
	w.Helper()
	return w.record(event.Case(person(who)), nurse, event.Draft{Data: act{Kind: "OF", Org: org(about)}})
}

// govern records something about an organisation.
func (w *world) govern(n int) event.ID {
	w.Helper()
	return w.record(event.StreamID{Kind: event.OrgStream, Of: org(n)}, nurse, event.Draft{Data: act{Kind: "NOTED"}})
}

// look records that somebody looked at people's records.
func (w *world) look(session int, data any) event.ID {
	w.Helper()
	return w.record(event.Access(event.DeriveUUID("test-session", fmt.Appendf(nil, "%d", session))), officer, event.Draft{Data: data})
}

func subjects(who ...int) (ids []event.UUID) {
	for _, n := range who {
		ids = append(ids, person(n))
	}
	return ids
}

// findings reads what is on the record about somebody.
func (w *world) findings(about event.UUID) (all []event.Recorded) {
	w.Helper()
	for s, err := range w.store.ReadStream(w.Context(), event.StreamID{Kind: event.FindingStream, Of: about}, 0) {
		if err != nil {
			w.Fatal(err)
		}
		e, err := w.codec.Decode(w.Context(), s)
		if err != nil {
			w.Fatal(err)
		}
		if e.Type != "key.created" {
			all = append(all, e)
		}
	}
	return all
}

// story is what is on the record about somebody, a line an event.
func (w *world) story(about event.UUID) (lines []string) {
	w.Helper()
	for _, e := range w.findings(about) {
		switch d := e.Data.(type) {
		case finding.FindingRaised:
			line := fmt.Sprintf("%s of %s", d.Judged.Monitor, d.Judged.Item)
			if d.Again {
				line += " again"
			}
			lines = append(lines, line)
		case finding.FindingSuperseded:
			lines = append(lines, "superseded")
		}
	}
	return lines
}

func (w *world) tells(about event.UUID, want ...string) {
	w.Helper()
	if got := w.story(about); !slices.Equal(got, want) {
		w.Errorf("on the record: got %q, want %q", got, want)
	}
}

// stands lists the findings that stand about the people and organisations of
// these tests, in a fixed order.
func (w *world) stands() (all []string) {
	w.Helper()
	for n := range 5 {
		for _, about := range []event.UUID{person(n), org(n)} {
			standing := map[event.UUID]finding.Judged{}
			for _, e := range w.findings(about) {
				switch d := e.Data.(type) {
				case finding.FindingRaised:
					if before, ok := standing[d.Finding]; ok && fmt.Sprint(before) == fmt.Sprint(d.Judged) {
						w.Errorf("finding %s was raised twice alike", d.Finding)
					}
					standing[d.Finding] = d.Judged
				case finding.FindingSuperseded:
					delete(standing, d.Finding)
				}
			}
			for _, j := range standing {
				all = append(all, fmt.Sprintf("%s %+v", about, j))
			}
		}
	}
	slices.Sort(all)
	return all
}

func (w *world) sameAs(other *world, when string) {
	w.Helper()
	if got, want := w.stands(), other.stands(); !slices.Equal(got, want) {
		w.Errorf("%s:\ngot  %s\nwant %s", when, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func (w *world) head() event.Position {
	w.Helper()
	head, err := w.store.Head(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return head
}
