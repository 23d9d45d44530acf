package casefile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/breakglass"
	"caseledger/domain/casefile"
	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/referral"
)

// due lists what had fallen due in the story by now, a line a command, and when
// the next one does.
func (g *story) due() (lines []string, next string) {
	due, then := casefile.Due(g.state(), g.ctx.Now)
	for _, c := range due {
		lines = append(lines, fmt.Sprintf("%s %s on %s", c.Name, c.At.Format(time.RFC3339), c.Side))
	}
	if !then.IsZero() {
		next = then.Format(time.RFC3339Nano)
	}
	return lines, next
}

func (g *story) falls(clock, next string, want ...string) {
	g.t.Helper()
	lines, then := g.at(clock).due()
	if !slices.Equal(lines, want) || then != next {
		g.t.Errorf("at %s: got %q, next %q, want %q, next %q", clock, lines, then, want, next)
	}
}

// times gives every command that is due, as the system, and checks that each
// records one event of when it was due, and none again.
func (g *story) times() *story {
	g.t.Helper()
	due, _ := casefile.Due(g.state(), g.ctx.Now)
	for _, c := range due {
		g.ctx.Actor = event.Actor{ID: event.DeriveUUID("test-system"), Role: "SYSTEM", Side: c.Side, Org: c.Org}
		g.ctx.Effective = event.At(c.At)
		drafts := g.when(c.Name, c.Body).then()
		if len(drafts) != 1 || !drafts[0].Effective.Earliest().Equal(c.At) {
			g.t.Fatalf("%s: got %+v, want one event of %s", c.Name, drafts, c.At)
		}
		g.when(c.Name, c.Body).nothing()
		g.ctx.Effective = event.When{}
	}
	return g
}

func TestAConsentFallsDueAtItsEnd(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.falls("2026-02-04 10:00", "")
	id := g.consents("PROB-N56")
	g.falls("2026-02-04 10:00", "2026-08-03T23:00:00Z") // midnight in London
	g.falls("2026-08-03 23:59", "2026-08-03T23:00:00Z")
	g.falls("2026-08-20 09:00", "", "expire-consent 2026-08-03T23:00:00Z on NHS")
	g.times().falls("2026-08-20 09:00", "")
	if e := g.last(); e.Data != any(consent.ConsentExpired{Consent: id, Version: 1}) || e.Actor.Org != orgID(t, "HUB-CAM") {
		t.Errorf("recorded %+v by %+v", e.Data, e.Actor)
	}
}

func TestNothingFallsDueOfAConsentThatEndedOtherwise(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"withdraw-consent": "", "invalidate-consent": `"reason":"COERCION"`} {
		g := told(t)
		g.given(name, naming(g.consents("PROB-N56"), end)).falls("2026-09-01 09:00", "")
	}
	refused := told(t).given("refuse-consent", `{"kind":"SCREENING","reason":"NOT_GIVEN"}`)
	refused.falls("2027-09-01 09:00", "")
}

// What was agreed to be told falls due when the last order has ended, whether
// by its own end or because it was ended; what was agreed for care does not.
func TestAConsentFallsDueWithSupervision(t *testing.T) {
	t.Parallel()
	agreed := func() *story {
		g := supervised(t).given("give-privacy-notice", `{"notice":"v1","format":"EASY_READ"}`).at("2026-02-04 10:00").as("HUB_NURSE", "HUB-CAM")
		g.given("grant-consent", `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":`+g.attendanceTo("PROB-N56")+`,"expiresAt":"2027-02-04"}`)
		return g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL","expiresAt":"2027-02-04"}`)
	}
	g := agreed()
	g.falls("2026-02-04 10:00", "2027-01-27T00:00:00Z")
	g.falls("2027-01-27 00:00", "2027-02-04T00:00:00Z", "expire-consent 2027-01-27T00:00:00Z on NHS")
	g.times().falls("2027-02-04 00:00", "", "expire-consent 2027-02-04T00:00:00Z on NHS")

	g = agreed().at("2026-03-01 10:00").as("PP", "PROB-N56")
	g.given("end-supervision", fmt.Sprintf(`{"supervision":%q,"reason":"COMPLETED"}`, g.state().Supervision.Orders[0].ID))
	g.falls("2026-03-01 10:05", "2027-02-04T00:00:00Z", "expire-consent 2026-03-01T10:00:00Z on NHS")
	g.times().falls("2026-03-01 10:05", "2027-02-04T00:00:00Z")
}

// Each wait falls due at its own limit, on the record of who referred.
func TestAWaitFallsDue(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.given("send-referral", g.referralTo("TALKING_THERAPIES", "GP1").String())
	g.falls("2026-02-04 10:00", "2026-03-18T00:00:00Z")
	g.falls("2026-03-18 00:00", "2026-06-09T23:00:00Z", "cross-wait-threshold 2026-03-18T00:00:00Z on NHS")
	g.times()
	if d := g.last().Data; d != any(referral.WaitThresholdCrossed{Referral: g.sent(), Timer: "TT_6W", Day: 42}) {
		t.Errorf("recorded %+v", d)
	}
	g.falls("2026-03-18 00:00", "2026-06-09T23:00:00Z")
	g.at("2026-04-01 09:00").given("record-first-contact", step(g.sent()))
	g.falls("2026-07-01 09:00", "")
}

func TestAUseOfBreakGlassFallsDueAtItsExpiry(t *testing.T) {
	t.Parallel()
	g := limited(t).given("invoke-break-glass", cannotWait)
	g.falls("2026-03-09 22:10", "2026-03-10T02:10:00Z")
	g.falls("2026-03-10 09:00", "", "end-break-glass 2026-03-10T02:10:00Z on NHS")
	if g.times(); g.last().Data != any(breakglass.BreakGlassEnded{BreakGlass: g.use()}) {
		t.Errorf("recorded %+v", g.last().Data)
	}
	g.falls("2026-03-10 09:00", "")
	ended := limited(t).given("invoke-break-glass", cannotWait)
	ended.given("end-break-glass", ofUse(ended.use(), ""))
	ended.falls("2026-03-10 09:00", "")
}

// In a record whose decisions are made elsewhere nothing falls due.
func TestNothingFallsDueBehindAFence(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.consents("PROB-N56")
	s := g.at("2026-09-01 09:00").state()
	if due, _ := casefile.Due(s, g.ctx.Now); len(due) != 1 {
		t.Fatalf("%d are due", len(due))
	}
	s.Person.Fence.Standing = true
	if due, next := casefile.Due(s, g.ctx.Now); len(due) > 0 || !next.IsZero() {
		t.Errorf("due %v, next %s", due, next)
	}
}

// Whatever the record holds: until the next instant nothing becomes due, at it
// something does; what is due can be given, and then is no longer.
func TestNextIsWhenSomethingFallsDue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		g := registered(t).given("give-privacy-notice", `{"notice":"v1","format":"STANDARD"}`)
		clock := func(what string, hours int) {
			g.ctx.Now = g.ctx.Now.Add(time.Duration(rapid.IntRange(0, hours).Draw(rt, what)) * time.Hour)
		}
		end := func() string {
			return (event.DayOf(g.ctx.Now) + event.Day(rapid.IntRange(1, 200).Draw(rt, "lasts"))).String()
		}
		for range rapid.IntRange(1, 7).Draw(rt, "events") {
			clock("later", 900)
			g.as("HUB_NURSE", "HUB-CAM")
			consents, orders := g.state().Consent.Consents, g.state().Supervision.Orders
			switch step := rapid.IntRange(0, 7).Draw(rt, "event"); {
			case step == 0:
				g.given("grant-consent", `{"kind":"DISCLOSURE","form":"EXPLICIT_ORAL","scope":`+g.attendanceTo("PROB-N56")+`,"expiresAt":"`+end()+`"}`)
			case step == 1 && len(consents) > 0:
				c := rapid.SampledFrom(consents).Draw(rt, "consent")
				g.given("reconfirm-consent", naming(c.ID, `"expiresAt":"`+end()+`"`))
			case step == 2 && len(consents) > 0:
				g.given("withdraw-consent", naming(rapid.SampledFrom(consents).Draw(rt, "consent").ID, ""))
			case step == 3:
				g.given("send-referral", g.referralTo(rapid.SampledFrom([]string{"TALKING_THERAPIES", "DRUG_ALCOHOL", "CRISIS", "GP_REGISTRATION"}).Draw(rt, "where"), "GP1").String())
			case step == 4:
				g.given("invoke-break-glass", cannotWait)
			case step == 5:
				from := event.DayOf(g.ctx.Now) + event.Day(rapid.IntRange(-30, 60).Draw(rt, "begins"))
				g.given("start-supervision", fmt.Sprintf(`{"type":"COMMUNITY_ORDER","from":%q,"to":%q}`, from, from+event.Day(rapid.IntRange(1, 200).Draw(rt, "runs"))))
			case step == 6 && len(orders) > 0:
				o := rapid.SampledFrom(orders).Draw(rt, "order")
				g.given("end-supervision", fmt.Sprintf(`{"supervision":%q,"reason":"COMPLETED","effectiveAt":%q}`, o.ID, event.DayOf(g.ctx.Now)))
			default:
				g.times()
			}
		}
		clock("asked", 5000)
		state, at := g.state(), g.ctx.Now
		due, next := casefile.Due(state, at)
		becomes := func(t time.Time) bool {
			later, _ := casefile.Due(state, t)
			return slices.ContainsFunc(later, func(c casefile.DueCommand) bool { return !slices.Contains(due, c) })
		}
		last := at.AddDate(3, 0, 0)
		if !next.IsZero() {
			if last = next.Add(-time.Microsecond); !next.After(at) || !becomes(next) {
				rt.Fatalf("asked at %s, at %s nothing falls due", at, next)
			}
		}
		between := at.Add(time.Duration(rapid.Int64Range(0, int64(last.Sub(at))).Draw(rt, "between")))
		for _, t := range []time.Time{last, between} {
			if becomes(t) {
				rt.Fatalf("asked at %s, next is %s, and by %s something falls due", at, next, t)
			}
		}
		for _, c := range due {
			if c.At.After(at) || c.Side == "" || c.Org.IsZero() {
				rt.Fatalf("asked at %s: %+v", at, c)
			}
		}
		g.times()
		if left, _ := casefile.Due(g.state(), at); len(left) > 0 {
			rt.Fatalf("given, and still due: %+v", left)
		}
	})
}
