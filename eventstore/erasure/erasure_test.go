package erasure_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/rights"
	"caseledger/domain/screening"
	"caseledger/eventstore/erasure"
	"caseledger/eventstore/memory"
	"caseledger/eventstore/vault"
)

func TestHealthIsErasedAndTheRestIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	w.registered(event.DeriveUUID("test-another"))
	w.said(lead, who, rights.RetentionPeriodSet{Period: event.DeriveUUID("test-period"), Class: "ADULT_HEALTH", From: event.MustDay("2026-05-01"),
		KeepUntil: event.MustDay("2034-05-01"), DisposeOn: event.MustDay("2034-05-02")})
	decision := w.decided(who, event.Health)
	done := w.catchUp()
	if len(done) != 1 {
		t.Fatalf("%d receipts", len(done))
	}
	r := done[0]
	if r.Person != who || r.Decision != decision || r.Side != event.NHS || r.Keys != 1 || r.Events != 1 || r.CopiesUntil != event.MustDay("2026-06-04") ||
		!r.Rewrapped || r.RewrapBy != event.MustDay("2026-05-05") || !slices.Equal(r.Data, []event.Class{event.Health}) {
		t.Errorf("the receipt says %+v", r)
	}
	want := []rights.Kept{{Class: event.Identity, Keys: 1, Why: rights.InPeriod, Period: event.DeriveUUID("test-period"), Until: event.MustDay("2034-05-01")},
		{Class: event.Operational, Keys: 1, Why: rights.Accounts}}
	if !slices.Equal(r.Kept, want) {
		t.Errorf("kept %+v, want %+v", r.Kept, want)
	}
	if wanted := []rights.Purge{{By: rights.ReadModels, Items: 3}, {By: rights.KeyWrapping, Items: 7}}; !slices.Equal(r.Purged, wanted) {
		t.Errorf("purged %+v, want %+v", r.Purged, wanted)
	}
	if name, total, reason := w.states(who); name != event.Open || total != event.Erased || reason != event.Open {
		t.Errorf("name %s, total %s, reason %s", name, total, reason)
	}
	if name, total, reason := w.states(event.DeriveUUID("test-another")); name != event.Open || total != event.Open || reason != event.Open {
		t.Errorf("of somebody else: name %s, total %s, reason %s", name, total, reason)
	}
	if !slices.Equal(w.judged, []event.UUID{who}) || len(w.purged) != 1 || w.purged[0].After == 0 {
		t.Errorf("judged %v, purged %+v", w.judged, w.purged)
	}
	if again := w.catchUp(); len(again) != 0 || w.count(who, "key.destroyed") != 1 || w.count(who, "rights.erasure-completed") != 1 {
		t.Error("it was carried out again")
	}
}

// When the identity goes, the index forgets the identifiers; those that another
// side's record still says, it keeps.
func TestTheIndexForgetsAnIdentityThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	crn := vault.Identifier{Kind: string(person.CRNType), Value: "X990101"}
	number := vault.Identifier{Kind: string(person.NHSNumberType), Value: "9990001014"}
	w.said(officer, who, person.IdentifierLinked{Link: event.DeriveUUID("test-crn"), Type: person.CRNType, Value: event.Own(crn.Value)})
	for _, i := range []vault.Identifier{crn, number} {
		if err := w.vault.Confirm(t.Context(), i, who); err != nil {
			t.Fatal(err)
		}
	}
	w.decided(who, event.Identity, event.Health)
	r := w.catchUp()[0]
	if !slices.Contains(r.Purged, rights.Purge{By: rights.Identifiers, Items: 1}) || r.Keys != 2 {
		t.Errorf("the receipt says %+v", r)
	}
	if found, err := w.vault.Find(t.Context(), number); err != nil || !found.IsZero() {
		t.Errorf("the number leads to %s, %v", found, err)
	}
	if found, err := w.vault.Find(t.Context(), crn); err != nil || found != who {
		t.Errorf("the other side's reference leads to %s, %v", found, err)
	}
}

// Stopped at any step, before or after it took effect, and begun again, an
// erasure loses nothing and doubles nothing.
func TestAStopAnywhereLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for name, inject := range map[string]func(w *world, n int){
		"the keystore fails":          func(w *world, n int) { w.keys.failAt = n },
		"the keystore fails after it": func(w *world, n int) { w.keys.failAt, w.keys.after = n, true },
		"an append fails":             func(w *world, n int) { w.store.Inject(memory.Append, n, memory.Fail) },
		"an append is lost before":    func(w *world, n int) { w.store.Inject(memory.Append, n, memory.LoseBefore) },
		"an append is lost after":     func(w *world, n int) { w.store.Inject(memory.Append, n, memory.LoseAfter) },
		"a stream cannot be read":     func(w *world, n int) { w.store.Inject(memory.ReadStream, n, memory.Fail) },
		"a stream breaks off":         func(w *world, n int) { w.store.Inject(memory.ReadStream, n, memory.FailMidway) },
		"the ledger cannot be read":   func(w *world, n int) { w.store.Inject(memory.ReadAll, n, memory.Fail) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := 1; n < 40; n++ {
				w := newWorld(t)
				w.registered(who)
				w.decided(who, event.Health, event.Identity)
				inject(w, n)
				tries := 0
				for ; tries < 4; tries++ {
					if _, err := w.eraser().CatchUp(t.Context()); err == nil {
						break
					}
					w.now = w.now.Add(time.Minute)
				}
				if tries == 4 {
					t.Fatalf("call %d: it never came to an end", n)
				}
				if d, r := w.count(who, "key.destroyed"), w.count(who, "rights.erasure-completed"); d != 2 || r != 1 {
					t.Fatalf("call %d: %d destructions, %d receipts", n, d, r)
				}
				if name, total, reason := w.states(who); name != event.Erased || total != event.Erased || reason != event.Open {
					t.Fatalf("call %d: name %s, total %s, reason %s", n, name, total, reason)
				}
				for _, e := range w.history(who) {
					if c, ok := e.Data.(rights.ErasureCompleted); ok && (c.Keys != 2 || c.Events != 3) {
						t.Fatalf("call %d: the receipt says %+v", n, c)
					}
				}
				if tries == 0 && n > 30 {
					return // it makes fewer calls than that
				}
			}
		})
	}
}

// A hold that comes after the decision stops it, and its lifting lets it go on.
func TestAHoldStopsWhatWasDecided(t *testing.T) {
	t.Parallel()
	hold := rights.LegalHoldPlaced{Hold: event.DeriveUUID("test-hold"), Reason: event.Own("An inquiry.")}
	for name, place := range map[string]func(w *world){
		"before it is begun":         func(w *world) { w.said(officer, who, hold) },
		"while the keys are retired": func(w *world) { w.keys.retired = func() { w.keys.retired = nil; w.said(officer, who, hold) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.registered(who)
			w.decided(who, event.Health)
			place(w)
			if done := w.catchUp(); len(done) != 0 || w.count(who, "key.destroyed") != 0 {
				t.Fatal("carried out under a hold")
			}
			if _, total, _ := w.states(who); total != event.Open {
				t.Errorf("the total is %s", total)
			}
			if again := w.catchUp(); len(again) != 0 {
				t.Fatal("carried out under a hold")
			}
			w.said(officer, who, rights.LegalHoldLifted{Hold: hold.Hold, Reason: event.Own("It has reported.")})
			if done := w.catchUp(); len(done) != 1 {
				t.Fatal("not carried out once the hold is lifted")
			}
			if _, total, _ := w.states(who); total != event.Erased {
				t.Errorf("the total is %s", total)
			}
		})
	}
}

// What is recorded while the keys go is sealed by others and stays.
func TestWhatIsRecordedMeanwhileStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	w.decided(who, event.Health)
	w.keys.retired = func() {
		w.keys.retired = nil
		w.said(lead, who, screening.ScreeningCompleted{Screening: event.DeriveUUID("test-later"), Status: screening.Complete, Total: event.Own(3)})
	}
	r := w.catchUp()[0]
	for _, e := range w.history(who) {
		if d, ok := e.Data.(screening.ScreeningCompleted); ok && d.Screening == event.DeriveUUID("test-later") && d.Total.State() != event.Open {
			t.Errorf("what came meanwhile is %s", d.Total.State())
		}
	}
	if !slices.ContainsFunc(r.Kept, func(k rights.Kept) bool { return k.Class == event.Health && k.Why == rights.Since }) || r.Keys != 1 {
		t.Errorf("the receipt says %+v", r)
	}
}

// Once the ledger says which keys it is, it is those: what comes before the next
// start is sealed by a key that goes on sealing, and nobody is judged on what is
// half gone.
func TestTheLedgerFixesWhichKeysGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	w.decided(who, event.Health)
	w.keys.failAt = 2 // the destruction
	if _, err := w.eraser().CatchUp(t.Context()); !errors.Is(err, errStop) {
		t.Fatalf("got %v", err)
	}
	w.said(lead, who, screening.ScreeningCompleted{Screening: event.DeriveUUID("test-later"), Status: screening.Complete, Total: event.Own(3)})
	if r := w.catchUp()[0]; r.Keys != 1 || len(w.judged) != 1 {
		t.Errorf("%d keys, judged %d times", r.Keys, len(w.judged))
	}
	keys, err := w.vault.KeysOf(t.Context(), who)
	if err != nil || !slices.ContainsFunc(keys, func(k vault.KeyInfo) bool { return k.Class == event.Health && k.Sealing }) {
		t.Errorf("no key of health seals, %v", err)
	}
}

// A decision that was voided destroys nothing.
func TestAVoidedDecisionDestroysNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	w.record(lead, who, event.Draft{Data: event.EnteredInError{Reason: event.Own("The wrong person.")}, Corrects: w.decided(who, event.Health)})
	if done := w.catchUp(); len(done) != 0 || w.count(who, "key.destroyed") != 0 {
		t.Error("it was carried out")
	}
	w = newWorld(t)
	w.registered(who)
	decision := w.decided(who, event.Health)
	w.keys.retired = func() {
		w.keys.retired = nil
		w.record(lead, who, event.Draft{Data: event.EnteredInError{Reason: event.Own("The wrong person.")}, Corrects: decision})
	}
	if done := w.catchUp(); len(done) != 0 || w.count(who, "key.destroyed") != 0 {
		t.Error("voided while the keys were retired, it was carried out")
	}
}

// Voided between the two, what the ledger says is destroyed is.
func TestWhatTheLedgerSaysIsDestroyedIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	decision := w.decided(who, event.Health)
	w.keys.failAt = 2 // the destruction
	if _, err := w.eraser().CatchUp(t.Context()); !errors.Is(err, errStop) {
		t.Fatalf("got %v", err)
	}
	w.record(lead, who, event.Draft{Data: event.EnteredInError{Reason: event.Own("The wrong person.")}, Corrects: decision})
	w.catchUp()
	if _, total, _ := w.states(who); total != event.Erased {
		t.Errorf("the ledger says that its key is destroyed, and the total is %s", total)
	}
}

// With a bound between two rounds, the second erasure of a day leaves the
// wrapping to the round that is due, and says until when; a start in between
// keeps the promise.
func TestKeysAreWrappedAnewWithinTheBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.every = 24 * time.Hour
	second := event.DeriveUUID("test-second")
	for _, of := range []event.UUID{who, second} {
		w.registered(of)
	}
	w.decided(who, event.Health)
	if r := w.catchUp()[0]; !r.Rewrapped || w.keys.rewrapped != 1 {
		t.Errorf("the first: %+v", r)
	}
	w.now = w.now.Add(time.Hour)
	w.decided(second, event.Health)
	if r := w.catchUp()[0]; r.Rewrapped || r.RewrapBy != event.MustDay("2026-05-06") || w.keys.rewrapped != 1 {
		t.Errorf("the second: %+v", r)
	}
	w.now = w.now.Add(22 * time.Hour)
	if w.catchUp(); w.keys.rewrapped != 1 {
		t.Error("wrapped before it was due")
	}
	w.now = w.now.Add(time.Hour)
	if w.catchUp(); w.keys.rewrapped != 2 {
		t.Error("not wrapped when it was due")
	}
	if w.catchUp(); w.keys.rewrapped != 2 {
		t.Error("wrapped again with nothing destroyed since")
	}
}

// Records that are merged are erased together.
func TestMergedRecordsAreErasedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, merge := event.DeriveUUID("test-other"), event.DeriveUUID("test-merge")
	w.registered(who)
	w.registered(other)
	w.said(lead, other, person.MergeFenced{Merge: merge, Survivor: who})
	w.said(lead, who, person.PersonsMerged{Merge: merge, Merged: other, Revision: event.Revision(len(w.history(other)))})
	w.decided(who, event.Health)
	r := w.catchUp()[0]
	if r.Keys != 2 || r.Events != 2 || w.count(other, "key.destroyed") != 1 || w.count(who, "rights.erasure-completed") != 1 {
		t.Errorf("the receipt says %+v", r)
	}
	if _, total, _ := w.states(other); total != event.Erased {
		t.Errorf("in the merged record the total is %s", total)
	}
}

// A note of another ledger is none.
func TestANoteOfAnotherLedgerIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	w.note.Note = erasure.Note{Position: 2, Event: event.ID{UUID: event.DeriveUUID("test-elsewhere")}}
	w.decided(who, event.Health)
	head, err := w.store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.note.Position = head
	if done := w.catchUp(); len(done) != 1 {
		t.Error("the decision was passed over")
	}
	if w.note.Position == 0 || len(w.note.Waiting) != 0 {
		t.Errorf("noted %+v", w.note.Note)
	}
}

// Two erasers at once come to the same as one.
func TestTwoErasersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 8 {
		of := event.DeriveUUID("test-many", fmt.Append(nil, n))
		w.registered(of)
		w.decided(of, event.Health, event.Identity)
	}
	var group sync.WaitGroup
	for range 2 {
		e := erasure.New(erasure.Config{Store: w.store, Codec: w.codec, Keys: w.keys, Memory: &note{}, CopiesDays: 30, Clock: func() time.Time { return start }, After: time.After,
			Judged: func(context.Context, event.UUID, event.Position) error { return nil }})
		group.Go(func() {
			if _, err := e.CatchUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for n := range 8 {
		of := event.DeriveUUID("test-many", fmt.Append(nil, n))
		if d, r := w.count(of, "key.destroyed"), w.count(of, "rights.erasure-completed"); d != 2 || r != 1 {
			t.Errorf("%d destructions, %d receipts", d, r)
		}
	}
}

// Following the ledger, what is decided is carried out, and a stop ends it.
func TestAnEraserFollowsTheLedger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.registered(who)
	done := make(chan erasure.Receipt, 1)
	e := w.eraser()
	e.Done = func(r erasure.Receipt) { done <- r }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx, func(err error) { t.Error(err) }) }()
	w.decided(who, event.Health)
	if r := <-done; r.Person != who {
		t.Errorf("got %+v", r)
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
