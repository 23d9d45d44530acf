package catalogue_test

import (
	"testing"
	"time"

	"caseledger/domain/agreement"
	"caseledger/domain/event"
)

// terms are those of an agreement between the hubs and PROB-N56.
var terms = `{"label":"DSA-1","title":"Hubs and probation",
	"parties":[{"org":"` + org("HUB-CAM").String() + `","side":"NHS","controllerRole":"SOLE","art6":["A6E"],"art9":["A9H"]},{"org":"` + org("PROB-N56").String() + `","side":"PROBATION","controllerRole":"SOLE"}],
	"purposes":["REHAB_SUPPORT","REQ_MGMT"],
	"flows":[{"from":"NHS","to":"PROBATION","categories":["H.ATTENDANCE","ID.*"]}],
	"from":"2026-01-05","to":"2027-01-05","reviewDue":"2026-12-01","breachHours":24,"frequency":"AS_NEEDED","atEnd":"DESTROY","onward":false,"confidence":["C-EXP"],"gateways":["G-OMA14"],"methods":["SYSTEM"],"keepMonths":96,
	"security":"Sealed.","contacts":{"rights":"rights@hub.invalid","breach":"breach@hub.invalid"}}`

var amended = with(with(with(terms, "title", nil), "reason", "More is needed."), "from", "2026-03-01")

func agreementStory(t *testing.T) *story {
	return newStory(t, event.Agreement(event.DeriveUUID("test-agreement")))
}

func sign(version string, party string, role string) string {
	r := `,"role":"` + role + `"`
	if role == "" {
		r = ""
	}
	return `{"version":` + version + `,"org":"` + party + `"` + r + `}`
}

// signed is an agreement that both parties have signed.
func signed(t *testing.T) *story {
	t.Helper()
	g := agreementStory(t)
	g.when("draft-agreement", terms).then("agreement.drafted")
	g.as("CALDICOTT", "HUB-CAM").when("sign-agreement", sign("1", org("HUB-CAM").String(), "")).then("agreement.signed")
	g.as("IG_LEAD", "PROB-N56").when("sign-agreement", sign("1", org("PROB-N56").String(), "IAO")).then("agreement.signed")
	return g
}

func (g *story) agreementIs(clock string, want agreement.Status, version int) {
	g.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", clock, event.London)
	if err != nil {
		g.t.Fatal(err)
	}
	if is, v := agreement.Fold(g.standing()).StatusAt(at); is != want || v.Number != version {
		g.t.Errorf("at %s: got %s, version %d, want %s, version %d", clock, is, v.Number, want, version)
	}
}

func TestAnAgreementIsInForceOnceAllHaveSigned(t *testing.T) {
	t.Parallel()
	g := agreementStory(t)
	drafts := g.when("draft-agreement", terms).then("agreement.drafted")
	if d := drafts[0].Data.(agreement.AgreementDrafted); d.Agreement != g.stream.Of || d.Contacts.Value().Breach == "" || d.Security.Value() == "" || drafts[0].Side != event.Shared {
		t.Errorf("drafted as %s of side %s, want the stream's own name, open to every side", d.Agreement, drafts[0].Side)
	}
	g.agreementIs("2026-01-05 09:00", agreement.Draft, 1)
	g.as("SIRO", "HUB-CAM").when("sign-agreement", sign("1", org("HUB-CAM").String(), "")).then()
	g.agreementIs("2026-01-05 09:00", agreement.Draft, 1)
	g.at("2026-01-06 10:00").as("SIRO", "PROB-N56").when("sign-agreement", sign("1", org("PROB-N56").String(), "SIRO")).then()
	g.agreementIs("2026-01-06 09:59", agreement.Draft, 1)
	g.agreementIs("2026-01-06 10:00", agreement.InForce, 1)
	g.agreementIs("2027-01-04 23:59", agreement.InForce, 1)
	g.agreementIs("2027-01-05 00:00", agreement.Expired, 1)
}

func TestTheVersionBeforeHoldsUntilTheNextIsSignedAndBegins(t *testing.T) {
	t.Parallel()
	g := signed(t)
	g.at("2026-02-01 09:00").when("amend-agreement", amended).then("agreement.amended")
	g.as("IG_LEAD", "HUB-CAM").when("sign-agreement", sign("2", org("HUB-CAM").String(), "SIRO")).then()
	g.agreementIs("2026-03-02 00:00", agreement.InForce, 1)
	g.at("2026-02-02 09:00").as("SIRO", "PROB-N56").when("sign-agreement", sign("2", org("PROB-N56").String(), "")).then()
	g.agreementIs("2026-02-28 23:59", agreement.InForce, 1)
	g.agreementIs("2026-03-01 00:00", agreement.InForce, 2)
}

func TestTermsByWhichNobodyCouldShareAreRefused(t *testing.T) {
	t.Parallel()
	party := func(code string, side event.Side, role agreement.ControllerRole) map[string]any {
		id := event.DeriveUUID("nobody").String()
		if code != "" {
			id = org("HUB-CAM").String()
			if code == "PROB-N56" {
				id = org("PROB-N56").String()
			}
			if code == "HUB-MID" {
				id = org("HUB-MID").String()
			}
		}
		return map[string]any{"org": id, "side": side, "controllerRole": role}
	}
	cam, n56 := party("HUB-CAM", "NHS", "SOLE"), party("PROB-N56", "PROBATION", "SOLE")
	flow := func(from, to event.Side, c ...event.Category) []any {
		return []any{map[string]any{"from": from, "to": to, "categories": c}}
	}
	for name, tc := range map[string]struct {
		member string
		value  any
		code   string
	}{
		"one party":                    {"parties", []any{cam}, "party-missing"},
		"no party":                     {"parties", []any{}, "party-missing"},
		"one controller":               {"parties", []any{cam, party("HUB-MID", "NHS", "JOINT")}, "party-missing"},
		"unknown party":                {"parties", []any{cam, party("", "PROBATION", "SOLE")}, "party-unknown"},
		"party of another side":        {"parties", []any{cam, party("PROB-N56", "NHS", "SOLE")}, "party-of-another-side"},
		"party twice":                  {"parties", []any{cam, n56, cam}, "party-named-twice"},
		"processors alone":             {"parties", []any{party("HUB-CAM", "NHS", "PROCESSOR"), party("PROB-N56", "PROBATION", "PROCESSOR")}, "controller-missing"},
		"ends as it begins":            {"to", "2026-01-05", "ends-before-it-begins"},
		"review at the start":          {"reviewDue", "2026-01-05", "review-outside-the-term"},
		"review after the end":         {"reviewDue", "2027-01-06", "review-outside-the-term"},
		"victim data":                  {"flows", flow("PROBATION", "NHS", "J.VICTIM"), "category-never-crosses"},
		"victim data in a group":       {"flows", flow("PROBATION", "NHS", "J.*"), "category-never-crosses"},
		"a gateway that is none":       {"gateways", []string{"G-NONE"}, "basis-unknown"},
		"a basis that is none":         {"confidence", []string{"A6E"}, "basis-unknown"},
		"a party's basis that is none": {"parties", []any{map[string]any{"org": org("HUB-CAM").String(), "side": "NHS", "controllerRole": "SOLE", "sch1": []string{"p1"}}, n56}, "basis-unknown"},
		"a side of no party":           {"flows", flow("NHS", "POLICE", "H.ATTENDANCE"), "flow-without-party"},
		"from a party to itself":       {"flows", flow("NHS", "NHS", "H.ATTENDANCE"), "flow-without-party"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agreementStory(t).when("draft-agreement", with(terms, tc.member, tc.value)).refused(tc.code)
			signed(t).when("amend-agreement", with(amended, tc.member, tc.value)).refused(tc.code)
			agreementStory(t).given("draft-agreement", with(terms, tc.member, tc.value))
		})
	}
	agreementStory(t).as("IG_LEAD", "HOUSE-MID").when("draft-agreement", terms).refused("not-a-party")
}

func TestTermsThatCannotBeUnderstood(t *testing.T) {
	t.Parallel()
	for pointer, tc := range map[string]struct {
		member string
		value  any
	}{
		"/label":                    {"label", ""},
		"/title":                    {"title", " "},
		"/parties/0/org":            {"parties", []any{map[string]any{"side": "NHS", "controllerRole": "SOLE"}}},
		"/parties/0/side":           {"parties", []any{map[string]any{"side": "X", "controllerRole": "SOLE"}}},
		"/parties/0/controllerRole": {"parties", []any{map[string]any{"side": "NHS"}}},
		"/parties":                  {"parties", make([]struct{}, 65)},
		"/purposes":                 {"purposes", nil},
		"/purposes/0":               {"purposes", []string{"X"}},
		"/purposes/1":               {"purposes", []string{"AUDIT", "AUDIT"}},
		"/flows":                    {"flows", nil},
		"/flows/0/from":             {"flows", []any{map[string]any{"from": "X"}}},
		"/flows/0/to":               {"flows", []any{map[string]any{"from": "NHS"}}},
		"/flows/0/categories":       {"flows", []any{map[string]any{"from": "NHS", "to": "PROBATION"}}},
		"/flows/0/categories/0":     {"flows", []any{map[string]any{"from": "NHS", "to": "PROBATION", "categories": []string{"*"}}}},
		"/flows/0/categories/1":     {"flows", []any{map[string]any{"from": "NHS", "to": "PROBATION", "categories": []string{"ID.*", "ID.*"}}}},
		"/from":                     {"from", nil},
		"/to":                       {"to", nil},
		"/frequency":                {"frequency", "X"},
		"/atEnd":                    {"atEnd", "X"},
		"/methods/0":                {"methods", []string{"X"}},
		"/keepMonths":               {"keepMonths", -1},
		"/confidence/0":             {"confidence", []string{"not a code"}},
		"/gateways":                 {"gateways", make([]string, 17)},
		"/parties/0/art6/0":         {"parties", []any{map[string]any{"art6": []string{""}}}},
		"/parties/0/art9/0":         {"parties", []any{map[string]any{"art9": []string{""}}}},
		"/parties/0/sch1/0":         {"parties", []any{map[string]any{"sch1": []string{""}}}},
		"/security":                 {"security", "a\u0000"},
		"/contacts/rights":          {"contacts", map[string]any{"breach": "x"}},
		"/contacts/breach":          {"contacts", map[string]any{"rights": "x"}},
		"/breachHours":              {"breachHours", 73},
	} {
		agreementStory(t).when("draft-agreement", with(terms, tc.member, tc.value)).invalid(pointer)
	}
	signed(t).when("amend-agreement", with(amended, "reason", "")).invalid("/reason")
	signed(t).when("suspend-agreement", `{"reason":""}`).invalid("/reason")
	signed(t).when("sign-agreement", `{"version":0,"role":"X"}`).invalid("/version")
	signed(t).when("sign-agreement", `{"version":1,"role":"X"}`).invalid("/org")
	signed(t).when("sign-agreement", `{"version":1,"role":"X"}`).invalid("/role")
	agreementStory(t).when("draft-agreement", with(terms, "effectiveAt", "2026-01-07")).refused("in-the-future")
}

func TestWhoSignsWhat(t *testing.T) {
	t.Parallel()
	cam, n56 := org("HUB-CAM").String(), org("PROB-N56").String()
	g := agreementStory(t)
	g.when("sign-agreement", sign("1", cam, "IAO")).refused("no-such-agreement")
	g.when("draft-agreement", terms).then()
	g.when("draft-agreement", terms).refused("agreement-already-drafted")
	g.when("sign-agreement", sign("2", cam, "IAO")).refused("no-such-version")
	g.when("sign-agreement", sign("1", org("HOUSE-MID").String(), "IAO")).refused("not-a-party")
	g.when("sign-agreement", sign("1", n56, "IAO")).refused("not-your-organisation")
	g.when("sign-agreement", sign("1", cam, "")).refused("signatory-role")
	g.as("DPO", "HUB-CAM").when("sign-agreement", sign("1", cam, "IAO")).refused("role-may-not")
	g.as("CALDICOTT", "HUB-CAM").when("sign-agreement", sign("1", cam, "SIRO")).refused("signatory-role")
	g.as("CALDICOTT", "HUB-MID").when("sign-agreement", sign("1", cam, "")).then("agreement.signed")
	g.when("sign-agreement", sign("1", cam, "")).refused("already-signed")
	g.at("2027-01-05 00:00").as("SIRO", "PROB-N56").when("sign-agreement", sign("1", n56, "")).refused("version-over")
	g.at("2026-02-01 09:00").as("IG_LEAD", "HUB-CAM").when("amend-agreement", amended).then()
	g.as("SIRO", "PROB-N56").when("sign-agreement", sign("1", n56, "")).refused("version-superseded")
	g.when("terminate-agreement", `{"reason":"No longer wanted."}`).then("agreement.terminated")
	g.when("sign-agreement", sign("2", n56, "")).refused("agreement-over")
}

func TestAnAgreementIsSuspendedResumedAndTerminated(t *testing.T) {
	t.Parallel()
	why := `{"reason":"An invented reason."}`
	g := agreementStory(t)
	for _, c := range []string{"suspend-agreement", "resume-agreement", "terminate-agreement"} {
		g.when(c, why).refused("no-such-agreement")
	}
	g.when("draft-agreement", terms).then()
	g.when("suspend-agreement", why).refused("agreement-not-in-force")

	g = signed(t).at("2026-02-01 09:00")
	g.when("resume-agreement", why).refused("agreement-not-suspended")
	g.as("IG_LEAD", "HOUSE-MID").when("suspend-agreement", why).refused("not-a-party")
	g.as("IG_LEAD", "PROB-N56").when("suspend-agreement", why).then("agreement.suspended")
	g.when("suspend-agreement", why).refused("agreement-not-in-force")
	g.at("2026-02-03 09:00").as("IG_LEAD", "HUB-CAM").when("resume-agreement", why).then("agreement.resumed")
	g.agreementIs("2026-02-01 08:59", agreement.InForce, 1)
	g.agreementIs("2026-02-01 09:00", agreement.Suspended, 1)
	g.agreementIs("2026-02-03 08:59", agreement.Suspended, 1)
	g.agreementIs("2026-02-03 09:00", agreement.InForce, 1)

	g.at("2026-03-01 09:00").as("SIRO", "HUB-CAM").when("terminate-agreement", why).then("agreement.terminated")
	g.agreementIs("2026-03-01 08:59", agreement.InForce, 1)
	g.agreementIs("2026-03-01 09:00", agreement.Terminated, 1)
	g.when("terminate-agreement", why).refused("agreement-over")
	g.as("IG_LEAD", "HUB-CAM").when("amend-agreement", amended).refused("agreement-over")
}

func TestTheEndOfAnAgreementIsNotedOnce(t *testing.T) {
	t.Parallel()
	g := agreementStory(t).as("SYSTEM", "HUB-CAM")
	g.when("expire-agreement", `{}`).refused("no-such-agreement")
	g = signed(t).at("2027-01-04 23:59").as("SYSTEM", "HUB-CAM")
	g.when("expire-agreement", `{}`).refused("agreement-not-expired")
	drafts := g.at("2027-01-05 00:10").when("expire-agreement", `{}`).then("agreement.expired")
	if want := event.At(event.MustDay("2027-01-05").Start()); drafts[0].Effective != want {
		t.Errorf("it ended at %s, want %s", drafts[0].Effective, want)
	}
	g.when("expire-agreement", `{}`).nothing()
	g.as("IG_LEAD", "HUB-CAM").when("expire-agreement", `{}`).refused("role-may-not")
	g.when("amend-agreement", with(with(amended, "from", "2027-01-10"), "to", "2028-01-10")).refused("review-outside-the-term")
	g.when("amend-agreement", with(with(with(amended, "from", "2027-01-10"), "to", "2028-01-10"), "reviewDue", nil)).then()
}
