package surroundings_test

import (
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
	"caseledger/domain/governance"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/surroundings"
	"caseledger/eventstore/vault"
)

var (
	noon      = time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)
	register  = reference.NewRegister()
	catalogue = event.NewCatalogue(agreement.Events, governance.Events)
)

// ledger is a store that counts what is read from it.
type ledger struct {
	eventstore.Store
	t      *testing.T
	codec  *codec.Codec
	serial byte

	mu      sync.Mutex
	read    int // events
	failing error
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	clock := func() time.Time { return noon }
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return &ledger{Store: memory.New(clock), t: t, codec: codec.New(catalogue, keys, rand.Reader)}
}

func (l *ledger) counted(all iter.Seq2[eventstore.Stored, error]) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for s, err := range all {
			l.mu.Lock()
			l.read++
			l.mu.Unlock()
			if !yield(s, err) {
				return
			}
		}
	}
}

func (l *ledger) ReadAll(ctx context.Context, after event.Position) iter.Seq2[eventstore.Stored, error] {
	return l.counted(l.Store.ReadAll(ctx, after))
}

func (l *ledger) ReadStream(ctx context.Context, id event.StreamID, from event.Revision) iter.Seq2[eventstore.Stored, error] {
	return l.counted(l.Store.ReadStream(ctx, id, from))
}

// Decode fails while the test says so.
func (l *ledger) Decode(ctx context.Context, s eventstore.Stored) (event.Recorded, error) {
	if l.failing != nil {
		return event.Recorded{}, l.failing
	}
	return l.codec.Decode(ctx, s)
}

func (l *ledger) add(id event.StreamID, data any) {
	l.t.Helper()
	l.serial++
	cmd := eventstore.Command{ID: event.DeriveUUID("test-command", []byte{l.serial}), Stream: id, Subject: id.Subject(), Effective: event.At(noon),
		Actor: event.Actor{ID: event.DeriveUUID("staff"), Role: "IG_LEAD", Side: event.NHS}, Origin: event.Live, IfAny: true}
	_, err := eventstore.Execute(l.t.Context(), l.Store, l.codec, cmd, func([]event.Recorded, event.Revision) ([]event.Draft, error) {
		return []event.Draft{{Data: data}}, nil
	})
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *ledger) follow(from surroundings.Note) *surroundings.Follower {
	return surroundings.New(l, l, register, from)
}

var (
	hub = organisation("HUB-CAM")
	dsa = event.DeriveUUID("an agreement")
	who = event.DeriveUUID("somebody")
)

func organisation(code reference.OrganisationCode) event.UUID {
	o, ok := register.ByCode(code)
	if !ok {
		panic("no such organisation")
	}
	return o.ID
}

func trained(course governance.Course) governance.TrainingRecorded {
	return governance.TrainingRecorded{Training: event.DeriveUUID(string(course)), Staff: event.DeriveUUID("nurse"), Course: course}
}

func TestWhatIsAcknowledgedIsKnown(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	f := l.follow(surroundings.Note{})
	empty, err := f.Shared(t.Context())
	if err != nil || len(empty.Now().Agreements()) != 0 {
		t.Fatalf("of an empty ledger: %v", err)
	}
	l.add(event.Agreement(dsa), agreement.AgreementDrafted{Agreement: dsa, Terms: agreement.Terms{Label: "DSA-1"}})
	l.add(event.Organisation(hub), trained("DATA_SECURITY"))
	s, err := f.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, ok := s.Now().Agreement(dsa); !ok || a.ID != dsa {
		t.Error("the agreement is not known")
	}
	if g := s.Now().Governance(hub); len(g.Training) != 1 {
		t.Errorf("%d trainings are known, want 1", len(g.Training))
	}
	if empty == s || len(empty.Now().Agreements()) != 0 {
		t.Error("what was handed out has changed")
	}
}

func TestNothingMadeNewIsTheSameValue(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.add(event.Organisation(hub), trained("DATA_SECURITY"))
	f := l.follow(surroundings.Note{})
	first, err := f.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.add(event.Case(who), event.EnteredInError{})
	l.read = 0
	again, err := f.Shared(t.Context())
	if err != nil || again != first {
		t.Errorf("an event of a case changed the surroundings: %v", err)
	}
	if l.read != 2 {
		t.Errorf("read %d events, want the case's two alone", l.read)
	}
	if again, err = f.Shared(t.Context()); err != nil || again != first || l.read != 2 {
		t.Errorf("read %d events, want none again; %v", l.read, err)
	}
}

// A note saves reading the cases, and says nothing wrong: with it, also if it
// is of another ledger, the same is known as without.
func TestANoteSavesReadingTheCases(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.add(event.Organisation(hub), trained("DATA_SECURITY"))
	for range 20 {
		l.add(event.Case(who), event.EnteredInError{})
	}
	f := l.follow(surroundings.Note{})
	if _, err := f.Shared(t.Context()); err != nil {
		t.Fatal(err)
	}
	note := f.Noted()
	l.add(event.Organisation(hub), trained("CONFIDENTIALITY"))
	l.add(event.Agreement(dsa), agreement.AgreementDrafted{Agreement: dsa})
	for name, c := range map[string]struct {
		note surroundings.Note
		most int
	}{
		"its own":             {note, 9},
		"none":                {surroundings.Note{}, 100},
		"of a longer ledger":  {surroundings.Note{Position: 1 << 40, Event: note.Event, Streams: note.Streams}, 100},
		"of another ledger":   {surroundings.Note{Position: note.Position, Event: event.ID{UUID: who}}, 100},
		"that names a person": {surroundings.Note{Position: note.Position, Event: note.Event, Streams: []event.StreamID{event.Case(who)}}, 100},
	} {
		l.read = 0
		s, err := l.follow(c.note).Shared(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if g, a := len(s.Now().Governance(hub).Training), len(s.Now().Agreements()); g != 2 || a != 1 {
			t.Errorf("%s: %d trainings and %d agreements are known, want 2 and 1", name, g, a)
		}
		if l.read > c.most {
			t.Errorf("%s: read %d events, want at most %d", name, l.read, c.most)
		}
	}
}

// After a failure the next call goes on, and holds nothing twice.
func TestAFailureLosesNothing(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	l.add(event.Organisation(hub), trained("DATA_SECURITY"))
	f := l.follow(surroundings.Note{})
	l.failing = errors.New("the keystore is away")
	if _, err := f.Shared(t.Context()); !errors.Is(err, l.failing) {
		t.Errorf("got %v, want the failure", err)
	}
	l.failing = nil
	s, err := f.Shared(t.Context())
	if err != nil || len(s.Now().Governance(hub).Training) != 1 {
		t.Errorf("afterwards %v, want one training", err)
	}
}

func TestManyMayAskAtOnce(t *testing.T) {
	t.Parallel()
	l := newLedger(t)
	f := l.follow(surroundings.Note{})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if s, err := f.Shared(context.Background()); err != nil || s == nil {
				t.Errorf("got %v", err)
			}
		})
	}
	l.add(event.Organisation(hub), trained("DATA_SECURITY"))
	group.Wait()
	if s, err := f.Shared(t.Context()); err != nil || len(s.Now().Governance(hub).Training) != 1 {
		t.Errorf("in the end: %v", err)
	}
}
