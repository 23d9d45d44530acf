package casefile_test

import (
	"reflect"
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/rights"
)

// eventful is a story of a bit of everything.
func eventful(t *testing.T) *story {
	t.Helper()
	g := supervised(t).
		given("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`).
		given("record-address", `{"variant":"NO_FIXED_ABODE"}`).
		given("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).
		given("impose-requirement", `{"kind":"DTR","from":"2026-01-26","to":"2026-06-01"}`)
	g.attended("SUPERVISION", "2026-02-03 09:00", "ATTC")
	shared := g.attended("CO_LOCATED", "2026-02-04 10:00", "ATTC")
	g.happened(appointment.CoPresenceAgreed{Presence: person, Appointment: shared, Topics: []appointment.Topic{appointment.Intro}})
	g.happened(appointment.CoPresenceEnded{Presence: person})
	g.as("HUB_CLIN", "HUB-CAM").given("invoke-break-glass", cannotWait).given("end-break-glass", ofUse(g.use(), ""))
	g.given("record-capacity", `{"decision":"DISCLOSURE","outcome":"FLUCTUATING"}`).given("record-objection", `{}`)
	g.given("receive-rights-request", `{"kind":"ACCESS"}`).given("pause-rights-request", ofRequest(g.last().Data.(rights.RightsRequestReceived).Request, `"reason":"IDENTITY"`))
	g.given("set-retention-period", `{"class":"ADULT_HEALTH","from":"2016-01-29"}`).given("place-legal-hold", `{"reason":"An inquiry."}`)
	g.given("record-court-order", `{"categories":["H.NOTE"],"from":"2026-02-01","to":"2026-03-01","reference":"Invented"}`)
	return g.as("PP", "PROB-N56").given("enter-custody", `{"establishment":"HMP Invented"}`)
}

// Folding one event at a time says what folding them all says, and never
// changes a state that somebody holds, whichever way it goes on from there.
func TestEvolveLeavesTheStateItWasGiven(t *testing.T) {
	t.Parallel()
	history := eventful(t).history
	states := []casefile.State{{}}
	for _, e := range history {
		states = append(states, casefile.Evolve(states[len(states)-1], e))
	}
	for i := range states { // and on from each in another way
		for _, e := range history {
			casefile.Evolve(states[i], e)
		}
	}
	for i, got := range states[1:] {
		if want := casefile.Fold(history[:i+1]); !reflect.DeepEqual(got.Case, want.Case) ||
			!reflect.DeepEqual(got.Log, want.Log) || !reflect.DeepEqual(got.Holders, want.Holders) {
			t.Fatalf("after %d events, the last of them %s, the state kept is not the state folded", i+1, history[i].Type)
		}
	}
}

// A case of about a hundred events, from nothing to the state that a decision
// is made against.
func BenchmarkFold(b *testing.B) {
	g := eventful(&testing.T{})
	for day := event.MustDay("2026-02-05"); len(g.history) < 100; day++ {
		g.attended("SUPERVISION", day.String()+" 09:00", "ATTC")
	}
	b.ReportAllocs()
	for b.Loop() {
		casefile.Fold(event.Standing(g.history))
	}
	b.ReportMetric(float64(len(g.history))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
