package main

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"caseledger/api"
	"caseledger/api/recording"
	"caseledger/domain/access"
	"caseledger/domain/breakglass"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/surroundings"
	"caseledger/eventstore/vault"
)

// process is what one of several processes that write the same ledger holds of
// it: nothing here is shared but the store and the keys.
type process struct {
	t        *testing.T
	store    eventstore.Store
	codec    *codec.Codec
	recorder *recording.Recorder
	guard    *guard
	looks    *accessLog
}

// processes are two of them, over one ledger.
func processes(t *testing.T) (one, other *process) {
	t.Helper()
	store := memory.New(time.Now)
	keys, err := vault.OpenMemory(t.Context(), vault.Config{Rand: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return newProcess(t, store, keys), newProcess(t, store, keys)
}

func newProcess(t *testing.T, store eventstore.Store, keys *vault.Vault) *process {
	t.Helper()
	c := codec.New(catalogue.Events, keys, rand.Reader)
	around := surroundings.New(store, c, theRegister, surroundings.Note{})
	p := &process{t: t, store: store, codec: c, looks: newAccessLog(store, c), recorder: &recording.Recorder{Store: store, Codec: c,
		Identifiers: blindIndex{keys}, Peers: everybody().peers, Surroundings: around.Shared, Clock: time.Now, Synthetic: true}}
	p.guard = p.newGuard(noted{})
	return p
}

func (p *process) newGuard(from noted) *guard {
	p.t.Helper()
	r := &record{codec: p.codec}
	g, err := guardOver(p.t.Context(), p.store, func(ctx context.Context, of event.UUID) ([]event.Recorded, error) {
		var history []event.Recorded
		for s, err := range p.store.ReadStream(ctx, event.Case(of), 0) {
			if err != nil {
				return nil, err
			}
			e, err := r.codec.Decode(ctx, s)
			if err != nil {
				return nil, err
			}
			history = append(history, e)
		}
		return history, nil
	}, time.Now, from)
	if err != nil {
		p.t.Fatal(err)
	}
	return g
}

// does records what somebody did, past the question who may.
func (p *process) does(label, command string, who event.UUID, says any) recording.Outcome {
	p.t.Helper()
	m, ok := memberNamed(label)
	if !ok {
		p.t.Fatalf("%s is not one of the cast", label)
	}
	out, err := p.recorder.Record(p.t.Context(), recording.Request{Command: command, Body: says, Person: who, ID: newKey(), Actor: m.actor(),
		Purpose: "DIRECT_CARE", Origin: event.Imported, IfAny: true})
	if err != nil {
		p.t.Fatalf("%s: %s: %v", label, command, err)
	}
	return out
}

func (p *process) registers(label string) event.UUID {
	p.t.Helper()
	return p.does(label, "register-person", event.UUID{}, person.RegisterPerson{Name: person.Name{Given: "TEST", Family: "SIERRA"},
		DateOfBirth: born("1980-02-03"), Sex: person.Male, Region: "N56"}).Person
}

func born(day string) *event.Day {
	d := event.MustDay(day)
	return &d
}

// keptOut reports whether a process keeps somebody out who asks right now.
func (p *process) keptOut(label string, who event.UUID) bool {
	p.t.Helper()
	if _, err := p.guard.look(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
	return p.guard.bars(who, actorID(label))
}

// A restriction holds from the moment it is acknowledged, and ends when it is
// lifted, in a process that did not record it.
func TestARestrictionHoldsWhicheverProcessRecordedIt(t *testing.T) {
	t.Parallel()
	one, other := processes(t)
	who := one.registers("NUR2")
	for _, p := range []*process{one, other} {
		if p.keptOut("NUR2", who) {
			t.Fatal("somebody is kept out before there is a restriction")
		}
	}
	set := other.does("SPO2", "set-access-restriction", who, person.SetAccessRestriction{Mode: person.Excluded, Users: []event.UUID{actorID("NUR2")}, Reason: "Related."})
	check := func(when string, want bool) {
		t.Helper()
		for name, p := range map[string]*process{"the one that did not record it": one, "the one that did": other, "one that starts": {t: t, guard: one.newGuard(noted{})}} {
			if got := p.keptOut("NUR2", who); got != want {
				t.Errorf("%s, in %s: kept out: %t, want %t", when, name, got, want)
			}
		}
		if listed := one.guard.barred(actorID("NUR2")); (len(listed) == 1) != want {
			t.Errorf("%s, kept out of %v", when, listed)
		}
	}
	check("restricted", true)
	glass := other.does("NUR2", "invoke-break-glass", who, breakglass.InvokeBreakGlass{ReasonCode: "RISK_TO_LIFE", Reason: "Found unconscious, an invented emergency."})
	check("having broken the glass", false)
	one.does("NUR2", "end-break-glass", who, breakglass.EndBreakGlass{BreakGlass: glass.About["breakGlass"]})
	check("having ended it", true)
	other.does("SPO2", "lift-access-restriction", who, person.LiftAccessRestriction{Restriction: set.About["restriction"], Reason: "A mistake."})
	check("lifted", false)
}

// What another process recorded after a guard last looked is not lost by the
// note it leaves, and a note of another ledger is worth nothing.
func TestAGuardsNoteHidesNothing(t *testing.T) {
	t.Parallel()
	one, other := processes(t)
	dir := dataDir(t.TempDir())
	if err := dir.prepare(); err != nil {
		t.Fatal(err)
	}
	leave := func(g *guard) (note noted) {
		t.Helper()
		if err := g.leave(dir); err != nil {
			t.Fatal(err)
		}
		if !dir.recall(notedFile, &note) {
			t.Fatal("no note is left")
		}
		return note
	}
	restrict := func(p *process, who event.UUID) {
		t.Helper()
		p.does("SPO2", "set-access-restriction", who, person.SetAccessRestriction{Mode: person.Excluded, Users: []event.UUID{actorID("NUR2")}, Reason: "Related."})
	}
	first, second := one.registers("NUR2"), one.registers("NUR2")
	restrict(one, first)
	if !one.keptOut("NUR2", first) {
		t.Fatal("the restriction does not hold")
	}
	restrict(other, second)
	after := &process{t: t, guard: one.newGuard(leave(one.guard))}
	for name, who := range map[string]event.UUID{"of before the note": first, "of after it": second} {
		if !after.keptOut("NUR2", who) {
			t.Errorf("after a restart the restriction %s does not hold", name)
		}
	}

	// A ledger that was restored from an older copy and went on otherwise.
	elsewhere, _ := processes(t)
	third := elsewhere.registers("NUR2")
	restrict(elsewhere, third)
	for range 10 {
		elsewhere.registers("NUR2")
	}
	restored := &process{t: t, guard: elsewhere.newGuard(leave(after.guard))}
	if !restored.keptOut("NUR2", third) {
		t.Error("a note of another ledger hides a restriction of this one")
	}
}

// racing is a store into whose stream another process writes first, once.
type racing struct {
	eventstore.Store
	once  sync.Once
	first func()
}

func (r *racing) Append(ctx context.Context, stream eventstore.StreamID, expected eventstore.Revision, events []eventstore.Event) (eventstore.Appended, error) {
	r.once.Do(r.first)
	return r.Store.Append(ctx, stream, expected, events)
}

// One session's looks come in through two processes at once: all are kept, and
// the stream commits to each key once.
func TestASessionIsReadThroughTwoProcesses(t *testing.T) {
	t.Parallel()
	one, other := processes(t)
	nurse, _ := memberNamed("NUR1")
	session := event.DeriveUUID("session", []byte("one"))
	look := func(p *process) {
		t.Helper()
		if err := p.looks.Append(t.Context(), api.Look{Caller: api.Caller{Actor: nurse.actor(), Session: session}, ID: newKey(), Purpose: "DIRECT_CARE",
			At: time.Now(), Data: access.RecordAccessed{View: "person", Class: access.ReadOne, Items: 1}}); err != nil {
			t.Error(err)
		}
	}
	one.looks.store = &racing{Store: one.store, first: func() { look(other) }} // both have read that nothing is there
	look(one)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { look(one) })
		group.Go(func() { look(other) })
	}
	group.Wait()
	looks, commitments := 0, map[event.UUID]int{}
	for s, err := range one.store.ReadStream(t.Context(), event.Access(session), 0) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := one.codec.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		switch d := e.Data.(type) {
		case access.RecordAccessed:
			looks++
		case event.KeyCreated:
			commitments[d.Key]++
		}
	}
	if looks != 18 {
		t.Errorf("%d looks are kept, want 18", looks)
	}
	for key, n := range commitments {
		if n != 1 {
			t.Errorf("the stream commits to key %s %d times", key, n)
		}
	}
	if len(commitments) == 0 {
		t.Error("the stream commits to no key")
	}
}

// A reservation that a command of another process may still need is left alone;
// in a record of this process alone, every one that is there at the start is a
// leftover.
func TestAReservationOfAnotherProcessIsLeftAlone(t *testing.T) {
	t.Parallel()
	now := time.Now()
	r, err := opening{dir: dataDir(t.TempDir()), mode: writing, now: func() time.Time { return now }, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	number := vault.Identifier{Kind: string(person.NHSNumberType), Value: "9990001014"}
	if err := r.vault.Reserve(t.Context(), number, personID("A"), newKey()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		crowded bool
		later   time.Duration
		left    int
	}{
		{"just reserved, with other processes", true, time.Second, 1},
		{"just reserved, by a clock ahead of ours", true, -time.Hour, 1},
		{"long ago, with other processes", true, settledAfter + time.Second, 0},
		{"in a record of one process", false, -time.Hour, 0},
	} {
		if err := r.vault.Reserve(t.Context(), number, personID("A"), newKey()); err != nil {
			t.Fatal(err)
		}
		r.crowded = c.crowded
		if err := r.settle(t.Context(), now.Add(c.later)); err != nil {
			t.Fatal(err)
		}
		left, err := r.vault.Leftovers(t.Context(), now.Add(time.Hour))
		if err != nil || min(len(left), 1) != c.left {
			t.Errorf("%s: %d reservations are left, want %d; %v", c.name, len(left), c.left, err)
		}
	}
}
