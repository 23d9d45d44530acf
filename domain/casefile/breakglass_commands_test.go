package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"caseledger/domain/breakglass"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
)

const cannotWait = `{"reasonCode":"RISK_TO_LIFE","reason":"On the crisis line: says goodbye and hangs up."}`

// limited is a person whose record only somebody else may open.
func limited(t *testing.T) *story {
	t.Helper()
	return told(t).as("SPO", "PROB-N56").
		given("set-access-restriction", fmt.Sprintf(`{"mode":"RESTRICTED","users":[%q],"reason":"An invented reason."}`, sampleStaff)).
		at("2026-03-09 22:10").as("HUB_CLIN", "HUB-CAM")
}

func (g *story) barred(command string) bool {
	g.t.Helper()
	c, ok := casefile.Named(command)
	if !ok {
		g.t.Fatalf("there is no command %s", command)
	}
	return c.Bars(g.state(), g.ctx.Actor.ID, g.ctx.Now)
}

func (g *story) use() event.UUID {
	g.t.Helper()
	return g.lastOf("break-glass.invoked").Data.(breakglass.BreakGlassInvoked).BreakGlass
}

func ofUse(id event.UUID, rest string) string {
	if rest != "" {
		rest = "," + rest
	}
	return fmt.Sprintf(`{"breakGlass":%q%s}`, id, rest)
}

func TestBreakGlassLiftsLimitedAccessForItsInvokerWhileItHolds(t *testing.T) {
	t.Parallel()
	g := limited(t)
	for command, want := range map[string]bool{"complete-screening": true, "raise-risk-flag": false, "invoke-break-glass": false,
		"end-break-glass": false, "expire-consent": false, "review-break-glass": true} {
		if got := g.barred(command); got != want {
			t.Errorf("before it, %s: barred %v, want %v", command, got, want)
		}
	}
	g.when("invoke-break-glass", cannotWait).then("break-glass.invoked")
	if g.barred("complete-screening") {
		t.Error("its invoker is kept out")
	}
	g.as("HUB_NURSE", "HUB-CAM")
	if !g.barred("complete-screening") {
		t.Error("it lets in somebody who did not invoke it")
	}
	g.as("HUB_CLIN", "HUB-CAM").at("2026-03-10 02:09")
	if g.barred("complete-screening") {
		t.Error("a minute before its end its invoker is kept out")
	}
	if g.at("2026-03-10 02:10"); !g.barred("complete-screening") {
		t.Error("it holds at its very end")
	}
	g = limited(t)
	g.when("invoke-break-glass", cannotWait).then()
	g.at("2026-03-09 23:40").when("end-break-glass", ofUse(g.use(), "")).then("break-glass.ended")
	if !g.barred("complete-screening") {
		t.Error("it holds after it was ended")
	}
}

func TestInvokeBreakGlass(t *testing.T) {
	t.Parallel()
	body := func(rest string) string {
		return `{"reasonCode":"RISK_TO_LIFE","reason":"` + rest + `}`
	}
	for _, c := range []struct{ name, body, code string }{
		{"nineteen characters", body(`1234567890123456789"`), "reason-too-short"},
		{"twenty", body(`12345678901234567890"`), ""},
		{"twenty with spaces around", body(`   1234567890123456    "`), "reason-too-short"},
		{"twenty that are not ASCII", body(`éééééééééééééééééééé"`), ""},
		{"no reason", body(`"`), "reason-too-short"},
		{"four hours", body(`12345678901234567890","expiresAt":"2026-03-10T02:10:00Z"`), ""},
		{"a second more", body(`12345678901234567890","expiresAt":"2026-03-10T02:10:01Z"`), "expires-too-late"},
		{"ends as it begins", body(`12345678901234567890","expiresAt":"2026-03-09T22:10:00Z"`), "expires-before-it-begins"},
		{"since this afternoon", body(`12345678901234567890","effectiveAt":"2026-03-09T15:00:00Z"`), "break-glass-back-dated"},
		{"since today", body(`12345678901234567890","effectiveAt":"2026-03-09"`), "break-glass-back-dated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := limited(t).when("invoke-break-glass", c.body)
			if c.code == "" {
				r.then("break-glass.invoked")
			} else {
				r.refused(c.code)
			}
		})
	}
	g := limited(t)
	g.when("invoke-break-glass", body(`12345678901234567890","expiresAt":"2026-03-10"`)).invalid("/expiresAt")
	g.when("invoke-break-glass", `{"reasonCode":"CURIOSITY","reason":"12345678901234567890"}`).invalid("/reasonCode")
	g.when("invoke-break-glass", cannotWait).then("break-glass.invoked")
	if d := g.last().Data.(breakglass.BreakGlassInvoked); d.ExpiresAt != when("2026-03-10T02:10:00Z") {
		t.Errorf("it expires at %s, want four hours on", d.ExpiresAt)
	}
	g.at("2026-03-09 22:30").when("invoke-break-glass", cannotWait).refused("break-glass-holds")
	g.at("2026-03-10 02:10").when("invoke-break-glass", cannotWait).then("break-glass.invoked")
	g.as("PP", "PROB-N56").when("invoke-break-glass", cannotWait).refused("role-may-not")

	g = limited(t).given("invoke-break-glass", body(`short","expiresAt":"2026-03-11T02:10:00Z"`)) // it happened, and is found
	if len(g.state().BreakGlass.Uses) != 1 {
		t.Error("an imported use with a short reason is not on the record")
	}
}

func TestEndBreakGlass(t *testing.T) {
	t.Parallel()
	g := limited(t)
	g.when("end-break-glass", ofUse(person, "")).refused("no-such-break-glass")
	g.when("invoke-break-glass", cannotWait).then()
	id := g.use()
	g.at("2026-03-09 23:40").as("HUB_NURSE", "HUB-CAM").when("end-break-glass", ofUse(id, "")).refused("not-the-invoker")
	g.as("SYSTEM", "HUB-CAM").when("end-break-glass", ofUse(id, "")).refused("not-yet-expired")
	g.as("HUB_CLIN", "HUB-CAM").when("end-break-glass", ofUse(id, `"effectiveAt":"2026-03-09T22:00:00Z"`)).refused("ended-before-it-began")
	g.at("2026-03-10 09:00").as("SYSTEM", "HUB-CAM").when("end-break-glass", ofUse(id, "")).then("break-glass.ended")
	if e := g.last(); e.Effective != when("2026-03-10T02:10:00Z") {
		t.Errorf("ended as of %s, want its expiry", e.Effective)
	}
	g.when("end-break-glass", ofUse(id, "")).nothing()
	g.as("HUB_CLIN", "HUB-CAM").when("end-break-glass", ofUse(id, "")).nothing()
}

// Journey B: invoked on 9 March at 22:10 and reviewed after 82 hours 50
// minutes. The review is recorded; that it was late is for a monitor to find.
func TestReviewBreakGlass(t *testing.T) {
	t.Parallel()
	g := limited(t)
	g.when("invoke-break-glass", cannotWait).then()
	id := g.use()
	fine := ofUse(id, `"verdict":"APPROPRIATE","reason":"She was at risk."`)
	g.at("2026-03-13 09:00").as("IG_LEAD", "HUB-CAM").when("review-break-glass", ofUse(person, `"verdict":"APPROPRIATE","reason":"x"`)).refused("no-such-break-glass")
	g.when("review-break-glass", ofUse(id, `"verdict":"FINE","reason":"x"`)).invalid("/verdict")
	g.when("review-break-glass", ofUse(id, `"verdict":"APPROPRIATE","reason":"x","effectiveAt":"2026-03-08"`)).refused("reviewed-before-it-began")
	g.as("HUB_CLIN", "HUB-CAM").when("review-break-glass", fine).refused("role-may-not")
	g.as("IG_LEAD", "PROB-N56").when("review-break-glass", fine).refused("no-such-break-glass")
	g.as("CALDICOTT", "HUB-CAM").when("review-break-glass", ofUse(id, `"verdict":"MORE_INFORMATION","reason":"Who rang?"`)).then("break-glass.reviewed")
	if u, _ := g.state().BreakGlass.Use(id); !u.Reviewed.IsZero() {
		t.Error("asking for more information settles the review")
	}
	g.as("IG_LEAD", "HUB-CAM").when("review-break-glass", fine).then("break-glass.reviewed")
	g.when("review-break-glass", fine).refused("break-glass-reviewed")

	g = limited(t)
	g.when("invoke-break-glass", cannotWait).then()
	g.ctx.Actor.Role = "IG_LEAD" // the same person, in another role
	g.when("review-break-glass", ofUse(g.use(), `"verdict":"APPROPRIATE","reason":"x"`)).refused("reviewer-is-invoker")
	if got := g.state().BreakGlass.Uses[0]; got.Invoker.Role != "HUB_CLIN" || !got.LiveAt(g.ctx.Now.Add(breakglass.Longest-time.Microsecond)) {
		t.Errorf("got %+v, want a use of four hours", got)
	}
}
