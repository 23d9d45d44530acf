package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"caseledger/api/recording"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	"caseledger/domain/reference"
)

// The fakes of this package's interfaces. They hold what a test puts in and
// remember what they were asked.

// fakeRecorder answers every command with one outcome.
type fakeRecorder struct {
	mu      sync.Mutex
	asked   []recording.Request
	outcome recording.Outcome
	err     error
	state   casefile.State
	past    *lawfulness.History // nil: nothing is recorded
	at      event.Revision
	hidden  bool // the person is not for the caller, or not there
}

func (f *fakeRecorder) Record(_ context.Context, q recording.Request) (recording.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	return f.outcome, f.err
}

func (f *fakeRecorder) Load(context.Context, event.UUID, event.UUID) (casefile.State, event.Revision, error) {
	if f.hidden {
		return casefile.State{}, 0, errNoPerson
	}
	return f.state, f.at, nil
}

func (f *fakeRecorder) Past(context.Context, event.UUID) (*lawfulness.History, event.Revision, error) {
	if f.past == nil {
		return lawfulness.NewHistory(person1, nil, nil, lawfulness.NewShared(reference.NewRegister(), nil)), 0, nil
	}
	return f.past, f.at, nil
}

func (f *fakeRecorder) Visible(_ context.Context, stream event.StreamID, _ event.Actor) error {
	if f.hidden {
		return recording.Absent(stream.Kind)
	}
	return nil
}

func (f *fakeRecorder) requests() []recording.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// fakeViews gives every caller the same view, whose people each belong to one
// organisation.
type fakeViews struct {
	people      map[event.UUID]Person
	holder      map[event.UUID]event.UUID
	timeline    []TimelineEntry
	consents    []Consent
	referrals   []Referral
	disclosures []Disclosure
	registers   fakeRegisters
	reflects    Reflects
	behind      bool // never catches up
	err         error

	mu    sync.Mutex
	asked []any // filters and times, in order
}

func (f *fakeViews) For(c Caller) (View, error) { return &fakeView{f, c}, nil }

type fakeView struct {
	*fakeViews
	caller Caller
}

func (f *fakeView) note(v any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, v)
}

func (f *fakeView) see(p event.UUID) (Reflects, error) {
	if f.err != nil {
		return Reflects{}, f.err
	}
	if f.holder[p] != f.caller.Actor.Org || p.IsZero() {
		return Reflects{}, errNoPerson
	}
	return f.reflects, nil
}

func (f *fakeView) Position(context.Context) (event.Position, error) { return f.reflects.Position, nil }

func (f *fakeView) WaitFor(ctx context.Context, p event.Position) error {
	f.note(p)
	if f.behind {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func (f *fakeView) Person(_ context.Context, p event.UUID) (Person, Reflects, error) {
	r, err := f.see(p)
	return f.people[p], r, err
}

func (f *fakeView) Timeline(_ context.Context, p event.UUID, at AsOf) ([]TimelineEntry, Reflects, error) {
	f.note(at)
	r, err := f.see(p)
	return f.timeline, r, err
}

func (f *fakeView) Consents(_ context.Context, p event.UUID, at AsOf) ([]Consent, Reflects, error) {
	f.note(at)
	r, err := f.see(p)
	return slices.Clone(f.consents), r, err
}

func (f *fakeView) Referrals(_ context.Context, p event.UUID) ([]Referral, Reflects, error) {
	r, err := f.see(p)
	return slices.Clone(f.referrals), r, err
}

func (f *fakeView) Disclosures(_ context.Context, q DisclosureFilter, p Page) ([]Disclosure, int, Reflects, error) {
	f.note(q)
	f.note(p)
	return slices.Clone(f.disclosures), len(f.disclosures), f.reflects, f.err
}

func (f *fakeView) Caseload(_ context.Context, q CaseloadFilter, p Page) ([]CaseloadRow, int, Reflects, error) {
	f.note(q)
	f.note(p)
	var rows []CaseloadRow
	for id, person := range f.people {
		if f.holder[id] == f.caller.Actor.Org {
			rows = append(rows, CaseloadRow{Person: person})
		}
	}
	return rows, len(rows), f.reflects, f.err
}

func (f *fakeView) FindByName(_ context.Context, q NameQuery) ([]Person, Reflects, error) {
	f.note(q)
	var found []Person
	for id, p := range f.people {
		if f.holder[id] == f.caller.Actor.Org && p.FamilyName == q.FamilyName && p.BirthDate == q.BirthDate.String() {
			found = append(found, p)
		}
	}
	return found, f.reflects, f.err
}

// fakeIdentifiers finds people by "type value".
type fakeIdentifiers map[string]event.UUID

func (f fakeIdentifiers) Find(_ context.Context, kind, value string) (event.UUID, bool, error) {
	if value == "" || value == "malformed" {
		return event.UUID{}, false, fault.Bad("/identifier/value", "identifier-malformed", "not an identifier")
	}
	p, ok := f[kind+" "+value]
	return p, ok, nil
}

// fakeFeed is a ledger that everybody may see but for what is hidden.
type fakeFeed struct {
	detail EntryDetail

	mu      sync.Mutex
	entries []Entry
	hidden  map[event.Position]bool
	err     error
	moved   chan struct{} // closed, and replaced, when entries grows
}

func (f *fakeFeed) Events(_ context.Context, c Caller, q FeedQuery) (FeedPage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	page := FeedPage{Reached: q.After}
	if f.err != nil || int(q.After.Position) > len(f.entries) {
		return page, cmp.Or(f.err, error(fault.New(fault.Invalid, "cursor-not-in-ledger", "not in the ledger")))
	}
	for _, e := range f.entries[q.After.Position:] {
		if page.More = len(page.Entries) == q.Limit; page.More {
			break
		}
		page.Reached = PlaceOf(e.Position, e.Event)
		if (len(q.Types) == 0 || slices.Contains(q.Types, e.Type)) && (q.Person.IsZero() || q.Person == e.Person) && !f.hidden[e.Position] {
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

func (f *fakeFeed) Wait(ctx context.Context, after event.Position) error {
	for {
		f.mu.Lock()
		moved, there := f.moved, len(f.entries) > int(after)
		f.mu.Unlock()
		if there {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// add records entries of a type.
func (f *fakeFeed) add(n int, kind string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.entries = append(f.entries, Entry{Event: event1, Position: event.Position(len(f.entries) + 1), Type: kind, Person: person1})
	}
	close(f.moved)
	f.moved = make(chan struct{})
}

// change changes what everybody may see from now on.
func (f *fakeFeed) change(how func(*fakeFeed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how(f)
}

func (f *fakeFeed) Event(_ context.Context, _ Caller, id event.ID) (EntryDetail, error) {
	if id != f.detail.Event {
		return EntryDetail{}, errNoEvent
	}
	return f.detail, nil
}

// fakeAccessLog remembers the looks.
type fakeAccessLog struct {
	mu     sync.Mutex
	looks  []Look
	broken bool
}

var errDisk = errors.New("disk of host-17 is full")

func (f *fakeAccessLog) Append(_ context.Context, l Look) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		return errDisk
	}
	f.looks = append(f.looks, l)
	return nil
}

// fail makes every later look fail.
func (f *fakeAccessLog) fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = true
}

func (f *fakeAccessLog) all() []Look {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.looks)
}
