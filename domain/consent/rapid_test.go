package consent

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

func newOf(d *event.Definition) any { return reflect.New(d.Current().Type).Elem().Interface() }

var (
	start   = time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)
	orgs    = []event.UUID{event.DeriveUUID("org", []byte("1")), event.DeriveUUID("org", []byte("2"))}
	someone = event.DeriveUUID("person", []byte("1"))
)

func some[T any](t *rapid.T, from []T, atLeast int, label string) []T {
	return rapid.SliceOfN(rapid.SampledFrom(from), atLeast, 3).Draw(t, label)
}

func drawRecipient(t *rapid.T) Recipient {
	for {
		r := Recipient{
			Side:   rapid.SampledFrom([]event.Side{"", event.Probation, event.VCSE}).Draw(t, "side"),
			Org:    rapid.SampledFrom([]event.UUID{{}, orgs[0], orgs[1]}).Draw(t, "org"),
			Role:   rapid.SampledFrom([]event.Role{"", "PP", "SPO"}).Draw(t, "role"),
			Person: rapid.SampledFrom([]event.UUID{{}, someone}).Draw(t, "person"),
		}
		if r != (Recipient{}) {
			return r
		}
	}
}

// drawScope draws the scope of a grant, or, with open, of a refusal.
func drawScope(t *rapid.T, open bool) Scope {
	atLeast := 1
	if open {
		atLeast = 0
	}
	s := Scope{From: event.NHS,
		Purposes:   some(t, []event.Purpose{"REHAB_SUPPORT", "REQ_MGMT"}, atLeast, "purposes"),
		Categories: some(t, []event.Category{"H.*", "H.SCREEN_*", "H.SCREEN_BAND", "H.ATTENDANCE", "ID.*", "ID.ADDRESS"}, atLeast, "categories")}
	for range rapid.IntRange(atLeast, 2).Draw(t, "recipients") {
		s.Recipients = append(s.Recipients, drawRecipient(t))
	}
	return s
}

func drawCell(t *rapid.T) Cell {
	return Cell{From: event.NHS,
		To: Receiver{Side: rapid.SampledFrom([]event.Side{event.Probation, event.VCSE}).Draw(t, "to side"),
			Org:    rapid.SampledFrom(orgs).Draw(t, "to org"),
			Role:   rapid.SampledFrom([]event.Role{"PP", "SPO", "TX_PROV"}).Draw(t, "to role"),
			Person: rapid.SampledFrom([]event.UUID{{}, someone}).Draw(t, "to person")},
		Category: rapid.SampledFrom([]event.Category{"H.SCREEN_BAND", "H.SCREEN_SCORE", "H.ATTENDANCE", "ID.ADDRESS", "ID.CONTACT"}).Draw(t, "category"),
		Purpose:  rapid.SampledFrom([]event.Purpose{"REHAB_SUPPORT", "REQ_MGMT", "HOUSING_SUPPORT"}).Draw(t, "purpose")}
}

func id(n byte) event.UUID { return event.DeriveUUID("consent", []byte{n}) }

// drawHistory draws events about up to four consents and an objection, an
// hour apart, and the hour after the last.
func drawHistory(t *rapid.T) ([]event.Recorded, int) {
	var events []event.Recorded
	n := rapid.IntRange(1, 8).Draw(t, "events")
	for hour := range n {
		of := id(rapid.Uint8Range(1, 4).Draw(t, "consent"))
		var d Event
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0, 1, 2:
			d = ConsentGranted{Consent: of, Version: 1, Kind: Disclosure, Scope: drawScope(t, false), ExpiresAt: event.At(start.AddDate(0, 6, 0))}
		case 3:
			d = ConsentRefused{Consent: of, Kind: Disclosure, Scope: drawScope(t, true), Reason: "NOT_GIVEN"}
		case 4:
			d = ConsentWithdrawn{Consent: of, To: "PP"}
		case 5:
			d = ConsentInvalidated{Consent: of, Reason: "COERCION"}
		default:
			d = ObjectionRecorded{Objection: id(99), Scope: drawScope(t, true)}
		}
		events = append(events, at(hour, d))
	}
	return events, n
}

func at(hour int, d Event) event.Recorded {
	return event.Recorded{Meta: event.Meta{Effective: event.At(start.Add(time.Duration(hour) * time.Hour)),
		Actor: event.Actor{Side: event.NHS, Role: "HUB_NURSE"}}, Data: d, Operational: event.Open}
}

func fold(events []event.Recorded) State {
	var s State
	for _, e := range events {
		s = Evolve(s, e)
	}
	return s
}

func TestNarrowingNeverWidens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wide, narrow, cell := drawScope(t, false), drawScope(t, false), drawCell(t)
		if narrow.Within(wide) && narrow.Covers(cell) && !wide.Covers(cell) {
			t.Fatalf("%+v is within %+v and covers more: %+v", narrow, wide, cell)
		}
		events, hour := drawHistory(t)
		before := fold(events)
		now := start.Add(time.Duration(hour) * time.Hour)
		c, ok := before.Get(id(1))
		if !ok || c.StatusAt(now) != Active {
			return
		}
		if v, _ := c.Latest(); !narrow.Within(v.Scope) {
			return
		}
		after := Evolve(before, at(hour, ConsentNarrowed{Consent: id(1), Version: 2, Scope: narrow}))
		if before.Rule(cell, now) != Permitted && after.Rule(cell, now) == Permitted {
			t.Fatalf("narrowing made %v permitted", cell)
		}
	})
}

func TestANoNeverMakesAYes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events, hour := drawHistory(t)
		before, cell, scope := fold(events), drawCell(t), drawScope(t, true)
		now := start.Add(time.Duration(hour) * time.Hour)
		for _, no := range []Event{
			ConsentRefused{Consent: id(50), Kind: Disclosure, Scope: scope, Reason: "NOT_GIVEN"},
			ObjectionRecorded{Objection: id(51), Scope: scope},
			ConsentWithdrawn{Consent: id(1), To: "PP"},
		} {
			after := Evolve(before, at(hour, no))
			if before.Rule(cell, now) != Permitted && after.Rule(cell, now) == Permitted {
				t.Fatalf("%T made %v permitted", no, cell)
			}
		}
	})
}

func TestANoBeatsAYesThatIsAsSpecific(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		scope, cell := drawScope(t, false), drawCell(t)
		s := fold([]event.Recorded{
			at(0, ConsentGranted{Consent: id(1), Version: 1, Kind: Disclosure, Scope: scope}),
			at(1, ObjectionRecorded{Objection: id(2), Scope: scope}),
			at(2, ConsentGranted{Consent: id(3), Version: 1, Kind: Disclosure, Scope: scope}),
		})
		want := Silent
		if scope.Covers(cell) {
			want = Denied
		}
		if got := s.Rule(cell, start.Add(3*time.Hour)); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// A fold changes no state it was given, and leaves out what it cannot read.
func TestEvolveIsPureAndTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events, _ := drawHistory(t)
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		early := fold(events[:cut])
		late := early
		for _, e := range events[cut:] {
			late = Evolve(late, e)
		}
		if !reflect.DeepEqual(early, fold(events[:cut])) || !reflect.DeepEqual(late, fold(events)) {
			t.Fatal("a state changed after it was given away")
		}
		for _, d := range Events {
			for _, state := range []event.State{event.Open, event.Withheld, event.Erased} {
				e := at(0, newOf(d).(Event))
				e.Operational = state
				if got := Evolve(late, e); state != event.Open && !reflect.DeepEqual(got, late) {
					t.Fatalf("%s: an unreadable event changed the state", d.Name())
				}
			}
		}
	})
}

// Somebody who refuses as much as they had agreed to, and then narrows the
// agreement, has not agreed anew.
func TestNarrowingIsNotAgreeingAnew(t *testing.T) {
	t.Parallel()
	wide := Scope{From: event.NHS, Recipients: []Recipient{{Side: event.Probation}}, Purposes: []event.Purpose{"REHAB_SUPPORT"}, Categories: []event.Category{"H.*"}}
	narrow := wide
	narrow.Categories = []event.Category{"H.ATTENDANCE"}
	cell := Cell{From: event.NHS, To: Receiver{Side: event.Probation, Org: orgs[0]}, Category: "H.ATTENDANCE", Purpose: "REHAB_SUPPORT"}
	s := fold([]event.Recorded{
		at(0, ConsentGranted{Consent: id(1), Version: 1, Kind: Disclosure, Scope: wide}),
		at(1, ConsentRefused{Consent: id(2), Kind: Disclosure, Scope: wide, Reason: "PRIVACY"}),
		at(2, ConsentNarrowed{Consent: id(1), Version: 2, Scope: narrow}),
	})
	if got := s.Rule(cell, start.Add(3*time.Hour)); got != Denied {
		t.Errorf("got %v, want denied", got)
	}
	s = Evolve(s, at(3, ConsentGranted{Consent: id(3), Version: 1, Kind: Disclosure, Scope: narrow}))
	if got := s.Rule(cell, start.Add(3*time.Hour)); got != Permitted {
		t.Errorf("after agreeing anew: got %v, want permitted", got)
	}
}
