package agreement_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
)

var (
	hub      = event.DeriveUUID("test-org", []byte("hub"))
	service  = event.DeriveUUID("test-org", []byte("service"))
	provider = event.DeriveUUID("test-org", []byte("provider"))
	firstDay = event.MustDay("2026-03-20") // the clocks go forward on 29 March
)

// history draws what may happen to an agreement over some twenty days, in any
// order of effective times, valid or not.
func history(t *rapid.T) []event.Recorded {
	stream := event.Agreement(event.DeriveUUID("test-agreement"))
	var all []event.Recorded
	version := 0
	for i := range rapid.IntRange(0, 12).Draw(t, "events") {
		var data any
		switch kind := rapid.SampledFrom([]string{"terms", "sign", "sign", "sign", "suspend", "resume", "terminate", "expire", "closed"}).Draw(t, "kind"); kind {
		case "terms":
			version++
			from := firstDay + event.Day(rapid.IntRange(0, 15).Draw(t, "from"))
			terms := agreement.Terms{From: from, To: from + event.Day(rapid.IntRange(0, 15).Draw(t, "length"))}
			for _, o := range rapid.SampledFrom([][]event.UUID{{hub, service}, {hub, service, provider}, {}}).Draw(t, "parties") {
				terms.Parties = append(terms.Parties, agreement.Party{Org: o})
			}
			data = agreement.AgreementAmended{Version: version, Terms: terms}
			if version == 1 {
				data = agreement.AgreementDrafted{Agreement: stream.Of, Terms: terms}
			}
		case "sign":
			data = agreement.AgreementSigned{Version: rapid.IntRange(1, 3).Draw(t, "version"), Org: rapid.SampledFrom([]event.UUID{hub, service, provider}).Draw(t, "party")}
		case "suspend":
			data = agreement.AgreementSuspended{}
		case "resume":
			data = agreement.AgreementResumed{}
		case "terminate":
			data = agreement.AgreementTerminated{}
		default:
			data = agreement.AgreementExpired{Version: 1}
		}
		effective := event.On(firstDay + event.Day(rapid.IntRange(0, 20).Draw(t, "day")))
		if rapid.Bool().Draw(t, "instant") {
			effective = event.At(instant(t))
		}
		e := event.Recorded{Stream: stream, Data: data, ID: event.DeriveID(hub, stream, hub, i), Operational: event.Open, Meta: event.Meta{Effective: effective}}
		if rapid.IntRange(0, 9).Draw(t, "open") == 0 {
			e.Operational = event.Erased
		}
		all = append(all, e)
	}
	return all
}

// instant draws a half hour, so that it often falls on a bound.
func instant(t *rapid.T) time.Time {
	return firstDay.Start().Add(time.Duration(rapid.IntRange(-48, 48*25).Draw(t, "half hour")) * 30 * time.Minute)
}

// inForce is what domain reference section 9.1 says, word for word: all
// parties signed by t, from <= t < to, not suspended; and not ended before.
func inForce(events []event.Recorded, t time.Time) (number int, ok bool) {
	by := func(e event.Recorded) bool { return !e.Effective.Earliest().After(t) }
	suspended := false
	var open []event.When // suspensions, in order of being recorded
	for i, e := range events {
		if e.Operational != event.Open {
			continue
		}
		switch e.Data.(type) {
		case agreement.AgreementTerminated:
			first := !slices.ContainsFunc(events[:i], func(p event.Recorded) bool {
				_, was := p.Data.(agreement.AgreementTerminated)
				return was && p.Operational == event.Open
			})
			if first && by(e) {
				return 0, false
			}
		case agreement.AgreementSuspended:
			open = append(open, e.Effective)
		case agreement.AgreementResumed:
			for _, from := range open {
				suspended = suspended || !from.Earliest().After(t) && !by(e)
			}
			open = nil
		}
	}
	for _, from := range open {
		suspended = suspended || !from.Earliest().After(t)
	}
	for _, e := range events {
		var terms agreement.Terms
		version := 1
		switch d := e.Data.(type) {
		case agreement.AgreementDrafted:
			terms = d.Terms
		case agreement.AgreementAmended:
			terms, version = d.Terms, d.Version
		default:
			continue
		}
		if e.Operational != event.Open || len(terms.Parties) == 0 || t.Before(terms.From.Start()) {
			continue
		}
		all := true
		for _, p := range terms.Parties {
			signed := false
			for i, s := range events {
				d, is := s.Data.(agreement.AgreementSigned)
				after := slices.IndexFunc(events, func(x event.Recorded) bool { return x.ID == e.ID }) < i
				signed = signed || is && after && s.Operational == event.Open && d.Version == version && d.Org == p.Org && by(s)
			}
			all = all && signed
		}
		if all && version > number {
			number, ok = version, t.Before(terms.To.Start()) && !suspended
		}
	}
	return number, ok
}

func TestInForceIsWhatTheReferenceSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events, at := history(t), instant(t)
		v, ok := agreement.Fold(events).InForce(at)
		number, want := inForce(events, at)
		if ok != want || ok && v.Number != number {
			t.Fatalf("at %s: got %v, version %d, want %v, version %d", at, ok, v.Number, want, number)
		}
	})
}

// Folding one event at a time never changes a state that somebody holds.
func TestEvolveLeavesTheStateItWasGiven(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		states := []agreement.State{{}}
		for _, e := range events {
			states = append(states, agreement.Evolve(states[len(states)-1], e))
		}
		for _, s := range states {
			for _, e := range events {
				agreement.Evolve(s, e)
			}
		}
		for i, got := range states {
			if want := agreement.Fold(events[:i]); !reflect.DeepEqual(got, want) {
				t.Fatalf("after %d events the state kept is not the state folded", i)
			}
		}
	})
}

// A status lasts from its first instant to the next one's: what is said of
// one microsecond is said of the half hour it begins.
func TestStatusChangesOnBoundsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, at := agreement.Fold(history(t)), instant(t)
		is, v := s.StatusAt(at)
		later, w := s.StatusAt(at.Add(30*time.Minute - time.Microsecond))
		if is != later || v.Number != w.Number {
			t.Fatalf("between %s and the half hour after, %s became %s", at, is, later)
		}
	})
}
