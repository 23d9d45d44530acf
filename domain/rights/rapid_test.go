package rights

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

func id(n int) event.UUID { return event.DeriveUUID("rights", []byte{byte(n)}) }

func drawEvent(t *rapid.T) event.Recorded {
	of := id(rapid.IntRange(1, 3).Draw(t, "of"))
	day := event.MustDay("2026-01-01") + event.Day(rapid.IntRange(0, 120).Draw(t, "day"))
	d := rapid.SampledFrom([]Event{
		RightsRequestReceived{Request: of, Kind: Access}, RightsRequestPaused{of, Identity}, RightsRequestClarified{of},
		RightsRequestExtended{of, "COMPLEX"}, RightsRequestResponded{Request: of, Outcome: Granted},
		RetentionPeriodSet{Period: of, Class: "ADULT_HEALTH", From: day, KeepUntil: day + 10, DisposeOn: day + 11},
		RetentionReviewed{Period: of, Outcome: Extend, DisposeOn: day + 40}, LegalHoldPlaced{Hold: of}, LegalHoldLifted{Hold: of},
		RecordDisposed{Disposal: of, Period: of},
	}).Draw(t, "event")
	return event.Recorded{Data: d, Operational: event.Open, Meta: event.Meta{Effective: event.On(day), Actor: event.Actor{Side: event.NHS, Org: id(9)}}}
}

func fold(all []event.Recorded) (s State) {
	for _, e := range all {
		s = Evolve(s, e)
	}
	return s
}

// A fold changes no state it was given, passes over what it cannot read, and
// keeps every request, hold and period that was ever there.
func TestEvolveIsPureAndForgetsNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []event.Recorded
		for range rapid.IntRange(0, 10).Draw(t, "events") {
			all = append(all, drawEvent(t))
		}
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		early := fold(all[:cut])
		late := early
		for _, e := range all[cut:] {
			late = Evolve(late, e)
		}
		if !reflect.DeepEqual(early, fold(all[:cut])) || !reflect.DeepEqual(late, fold(all)) {
			t.Fatal("a state changed after it was given away")
		}
		if len(late.Requests) < len(early.Requests) || len(late.Holds) < len(early.Holds) || len(late.Periods) < len(early.Periods) {
			t.Fatal("something was forgotten")
		}
		for _, d := range Events {
			e := event.Recorded{Data: reflect.New(d.Current().Type).Elem().Interface(), Operational: event.Withheld}
			if !reflect.DeepEqual(Evolve(late, e), late) {
				t.Fatalf("%s: an unreadable event changed the state", d.Name())
			}
		}
	})
}

// A hold stands half-open, from its placing until its lifting.
func TestAHoldStandsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	placed, lifted := event.MustDay("2026-02-01").Start(), event.MustDay("2026-03-01").Start()
	s := fold([]event.Recorded{
		{Data: LegalHoldPlaced{Hold: id(1)}, Operational: event.Open, Meta: event.Meta{Effective: event.At(placed)}},
		{Data: LegalHoldLifted{Hold: id(1)}, Operational: event.Open, Meta: event.Meta{Effective: event.At(lifted)}},
	})
	if s.HeldAt(placed.Add(-1)) || !s.HeldAt(placed) || !s.HeldAt(lifted.Add(-1)) || s.HeldAt(lifted) {
		t.Error("want it to stand from its placing until just before its lifting")
	}
}
