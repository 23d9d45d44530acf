package breakglass

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
)

var start = time.Date(2026, 3, 9, 22, 10, 0, 0, time.UTC)

func id(n int) event.UUID { return event.DeriveUUID("break-glass", []byte{byte(n)}) }

func drawHistory(t *rapid.T) []event.Recorded {
	var all []event.Recorded
	for range rapid.IntRange(0, 8).Draw(t, "events") {
		at := start.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minute")) * time.Minute)
		of := id(rapid.IntRange(1, 3).Draw(t, "use"))
		var d Event
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0, 1:
			d = BreakGlassInvoked{BreakGlass: of, ExpiresAt: event.At(at.Add(time.Duration(rapid.IntRange(0, 240).Draw(t, "holds")) * time.Minute))}
		case 2:
			d = BreakGlassEnded{of}
		default:
			d = BreakGlassReviewed{BreakGlass: of, Verdict: rapid.SampledFrom(Verdicts).Draw(t, "verdict")}
		}
		all = append(all, event.Recorded{Data: d, Operational: event.Open, Meta: event.Meta{Effective: event.At(at),
			Actor: event.Actor{ID: id(rapid.IntRange(11, 13).Draw(t, "who")), Side: event.NHS}}})
	}
	return all
}

func fold(all []event.Recorded) (s State) {
	for _, e := range all {
		s = Evolve(s, e)
	}
	return s
}

// A fold changes no state it was given, passes over what it cannot read, and
// lets nobody in who did not invoke, before they did, or after the expiry.
func TestEvolveIsPureAndLetsInOnlyWhoInvoked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := drawHistory(t)
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		early := fold(all[:cut])
		late := early
		for _, e := range all[cut:] {
			late = Evolve(late, e)
		}
		if !reflect.DeepEqual(early, fold(all[:cut])) || !reflect.DeepEqual(late, fold(all)) {
			t.Fatal("a state changed after it was given away")
		}
		for _, d := range Events {
			e := event.Recorded{Data: reflect.New(d.Current().Type).Elem().Interface(), Operational: event.Erased}
			if !reflect.DeepEqual(Evolve(late, e), late) {
				t.Fatalf("%s: an unreadable event changed the state", d.Name())
			}
		}
		who, at := id(rapid.IntRange(11, 14).Draw(t, "looks")), start.Add(time.Duration(rapid.IntRange(-10, 900).Draw(t, "at"))*time.Minute)
		invoked := false
		for _, e := range all {
			d, ok := e.Data.(BreakGlassInvoked)
			invoked = invoked || ok && e.Actor.ID == who && !e.Effective.Earliest().After(at) && at.Before(d.ExpiresAt.Earliest())
		}
		if late.Lifts(who, at) && !invoked {
			t.Fatal("somebody is let in who did not invoke it")
		}
	})
}
