package casefile_test

import (
	"fmt"
	"strings"
	"testing"

	"caseledger/domain/appointment"
	"caseledger/domain/event"
	"caseledger/domain/screening"
)

// willing is a person who agreed to be screened.
func willing(t *testing.T) *story {
	t.Helper()
	return told(t).given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
}

func completed(g *story) screening.ScreeningCompleted {
	g.t.Helper()
	return g.lastOf("screening.completed").Data.(screening.ScreeningCompleted)
}

func TestScreeningNeedsConsent(t *testing.T) {
	t.Parallel()
	gad := `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1]}`
	g := told(t)
	g.when("complete-screening", gad).refused("no-screening-consent")
	g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
	g.when("complete-screening", gad).then("screening.completed")
	g.at("2026-02-05 10:00").given("refuse-consent", `{"kind":"SCREENING","reason":"NOT_GIVEN"}`)
	g.when("complete-screening", gad).refused("no-screening-consent")
	g.at("2026-02-06 10:00").given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
	g.when("complete-screening", gad).then("screening.completed")
	g.when("complete-screening", `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1],"effectiveAt":"2026-02-05T11:00:00Z"}`).refused("no-screening-consent")
	g.as("PP", "PROB-N56").when("complete-screening", gad).refused("role-may-not")
}

func TestScreeningResults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body, band string
		total            int
		flag             bool
	}{
		{"PHQ-9 of journey A", `{"instrument":"PHQ-9","items":[2,2,2,2,2,2,3,2,0],"total":17}`, "MODERATELY_SEVERE", 17, false},
		{"PHQ-9 with thoughts of self-harm", `{"instrument":"PHQ-9","items":[0,0,0,0,0,0,0,0,1]}`, "MINIMAL", 1, true},
		{"PHQ-9 total that can only mean them", `{"instrument":"PHQ-9","total":25,"itemsWithheld":true}`, "SEVERE", 25, true},
		{"PHQ-9 total that need not", `{"instrument":"PHQ-9","total":24,"itemsWithheld":true}`, "SEVERE", 24, false},
		{"GAD-7 of journey A", `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1]}`, "MODERATE", 12, false},
		{"AUDIT-C of journey A", `{"instrument":"AUDIT-C","items":[1,1,1]}`, "NEGATIVE", 3, false},
		{"AQ-10 of journey A", `{"instrument":"AQ-10","total":6,"itemsWithheld":true}`, "REFER", 6, false},
		{"DUDIT of journey B", `{"instrument":"DUDIT","items":[3,2,3,3,3,3,2,3,1,4,2]}`, "DEPENDENCE_LIKELY", 29, false},
		{"AUDIT of journey B", `{"instrument":"AUDIT","items":[4,3,2,2,2,2,1,2,2,2]}`, "POSSIBLE_DEPENDENCE", 22, false},
		{"AQ-10 by the form's own cut-off", `{"instrument":"AQ-10","total":6,"itemsWithheld":true,"bandTable":"more-than-6-1"}`, "BELOW_CUT_OFF", 6, false},
		{"K10 scored from 0", `{"instrument":"K10-0-40","total":21,"itemsWithheld":true}`, "VERY_HIGH", 21, false},
		{"CORE-10 with plans", `{"instrument":"CORE-10","items":[0,0,0,0,0,1,0,0,0,0]}`, "BELOW_CLINICAL", 1, true},
		{"K10 of journey C", `{"instrument":"K10","total":31,"itemsWithheld":true}`, "VERY_HIGH", 31, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := willing(t)
			names := []string{"screening.completed"}
			if c.flag {
				names = append(names, "screening.risk-flag-raised")
			}
			g.when("complete-screening", c.body).then(names...)
			d := completed(g)
			total, state := d.Total.Get()
			if d.Status != screening.Complete || state != event.Open || total != c.total || string(d.Band.Value()) != c.band || d.BandTable.Value() == "" {
				t.Errorf("got %s %d %s by table %q, want %d %s", d.Status, total, d.Band.Value(), d.BandTable.Value(), c.total, c.band)
			}
			if c.flag != g.state().Screening.AtRisk() {
				t.Errorf("at risk: got %v, want %v", !c.flag, c.flag)
			}
		})
	}
}

func TestMissingItemsAreNotImputed(t *testing.T) {
	t.Parallel()
	g := willing(t)
	g.when("complete-screening", `{"instrument":"PHQ-9","items":[2,2,2,2,null,2,3,2,1]}`).then("screening.completed", "screening.risk-flag-raised")
	if d := completed(g); d.Status != screening.Incomplete || d.Total.State() != event.Absent || d.Band.State() != event.Absent || len(d.Items.Value()) != 9 {
		t.Errorf("got %s with a total %s, want incomplete without one", d.Status, d.Total.State())
	}
	g.when("complete-screening", `{"instrument":"PHQ-9","items":[2,2,2,2,null,2,3,2,0],"total":15}`).refused("total-of-missing-items")
	g.when("complete-screening", `{"instrument":"PHQ-9","items":[2,2,2,2,2,2,3,2,0],"total":16}`).refused("total-mismatch")
}

func TestCutOffsFollowTheRegisteredSex(t *testing.T) {
	t.Parallel()
	items := `"items":[3,0,0,0,0,0,0,0,0,0,0]`
	for sex, want := range map[string]string{"F": "PROBLEM_INDICATED", "M": "NO_PROBLEM_INDICATED", "NOT_KNOWN": "PROBLEM_INDICATED"} {
		g := newStory(t).given("register-person", strings.Replace(alpha, `"sex":"F"`, fmt.Sprintf(`"sex":%q`, sex), 1)).
			as("HUB_NURSE", "HUB-CAM").given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
		g.when("complete-screening", `{"instrument":"DUDIT",`+items+`}`).then("screening.completed")
		if got := completed(g).Band.Value(); string(got) != want {
			t.Errorf("sex %s: got %s, want %s", sex, got, want)
		}
	}
	g := willing(t)
	g.when("complete-screening", `{"instrument":"DUDIT","bandFor":"M",`+items+`}`).then()
	if got := completed(g); got.Band.Value() != "NO_PROBLEM_INDICATED" || got.BandFor.Value() != "M" {
		t.Errorf("asked for men's cut-offs: got %s for %q", got.Band.Value(), got.BandFor.Value())
	}
}

func TestWhatCannotBeAScreening(t *testing.T) {
	t.Parallel()
	g := willing(t)
	for body, pointer := range map[string]string{
		`{"instrument":"MMSE"}`:                                                   "/instrument",
		`{"instrument":"PHQ-9","items":[2,2,2,2,2,2,3,2]}`:                        "/items",
		`{"instrument":"PHQ-9","items":[2,2,2,4,2,2,3,2,0]}`:                      "/items/3",
		`{"instrument":"PHQ-9","items":[2,2,2,-1,2,2,3,2,0]}`:                     "/items/3",
		`{"instrument":"AUDIT","items":[4,3,2,2,2,2,1,2,1,2]}`:                    "/items/8",
		`{"instrument":"DUDIT","items":[3,2,3,3,3,3,2,3,1,3,2]}`:                  "/items/9",
		`{"instrument":"PHQ-9","total":28,"itemsWithheld":true}`:                  "/total",
		`{"instrument":"PHQ-9","itemsWithheld":true}`:                             "/total",
		`{"instrument":"PHQ-9","total":3}`:                                        "/items",
		`{"instrument":"PHQ-9","items":[0,0,0,0,0,0,0,0,0],"itemsWithheld":true}`: "/items",
		`{"instrument":"PHQ-9","items":[0,0,0,0,0,0,0,0,0],"outcome":"REFER"}`:    "/outcome",
		`{"instrument":"BISI","outcome":"UNSURE"}`:                                "/outcome",
		`{"instrument":"BISI","outcome":"NOT_INDICATED","total":3}`:               "/total",
	} {
		g.when("complete-screening", body).invalid(pointer)
	}
	g.when("complete-screening", `{"instrument":"BISI","outcome":"REPEATED_INJURY"}`).then("screening.completed")
	g.when("complete-screening", `{"instrument":"LDSQ","outcome":"INDICATED"}`).refused("licence-absent")
	g.when("complete-screening", `{"instrument":"LDSQ","outcome":"INDICATED","licenceHeld":true}`).then("screening.completed")
}

func TestAnOfferOfAScreeningIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	g := willing(t)
	g.when("offer-screening", `{"instrument":"GAD-7"}`).then("screening.offered")
	id := g.last().Data.(screening.ScreeningOffered).Screening
	take := func(instrument, items string) string {
		return fmt.Sprintf(`{"screening":%q,"instrument":%q,"items":%s}`, id, instrument, items)
	}
	g.when("complete-screening", take("AUDIT-C", "[1,1,1]")).refused("another-instrument")
	g.when("decline-screening", fmt.Sprintf(`{"screening":%q,"instrument":"GAD-7","reason":"NOT_NOW"}`, person)).refused("no-such-screening")
	g.when("decline-screening", fmt.Sprintf(`{"screening":%q,"instrument":"GAD-7","reason":"NOT_NOW"}`, id)).then("screening.declined")
	g.when("complete-screening", take("GAD-7", "[2,2,2,2,2,1,1]")).refused("screening-already-answered")
	g.when("decline-screening", `{"instrument":"PHQ-9","reason":"BECAUSE"}`).invalid("/reason")
}

func TestARiskFlagIsReviewedBeforeItIsClosed(t *testing.T) {
	t.Parallel()
	g := willing(t)
	g.when("raise-risk-flag", `{"level":"NONE"}`).refused("no-risk-to-flag")
	g.when("raise-risk-flag", `{"level":"PLAN","plan":"Crisis team called."}`).then("screening.risk-flag-raised")
	id := g.last().Data.(screening.RiskFlagRaised).Flag
	with := func(rest string) string { return fmt.Sprintf(`{"flag":%q%s}`, id, rest) }
	g.when("close-risk-flag", with(`,"reason":"Seen."`)).refused("risk-flag-not-reviewed")
	g.when("review-risk-flag", fmt.Sprintf(`{"flag":%q,"level":"NONE"}`, person)).refused("no-such-risk-flag")
	g.when("review-risk-flag", with(`,"level":"IDEATION","plan":"Safety plan made."`)).then("screening.risk-flag-reviewed")
	g.when("close-risk-flag", with(`,"reason":""`)).invalid("/reason")
	g.when("close-risk-flag", with(`,"reason":"Seen."`)).then("screening.risk-flag-closed")
	g.when("close-risk-flag", with(`,"reason":"Seen."`)).refused("risk-flag-closed")
	if g.state().Screening.AtRisk() {
		t.Error("the only flag is closed")
	}
}

func TestTestResults(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.as("TX_PROV", "DRUG1").when("record-test-result", `{"kind":"DRUG","result":"POSITIVE","found":["OPIATES"]}`).then("screening.test-result-recorded")
	g.when("record-test-result", `{"kind":"DRUG","result":"NEGATIVE","found":["OPIATES"]}`).refused("found-without-positive-result")
	g.when("record-test-result", `{"kind":"HIV","result":"NEGATIVE"}`).refused("no-consent-to-test")
	g.when("record-test-result", `{"kind":"BLOOD","result":"NEGATIVE"}`).invalid("/kind")
	g.when("record-test-result", `{"kind":"DRUG","result":"POSITIVE","found":["TEA"]}`).invalid("/found/0")
	g.as("HUB_NURSE", "HUB-CAM").given("grant-consent", `{"kind":"TREATMENT","form":"EXPLICIT_ORAL"}`)
	g.when("record-test-result", `{"kind":"HIV","result":"NEGATIVE"}`).then("screening.test-result-recorded")
}

func TestAssessScreeningEligibility(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.when("assess-screening-eligibility", `{"programme":"CERVICAL","eligible":"ELIGIBLE","reason":"AGE_AND_ANATOMY"}`).then("screening.eligibility-assessed")
	g.when("assess-screening-eligibility", `{"programme":"PROSTATE","eligible":"ELIGIBLE","reason":"AGE"}`).invalid("/programme")
	g.when("assess-screening-eligibility", `{"programme":"CERVICAL"}`).invalid("/eligible")

	// Journey A: 34, with a cervix, and by then registered with a practice.
	g.at("2026-03-19 10:00")
	for registered, want := range map[bool]screening.Eligibility{true: screening.Eligible, false: screening.NotEligible} {
		g.when("assess-screening-eligibility", fmt.Sprintf(`{"programme":"CERVICAL","asked":{"anatomy":["CERVIX"],"registeredWithGP":%v}}`, registered)).then("screening.eligibility-assessed")
		if d := g.last().Data.(screening.ScreeningEligibilityAssessed); d.Eligible.Value() != want {
			t.Errorf("registered %v: got %s by %s, want %s", registered, d.Eligible.Value(), d.Reason.Value(), want)
		}
	}
	for pointer, body := range map[string]string{"/asked/anatomy/0": `{"programme":"CERVICAL","asked":{"anatomy":["HEART"],"registeredWithGP":true}}`,
		"/eligible": `{"programme":"CERVICAL","eligible":"ELIGIBLE","asked":{"registeredWithGP":true}}`} {
		g.when("assess-screening-eligibility", body).invalid(pointer)
	}
	g.decide("assess-screening-eligibility", `{"programme":"CERVICAL","asked":{"registeredWithGP":true}}`, event.Imported).invalid("/asked")
}

// TestScreeningIsNotOverheard holds a screening in a shared appointment to
// what the person agreed that others may hear.
func TestScreeningIsNotOverheard(t *testing.T) {
	t.Parallel()
	shared := func() (*story, string) {
		g := willing(t).as("PP", "PROB-N56").given("schedule-appointment",
			`{"kind":"CO_LOCATED","site":"CAMBRIDGE","slot":{"from":"2026-02-06T10:00:00Z","minutes":45}}`)
		id := g.lastOf("appointment.scheduled").Data.(appointment.AppointmentScheduled).Appointment.String()
		return g.at("2026-02-06 10:15"), id
	}
	gad := func(id string) string {
		return `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1],"appointment":"` + id + `"}`
	}
	agree := func(id, topic string) string {
		return `{"appointment":"` + id + `","persons":["11111111-1111-4111-8111-111111111111"],"topics":["` + topic + `"],"slot":{"from":"2026-02-06T10:00:00Z","minutes":45},"privateOffered":true}`
	}
	g, id := shared()
	g.as("HUB_NURSE", "HUB-CAM").when("complete-screening", gad(id)).refused("no-co-presence-agreement")
	g.as("PP", "PROB-N56").given("agree-co-presence", agree(id, "INTRO"))
	g.as("HUB_NURSE", "HUB-CAM").when("complete-screening", gad(id)).refused("no-co-presence-agreement")
	presence := g.lastOf("appointment.co-presence-agreed").Data.(appointment.CoPresenceAgreed).Presence.String()
	g.as("PP", "PROB-N56").given("end-co-presence", `{"presence":"`+presence+`"}`)
	g.as("HUB_NURSE", "HUB-CAM").when("complete-screening", gad(id)).then("screening.completed")

	g, id = shared()
	g.as("PP", "PROB-N56").given("agree-co-presence", agree(id, "SCREENING"))
	g.as("HUB_NURSE", "HUB-CAM").when("complete-screening", gad(id)).then("screening.completed")
}

// Every outcome but NONE raises a flag of its own level; an instrument with a
// licence is not used without it, and a table must be the instrument's own.
func TestOutcomesLicencesAndTables(t *testing.T) {
	t.Parallel()
	for _, level := range screening.RiskLevels {
		g := willing(t)
		r := g.when("complete-screening", fmt.Sprintf(`{"instrument":"SELF_HARM_RISK","outcome":%q}`, level))
		if level == screening.NoRisk {
			r.then("screening.completed")
			continue
		}
		r.then("screening.completed", "screening.risk-flag-raised")
		if d := g.last().Data.(screening.RiskFlagRaised); d.Level.Value() != level {
			t.Errorf("got a flag of %s, want %s", d.Level.Value(), level)
		}
	}
	g := willing(t)
	g.when("complete-screening", `{"instrument":"ASSIST-LITE","outcome":"HIGH_RISK"}`).refused("licence-absent")
	g.when("complete-screening", `{"instrument":"ASSIST-LITE","outcome":"HIGH_RISK","licenceHeld":true}`).then("screening.completed")
	g.when("complete-screening", `{"instrument":"AQ-10","total":6,"itemsWithheld":true,"bandTable":"UK-1"}`).invalid("/bandTable")
	g.when("complete-screening", `{"instrument":"SWEMWBS","items":[3,3,3,3,3,3,3]}`).then("screening.completed")
	if d := completed(g); d.Total.Value() != 21 || d.Band.State() != event.Absent {
		t.Errorf("got %d and a band %s, want 21 without one", d.Total.Value(), d.Band.State())
	}
	g.when("complete-screening", `{"instrument":"SWEMWBS","items":[0,3,3,3,3,3,3]}`).invalid("/items/0")
	g.when("complete-screening", `{"instrument":"BBV_HIV","outcome":"TEST_ACCEPTED"}`).then("screening.completed")
	g.when("complete-screening", `{"instrument":"BBV_HIV","outcome":"POSITIVE"}`).invalid("/outcome")
}
