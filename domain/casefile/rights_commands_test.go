package casefile_test

import (
	"fmt"
	"testing"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/rights"
)

// asks receives a request and returns its id.
func (g *story) asks(kind rights.RequestKind) event.UUID {
	g.t.Helper()
	g.when("receive-rights-request", fmt.Sprintf(`{"kind":%q,"wording":"Everything you have about me."}`, kind)).then("rights.request-received")
	return g.last().Data.(rights.RightsRequestReceived).Request
}

func ofRequest(id event.UUID, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"request":%q%s}`, id, rest)
}

func (g *story) request(id event.UUID) rights.Request {
	g.t.Helper()
	for _, r := range g.state().Rights.Requests {
		if r.ID == id {
			return r
		}
	}
	g.t.Fatal("the request is not on the record")
	return rights.Request{}
}

// Journey A: received on 2 March, due on 2 April, answered on 7 April. The
// answer is recorded; that it was late is for a monitor to find.
func TestAnAccessRequestOfJourneyA(t *testing.T) {
	t.Parallel()
	g := told(t).at("2026-03-02 10:00").as("NAVIGATOR", "HUB-CAM")
	id := g.asks(rights.Access)
	if due, running := g.request(id).Due(); !running || due != event.MustDay("2026-04-02") {
		t.Errorf("due on %s, %v, want 2 April", due, running)
	}
	if !g.state().Rights.OpenAt(g.ctx.Now) {
		t.Error("no request is open")
	}
	g.when("respond-to-rights-request", ofRequest(id, `"outcome":"GRANTED"`)).refused("role-may-not")
	g.at("2026-04-07 10:00").as("IG_LEAD", "HUB-CAM").when("extend-rights-request", ofRequest(id, `"reason":"COMPLEX"`)).refused("extension-after-due")
	g.when("respond-to-rights-request", ofRequest(id, `"outcome":"GRANTED","answer":"A copy was posted."`)).then("rights.request-responded")
	if r := g.request(id); !r.LateAt(g.ctx.Now) || g.state().Rights.OpenAt(g.ctx.Now) {
		t.Errorf("got %+v, want it closed and late", r)
	}
	g.when("respond-to-rights-request", ofRequest(id, `"outcome":"GRANTED"`)).refused("request-answered")
	g.when("extend-rights-request", ofRequest(id, `"reason":"COMPLEX"`)).refused("request-answered")
}

func TestTheClockOfARequest(t *testing.T) {
	t.Parallel()
	g := told(t).at("2026-05-12 10:00").as("IG_LEAD", "HUB-CAM")
	id := g.asks(rights.Access)
	pause, clarify := ofRequest(id, `"reason":"IDENTITY"`), ofRequest(id, "")
	g.when("clarify-rights-request", clarify).refused("clock-runs")
	g.when("pause-rights-request", ofRequest(person, `"reason":"IDENTITY"`)).refused("no-such-request")
	g.when("pause-rights-request", ofRequest(id, `"reason":"HOLIDAYS"`)).invalid("/reason")
	g.when("pause-rights-request", ofRequest(id, `"reason":"IDENTITY","effectiveAt":"2026-05-11"`)).refused("before-it-was-received")
	g.at("2026-05-14 10:00").when("pause-rights-request", pause).then("rights.request-paused")
	if _, running := g.request(id).Due(); running {
		t.Error("the clock runs while something is waited for")
	}
	g.when("pause-rights-request", ofRequest(id, `"reason":"CLARIFICATION"`)).refused("clock-stands")
	g.as("IG_LEAD", "PROB-N56").when("clarify-rights-request", clarify).refused("no-such-request") // asked of another controller
	g.at("2026-05-24 10:00").as("HUB_NURSE", "HUB-CAM").when("clarify-rights-request", clarify).then("rights.request-clarified")
	if due, _ := g.request(id).Due(); due != event.MustDay("2026-06-22") {
		t.Errorf("due on %s, want ten days later than 12 June", due)
	}
	g.as("DPO", "HUB-CAM").at("2026-06-22 17:00").when("extend-rights-request", ofRequest(id, `"reason":"NUMEROUS"`)).then("rights.request-extended")
	if due, _ := g.request(id).Due(); due != event.MustDay("2026-08-24") {
		t.Errorf("due on %s, want three months and ten days on, which is a Saturday", due)
	}
	g.when("extend-rights-request", ofRequest(id, `"reason":"NUMEROUS"`)).refused("extended-already")

	g = told(t).as("IG_LEAD", "HUB-CAM")
	g.when("receive-rights-request", `{"kind":"ACCESS","identityConfirmed":true}`).then()
	id = g.last().Data.(rights.RightsRequestReceived).Request
	g.when("pause-rights-request", ofRequest(id, `"reason":"IDENTITY"`)).refused("identity-confirmed")
	g.when("pause-rights-request", ofRequest(id, `"reason":"CLARIFICATION"`)).then("rights.request-paused")
}

func TestAnswersAndTheirGrounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kind rights.RequestKind
		rest string
		code string
	}{
		{"journey C: erasure refused", rights.Erasure, `"outcome":"REFUSED","grounds":["17(3)(b)","17(3)(c)"]`, ""},
		{"refused without a ground", rights.Erasure, `"outcome":"REFUSED"`, "grounds-absent"},
		{"partly, without a ground", rights.Access, `"outcome":"PARTLY_GRANTED","redactions":2`, "grounds-absent"},
		{"granted, with a ground", rights.Access, `"outcome":"GRANTED","grounds":["OTHER"]`, "grounds-without-a-refusal"},
		{"access refused for the public task", rights.Access, `"outcome":"REFUSED","grounds":["17(3)(b)"]`, "ground-of-another-right"},
		{"erasure refused for serious harm", rights.Erasure, `"outcome":"REFUSED","grounds":["SERIOUS_HARM"],"assessor":"5a000000-0000-4000-8000-00000000000b"`, "ground-of-another-right"},
		{"serious harm that nobody assessed", rights.Access, `"outcome":"PARTLY_GRANTED","grounds":["SERIOUS_HARM"]`, "serious-harm-not-assessed"},
		{"serious harm", rights.Access, `"outcome":"PARTLY_GRANTED","grounds":["SERIOUS_HARM","THIRD_PARTY"],"redactions":4,"assessor":"5a000000-0000-4000-8000-00000000000b"`, ""},
		{"before it was asked", rights.Access, `"outcome":"GRANTED","effectiveAt":"2026-05-04"`, "before-it-was-received"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := told(t).at("2026-05-05 10:00").as("IG_LEAD", "HUB-CAM")
			r := g.when("respond-to-rights-request", ofRequest(g.asks(c.kind), c.rest))
			if c.code == "" {
				r.then("rights.request-responded")
			} else {
				r.refused(c.code)
			}
		})
	}
	g := told(t).as("IG_LEAD", "HUB-CAM")
	for pointer, rest := range map[string]string{"/grounds/1": `"outcome":"REFUSED","grounds":["OTHER","BORED"]`, "/outcome": `"outcome":"LATER"`, "/redactions": `"outcome":"GRANTED","redactions":-1`} {
		g.when("respond-to-rights-request", ofRequest(person, rest)).invalid(pointer)
	}
}

// An objection is a request like any other; it stands against telling only if
// that is asked for too.
func TestAnObjectionAsARight(t *testing.T) {
	t.Parallel()
	g := told(t)
	cell := consent.Cell{From: event.NHS, Category: "H.ATTENDANCE", Purpose: "REHAB_SUPPORT", To: consent.Receiver{Side: event.Probation}}
	g.asks(rights.Objection)
	if g.state().Consent.Denied(cell, g.ctx.Now) {
		t.Error("the request alone stands against telling")
	}
	g.when("receive-rights-request", `{"kind":"OBJECTION","objectsToTelling":true,"scope":{"from":"NHS","recipients":[{"side":"PROBATION"}]}}`).
		then("rights.request-received", "consent.objection-recorded")
	if !g.state().Consent.Denied(cell, g.ctx.Now) {
		t.Error("the objection does not stand")
	}
	g.when("receive-rights-request", `{"kind":"ACCESS","objectsToTelling":true}`).invalid("/objectsToTelling")
	g.when("receive-rights-request", `{"kind":"OBJECTION","scope":{"from":"NHS"}}`).invalid("/scope")
	g.when("receive-rights-request", `{"kind":"OBJECTION","objectsToTelling":true,"scope":{"categories":["X"]}}`).invalid("/scope/categories/0")
	g.when("receive-rights-request", `{"kind":"FAME"}`).invalid("/kind")
}

// kept sets a retention period and returns its id.
func (g *story) kept(body string) event.UUID {
	g.t.Helper()
	g.when("set-retention-period", body).then("rights.retention-period-set")
	return g.last().Data.(rights.RetentionPeriodSet).Period
}

func TestRetentionPeriodsFollowTheirSchedule(t *testing.T) {
	t.Parallel()
	g := told(t).as("IG_LEAD", "HUB-CAM")
	id := g.kept(`{"class":"ADULT_HEALTH","from":"2026-02-02"}`)
	p, _ := g.state().Rights.Period(id)
	if p.KeepUntil != event.MustDay("2034-02-02") || p.DisposeOn != event.MustDay("2034-02-03") {
		t.Errorf("got %+v, want eight years", p)
	}
	for body, code := range map[string]string{
		`{"class":"ADULT_HEALTH","from":"2026-02-02","keepUntil":"2034-02-01"}`:                          "shorter-than-the-minimum",
		`{"class":"ADULT_HEALTH","from":"2026-02-02","disposeOn":"2034-02-02"}`:                          "disposal-within-the-minimum",
		`{"class":"PROBATION_CASE","from":"2026-02-02","disposeOn":"2034-02-02"}`:                        "schedule-never-disposes",
		`{"class":"CONSENT_AND_DISCLOSURE","from":"2026-02-02","keepUntil":"2034-02-02"}`:                "schedule-never-disposes",
		`{"class":"ADULT_HEALTH","from":"2026-02-02","keepUntil":"2040-01-01","disposeOn":"2039-01-01"}`: "disposal-within-the-minimum",
	} {
		g.when("set-retention-period", body).refused(code)
	}
	g.when("set-retention-period", `{"class":"FOREVER","from":"2026-02-02"}`).invalid("/class")
	g.when("set-retention-period", `{"class":"ADULT_HEALTH","from":"2026-02-05"}`).invalid("/from")
	g.when("set-retention-period", `{"class":"ADULT_HEALTH","from":"2026-02-02","keepUntil":"9999-12-31"}`).invalid("/keepUntil")
	id = g.kept(`{"class":"PROBATION_CASE","from":"2026-02-02"}`)
	p, _ = g.state().Rights.Period(id)
	if p.KeepUntil != 0 || p.DisposeOn != 0 {
		t.Errorf("got %+v, want no end", p)
	}
	g.as("HUB_CLIN", "HUB-CAM").when("set-retention-period", `{"class":"ADULT_HEALTH","from":"2026-02-02"}`).refused("role-may-not")
}

func TestDisposal(t *testing.T) {
	t.Parallel()
	g := told(t).as("IG_LEAD", "HUB-CAM")
	id := g.kept(`{"class":"ADULT_HEALTH","from":"2016-01-29"}`)
	of := func(rest string) string { return fmt.Sprintf(`{"period":%q,%s}`, id, rest) }
	dispose, verdict := of(`"data":["health","identity"]`), of(`"outcome":"DISPOSE","reason":"Nothing calls for it."`)
	g.when("dispose-record", dispose).refused("not-reviewed")
	g.when("review-retention", of(`"outcome":"EXTEND","disposeOn":"2026-02-02","reason":"x"`)).refused("not-an-extension")
	g.when("review-retention", of(`"outcome":"EXTEND","reason":"x"`)).invalid("/disposeOn")
	g.when("review-retention", of(`"outcome":"ARCHIVE","disposeOn":"2027-01-01","reason":"x"`)).invalid("/disposeOn")
	g.when("review-retention", fmt.Sprintf(`{"period":%q,"outcome":"ARCHIVE","reason":"x"}`, person)).refused("no-such-retention-period")
	g.when("review-retention", of(`"outcome":"EXTEND","disposeOn":"2027-01-01","reason":"A claim may come."`)).then("rights.retention-reviewed")
	g.when("dispose-record", dispose).refused("not-reviewed")
	g.when("review-retention", verdict).then("rights.retention-reviewed")

	g.when("place-legal-hold", `{"reason":"A public inquiry."}`).then("rights.legal-hold-placed")
	hold := g.last().Data.(rights.LegalHoldPlaced).Hold
	lift := fmt.Sprintf(`{"hold":%q,"reason":"It has reported."}`, hold)
	g.when("dispose-record", dispose).refused("hold-active")
	g.as("IG_LEAD", "PROB-N56").when("lift-legal-hold", lift).refused("no-such-hold")
	g.as("IG_LEAD", "HUB-CAM").at("2026-03-02 10:00").when("lift-legal-hold", lift).then("rights.legal-hold-lifted")
	g.when("lift-legal-hold", lift).refused("hold-not-live")
	g.as("IG_LEAD", "PROB-N56").when("dispose-record", dispose).refused("no-such-retention-period")

	g.as("IG_LEAD", "HUB-CAM")
	g.when("dispose-record", of(`"data":["health"],"effectiveAt":"2026-02-15"`)).refused("hold-active") // then it stood
	g.when("dispose-record", of(`"data":["decision"]`)).invalid("/data/0")
	g.when("dispose-record", of(`"data":["health","health"]`)).invalid("/data/1")
	g.when("dispose-record", of(`"data":[]`)).invalid("/data")
	g.when("dispose-record", dispose).then("rights.record-disposed")
	if d := g.last().Data.(rights.RecordDisposed); d.Class != "ADULT_HEALTH" || len(d.Data) != 2 {
		t.Errorf("got %+v", d)
	}
	g.when("dispose-record", dispose).refused("disposed-already")
}

// The longest of several schedules counts, and one without an end for ever.
func TestTheLongestScheduleCounts(t *testing.T) {
	t.Parallel()
	for longer, code := range map[string]string{`{"class":"MENTAL_HEALTH","from":"2016-01-29"}`: "before-minimum",
		`{"class":"CONSENT_AND_DISCLOSURE","from":"2016-01-29"}`: "before-minimum", `{"class":"ADULT_HEALTH","from":"2017-01-29"}`: ""} {
		g := told(t).as("IG_LEAD", "HUB-CAM")
		id := g.kept(`{"class":"ADULT_HEALTH","from":"2016-01-29"}`)
		g.kept(longer)
		g.when("review-retention", fmt.Sprintf(`{"period":%q,"outcome":"DISPOSE","reason":"x"}`, id)).then()
		r := g.when("dispose-record", fmt.Sprintf(`{"period":%q,"data":["health"]}`, id))
		if code == "" {
			r.then("rights.record-disposed")
		} else {
			r.refused(code)
		}
	}
	g := told(t).as("IG_LEAD", "HUB-CAM")
	day := `{"class":"ADULT_HEALTH","from":"2018-02-04"}` // its last day is today
	id := g.kept(day)
	review := fmt.Sprintf(`{"period":%q,"outcome":"DISPOSE","reason":"x"}`, id)
	g.when("review-retention", review).refused("before-minimum")
	g.at("2026-02-05 00:00").when("review-retention", review).then()
	g.when("dispose-record", fmt.Sprintf(`{"period":%q,"data":["health"]}`, id)).then("rights.record-disposed")
}
