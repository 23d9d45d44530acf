package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/appointment"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/referral"
	"caseledger/domain/screening"
	"caseledger/eventstore"
)

// eventsOfYear is how many events [fillYear] records of each person, the key
// commitments left aside; looksOfYear of them are looks at the record.
const (
	eventsOfYear = 100
	looksOfYear  = 8
)

// fillYear makes a data directory of so many people with a year each, of the
// kinds of event that a hub records, past all commands.
func fillYear(t testing.TB, dir dataDir, people int) {
	t.Helper()
	if err := dir.markSynthetic(); err != nil {
		t.Fatal(err)
	}
	clock := &handClock{at: event.MustDay("2026-01-05").Start()}
	r, err := opening{dir: dir, mode: writing, now: clock.now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for visit := range yearVisits {
		clock.set(event.MustDay("2026-01-05").Start().AddDate(0, 0, visit*30).Add(10 * time.Hour))
		var group sync.WaitGroup
		errs := make([]error, 16)
		for n := range errs {
			group.Go(func() {
				for i := n; i < people && errs[n] == nil; i += len(errs) {
					errs[n] = visits(t.Context(), r, i, visit, clock.now())
				}
			})
		}
		group.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}

// yearVisits is how often each person comes to the hub.
const yearVisits = 4

// visits records one visit of a person, as one append, and the looks at the
// record that went with it.
func visits(ctx context.Context, r *record, i, visit int, now time.Time) error {
	nurse, _ := memberNamed("NUR1")
	actor := nurse.actor()
	practice, _ := theRegister.ByCode("GP1")
	who := filled(i)
	id := func(of string, n int) event.UUID {
		return event.DeriveUUID("filled-"+of, who[:], fmt.Appendf(nil, "%d.%d", visit, n))
	}
	var drafts []event.Draft
	add := func(data any) { drafts = append(drafts, event.Draft{Data: data}) }
	if visit == 0 {
		add(person.PersonRegistered{Name: event.Own(person.Name{Given: "TEST", Family: fmt.Sprintf("TANGO-%d", i)}),
			DateOfBirth: event.Own(event.MustDay("1980-02-03")), Sex: event.Own(person.Female), Site: "CAMBRIDGE", Region: "N56"})
	}
	flow := disclosure.Flow{FromOrg: actor.Org, ToOrg: practice.ID, ToRole: "GP", Direction: disclosure.Direction{From: event.NHS, To: event.NHS},
		Purpose: "DIRECT_CARE", Categories: []event.Category{"H.SCREEN_BAND"}, Detail: "FULL"}
	for n := range eventsOfYear {
		switch {
		case len(drafts) >= (eventsOfYear-looksOfYear)/yearVisits:
		case n%5 == 0:
			add(appointment.AppointmentScheduled{Appointment: id("appointment", n), Kind: "HUB_CLINIC", Site: "CAMBRIDGE", Owner: event.NHS,
				Slot: appointment.Slot{From: event.At(now.AddDate(0, 0, 7)), Minutes: 30}})
		case n%5 == 1:
			add(screening.ScreeningCompleted{Screening: id("screening", n), Status: screening.Complete, Total: event.Own(n % 20)})
		case n%5 == 2:
			add(referral.ReferralDrafted{Referral: id("referral", n)})
		case n%5 == 3 && n < 10:
			decision := id("decision", n)
			add(disclosure.DisclosureDecided{Decision: decision, Flow: flow, Outcome: disclosure.Permit, Basis: disclosure.Basis{Rule: "R01",
				Article6: "A6E", RuleVersion: 1,
				Article9: "A9H", Schedule1: "p2", Confidence: "C-IMP", Gateway: "G-251B"}})
			add(disclosure.DisclosureMade{Disclosure: id("disclosure", n), Decision: decision, Flow: flow, Method: "SYSTEM",
				ToldHealth: event.Own([]event.Item{{Category: "H.SCREEN_BAND"}})})
		default:
			add(consent.ConsentOffered{Consent: id("consent", n), Kind: consent.Screening})
		}
	}
	command := eventstore.Command{ID: id("visit", 0), Stream: event.Case(who), Subject: who, Effective: event.At(now), Actor: actor, Purpose: "DIRECT_CARE", Origin: event.Live, IfAny: true}
	if _, err := eventstore.Execute(ctx, r.store, r.codec, command, func([]event.Recorded, event.Revision) ([]event.Draft, error) { return drafts, nil }); err != nil {
		return err
	}
	looks := eventstore.Command{ID: id("looks", 0), Stream: event.Access(id("session", 0)), Subject: actor.Org, Effective: event.At(now), Actor: actor, Purpose: "DIRECT_CARE", Origin: event.Live, IfAny: true}
	_, err := eventstore.Execute(ctx, r.store, r.codec, looks, func([]event.Recorded, event.Revision) ([]event.Draft, error) {
		var seen []event.Draft
		for range looksOfYear / yearVisits {
			seen = append(seen, event.Draft{Data: access.RecordAccessed{View: "person.timeline", Class: access.ReadOne, Subjects: []event.UUID{who}, Items: 1}})
		}
		return seen, nil
	})
	return err
}

// BenchmarkMonitors judges a synthetic year from nothing, beside the plain
// alternative: each person is loaded and judged again after every event. It
// then tells what one more event costs. The aim is 20,000 events a second for
// 4,000 people, and no more memory than for 500. CASELEDGER_TEST_BENCH_PEOPLE
// is the larger number of people; 1,000 unless set.
func BenchmarkMonitors(b *testing.B) {
	most := 1000
	if text := os.Getenv("CASELEDGER_TEST_BENCH_PEOPLE"); text != "" {
		var err error
		if most, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, people := range []int{most / 8, most} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) { benchmarkMonitors(b, people) })
	}
}

func benchmarkMonitors(b *testing.B, people int) {
	dir := dataDir(filepath.Join(b.TempDir(), "data"))
	fillYear(b, dir, people)
	now := func() time.Time { return event.MustDay("2026-06-01").Start() }
	r, err := opening{dir: dir, mode: writing, now: now, random: rand.Reader}.open(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = r.close() }()
	head, err := r.head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := r.judge(b.Context(), everybody(), now, false, nil); err != nil { // what was found is on the record
		b.Fatal(err)
	}
	found, err := r.head(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	var heap uint64
	for b.Loop() {
		if err := os.Remove(dir.file(monitorsFile)); err != nil {
			b.Fatal(err)
		}
		stop := watchHeap(&heap)
		began := time.Now()
		sum, err := r.judge(b.Context(), everybody(), now, false, nil)
		took = append(took, time.Since(began))
		stop()
		if err != nil || sum.Recorded != 0 {
			b.Fatalf("judging again: %+v, %v", sum, err)
		}
	}
	b.ReportMetric(float64(head)/median(took).Seconds(), "events/s/ours")
	b.ReportMetric(float64(found-head), "findings")
	b.ReportMetric(float64(heap)/(1<<20), "MiB/heap")

	began := time.Now()
	events, err := judgePlainly(b.Context(), r, 10, now())
	if err != nil {
		b.Fatal(err)
	}
	plain := float64(events) / time.Since(began).Seconds()
	b.ReportMetric(plain, "events/s/plain")
	b.ReportMetric(float64(head)/median(took).Seconds()/plain, "ratio")

	var one []time.Duration
	for n := range 50 {
		if err := visits(b.Context(), r, n%people, yearVisits+n, now()); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if _, err := r.judge(b.Context(), everybody(), now, false, nil); err != nil {
			b.Fatal(err)
		}
		one = append(one, time.Since(began))
	}
	b.ReportMetric(float64(median(one).Microseconds()), "µs/one-more")
}

// watchHeap notes the most memory that the heap holds until it is stopped.
func watchHeap(most *uint64) (stop func()) {
	runtime.GC()
	done, ended := make(chan struct{}), make(chan struct{})
	var high atomic.Uint64
	go func() {
		defer close(ended)
		look := time.NewTicker(10 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case <-look.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				high.Store(max(high.Load(), m.HeapInuse))
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		*most = max(*most, high.Load())
	}
}

// judgePlainly judges a few people, each anew after every event of theirs, and
// returns how many events that were.
func judgePlainly(ctx context.Context, r *record, people int, now time.Time) (events int, err error) {
	shared, err := r.surroundings(everybody()).Shared(ctx)
	if err != nil {
		return 0, err
	}
	for i := range people {
		history, err := r.history(ctx, r.codec.Reader, filled(i))
		if err != nil {
			return 0, err
		}
		for n := range history {
			again, err := r.history(ctx, r.codec.Reader, filled(i))
			if err != nil {
				return 0, err
			}
			lawfulness.Judge(lawfulness.NewHistory(filled(i), again[:n+1], nil, shared), now)
		}
		events += len(history)
	}
	return events, nil
}
