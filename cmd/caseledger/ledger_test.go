package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/person"
	"caseledger/domain/screening"
	"caseledger/eventstore"
)

// eventsOfOne is how many events [fillLedger] records of each person, the key
// commitments left aside.
const eventsOfOne = 50

// fillLedger makes a data directory of so many people, [eventsOfOne] events
// each, past all commands: it is for measuring what happens to a large ledger.
func fillLedger(t testing.TB, dir dataDir, people int) {
	t.Helper()
	if err := dir.markSynthetic(); err != nil {
		t.Fatal(err)
	}
	r, err := opening{dir: dir, mode: writing, now: time.Now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	errs := make([]error, 16)
	for n := range errs {
		group.Go(func() {
			for i := n; i < people && errs[n] == nil; i += len(errs) {
				errs[n] = fillPerson(t, r, i, eventsOfOne)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}

// filled is the i-th person of [fillLedger].
func filled(i int) event.UUID { return event.DeriveUUID("filled", fmt.Appendf(nil, "%d", i)) }

func fillPerson(t testing.TB, r *record, i, events int) error {
	nurse, _ := memberNamed("NUR1")
	who, now := filled(i), time.Now().UTC()
	drafts := []event.Draft{{Data: person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: fmt.Sprintf("TANGO-%d", i)}),
		DateOfBirth: event.Own(event.MustDay("1980-02-03")), Sex: event.Own(person.Female), Site: "CAMBRIDGE", Region: "N56"}}}
	for n := 1; n < events; n++ {
		id := event.DeriveUUID("filled", who[:], fmt.Appendf(nil, "%d", n/3))
		switch n % 3 {
		case 0:
			drafts = append(drafts, event.Draft{Data: consent.ConsentGranted{Consent: id, Version: 1, Kind: consent.Screening, Form: consent.Oral,
				GivenBy: consent.Self, ExpiresAt: event.On(event.DayOf(now) + 300)}})
		case 1:
			drafts = append(drafts, event.Draft{Data: screening.ScreeningCompleted{Screening: id, Status: screening.Complete, Total: event.Own(n % 20)}})
		default:
			drafts = append(drafts, event.Draft{Data: consent.ConsentWithdrawn{Consent: id, To: "HUB_NURSE"}})
		}
	}
	command := eventstore.Command{ID: event.DeriveUUID("filling", who[:]), Stream: event.Case(who), Subject: who, Effective: event.At(now),
		Actor: nurse.actor(), Purpose: "DIRECT_CARE", Origin: event.Live}
	batch, err := r.codec.Seal(t.Context(), command, drafts, nil)
	if err != nil {
		return err
	}
	_, err = r.store.Append(t.Context(), command.Stream, eventstore.NoStream, batch)
	return err
}

// buildViews brings one set of read models up to date.
func buildViews(t testing.TB, dir dataDir, set string) {
	t.Helper()
	r, err := opening{dir: dir, mode: reading, now: time.Now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.view(t.Context(), set, everybody(), viewOptions, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.runner.CatchUp(t.Context()), s.store.Close(), r.close()); err != nil {
		t.Fatal(err)
	}
}
