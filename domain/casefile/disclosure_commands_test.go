package casefile_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"caseledger/domain/casefile"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/lawfulness"
	domainperson "caseledger/domain/person"
	"caseledger/domain/reference"
	"caseledger/domain/supervision"
)

// fieldsOf is a JSON object in the making.
type fieldsOf map[string]any

func (f fieldsOf) with(name string, value any) fieldsOf {
	f = maps.Clone(f)
	f[name] = value
	return f
}

func (f fieldsOf) without(name string) fieldsOf {
	f = maps.Clone(f)
	delete(f, name)
	return f
}

func (f fieldsOf) String() string {
	text, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// flow is who would tell whom what.
func (g *story) flow(from, to reference.OrganisationCode, role, purpose string, categories ...string) fieldsOf {
	g.t.Helper()
	a, _ := orgs.ByCode(from)
	b, ok := orgs.ByCode(to)
	if !ok {
		g.t.Fatalf("no organisation %s", to)
	}
	return fieldsOf{"fromOrg": a.ID, "toOrg": b.ID, "toRole": role, "direction": fieldsOf{"from": a.Side, "to": b.Side},
		"purpose": purpose, "categories": categories, "detailLevel": "SUMMARY"}
}

// toPractice is a complete decision to tell a practice, for direct care.
func (g *story) toPractice(to reference.OrganisationCode, categories ...string) fieldsOf {
	f := g.flow("HUB-CAM", to, "GP", "DIRECT_CARE", categories...)
	maps.Copy(f, fieldsOf{"rule": "R01", "ruleVersion": 1, "art6": "A6E", "art9": "A9H", "confidenceBasis": "C-IMP", "gateway": "G-251B",
		"necessityNote": "The practice cannot register them without it.", "validUntil": "2026-12-31", "personInformed": "YES"})
	return f
}

// toProbation is a complete decision to tell probation, with consent.
func (g *story) toProbation(consented event.UUID, categories ...string) fieldsOf {
	f := g.flow("HUB-CAM", "PROB-N56", "PP", "REHAB_SUPPORT", categories...)
	maps.Copy(f, fieldsOf{"rule": "R03", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p6", "confidenceBasis": "C-EXP",
		"consent": consented, "consentVersion": 1, "gateway": "G-GENFUNC", "dsa": pact, "dsaVersion": 1, "necessityNote": "They asked us to.",
		"validUntil": "2026-12-31", "personInformed": "YES"})
	return f
}

// decides gives a decision and returns its id.
func (g *story) decides(body fieldsOf) event.UUID {
	g.t.Helper()
	g.when("decide-disclosure", body.String()).then("disclosure.decided")
	return g.last().Data.(disclosure.DisclosureDecided).Decision
}

func TestAPermitNeedsACompleteRecord(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	whole := g.toProbation(id, "H.ATTENDANCE")
	for field, gate := range map[string]string{"fromOrg": "G11", "toOrg": "G11", "toRole": "G11", "purpose": "G1", "categories": "G9",
		"detailLevel": "G9", "rule": "G11", "ruleVersion": "G11", "art6": "G3", "art9": "G4", "sch1": "G4", "confidenceBasis": "G6",
		"consent": "G6", "consentVersion": "G6", "gateway": "G2", "necessityNote": "G9", "validUntil": "G11", "personInformed": "G11"} {
		r := g.when("decide-disclosure", whole.without(field).String())
		r.refused("decision-incomplete")
		f := fault.Of(r.err)
		if !slices.Contains(f.Gates, gate) || !slices.ContainsFunc(f.Fields, func(x fault.Field) bool { return x.Pointer == "/"+field }) {
			t.Errorf("without %s: got gates %v and fields %v, want it named, and %s", field, f.Gates, f.Fields, gate)
		}
	}
	g.when("decide-disclosure", whole.with("personInformed", "NO").String()).refused("decision-incomplete")
	g.when("decide-disclosure", `{}`).refused("decision-incomplete")
	g.when("decide-disclosure", whole.String()).then("disclosure.decided")
	d := g.last().Data.(disclosure.DisclosureDecided)
	if d.Outcome != disclosure.Permit || len(d.FailedGates) > 0 || d.Evaluator == 0 || len(d.ReadSet) != 2 || d.ReadSet[1].Stream.Of != pact || d.RuleSet == "" || d.RuleSetHash != lawfulness.Default().Hash() || d.ReferenceData == (event.Commitment{}) {
		t.Errorf("got %+v, want a permit that says what it was judged by", d)
	}
	if d.Necessity.Value() == "" || d.Basis.Consent != id {
		t.Error("the record lost why, or the consent")
	}
}

func TestWhatNoPermitMayDo(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	ok := g.toProbation(id, "H.ATTENDANCE")
	threat := g.flow("HUB-CAM", "PROB-N56", "PP", "PUBLIC_PROTECTION", "ID.CONTACT")
	maps.Copy(threat, fieldsOf{"rule": "R04", "ruleVersion": 1, "art6": "A6E", "gateway": "G-CDA115", "necessityNote": "A life is at risk.",
		"validUntil": "2026-12-31", "personInformed": "YES"})
	for name, c := range map[string]struct {
		body fieldsOf
		code string
	}{
		"victim data":           {ok.with("categories", []string{"H.ATTENDANCE", "J.VICTIM"}), "never-crosses"},
		"legitimate interests":  {ok.with("art6", "A6F"), "basis-barred"},
		"consent as basis":      {ok.with("art6", "A6A"), "basis-barred"},
		"a gateway for care":    {ok.with("gateway", "G-251B"), "wrong-gateway"},
		"a gateway without NHS": {ok.with("gateway", "G-OMA14"), "wrong-gateway"},
		"serious violence":      {ok.with("gateway", "G-SVD"), "wrong-gateway"},
		"another rule":          {ok.with("rule", "R05").with("gateway", "G-SA19"), "rule-does-not-fit"},
		"another's decider":     {threat, "decider-role"},
		"beyond the ceiling":    {g.toPractice("GP1", "W.HOUSING"), "excess-category"},
		"no agreement":          {ok.without("dsa").without("dsaVersion"), "decision-incomplete"},
		"already lapsed":        {ok.with("validUntil", "2026-02-03"), "lapses-before-it-begins"},
	} {
		r := g.when("decide-disclosure", c.body.String())
		if !fault.Is(r.err, c.code) {
			t.Errorf("%s: got %v, want %s", name, r.err, c.code)
		}
	}
	g.as("GP", "GP1").when("decide-disclosure", g.toPractice("GP2", "H.REFERRAL").String()).refused("not-the-holder")
	g.as("NAVIGATOR", "HUB-CAM").when("decide-disclosure", ok.String()).refused("role-may-not")
	g.as("HUB_NURSE", "HUB-CAM")
	for pointer, body := range map[string]fieldsOf{"/rule": ok.with("rule", "R99"), "/categories/0": ok.with("categories", []string{"H.*"}),
		"/direction/to": ok.with("direction", fieldsOf{"from": "NHS", "to": "VCSE"}), "/art9": ok.with("art9", "A9Z"), "/purpose": ok.with("purpose", "CURIOSITY")} {
		g.when("decide-disclosure", body.String()).invalid(pointer)
	}
}

func TestExplicitConsentMustCoverWhatIsTold(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	ok := g.toProbation(id, "H.ATTENDANCE", "H.REFERRAL")
	support := g.flow("HUB-CAM", "VOL1", "NAVIGATOR", "REHAB_SUPPORT", "H.REFERRAL")
	maps.Copy(support, fieldsOf{"rule": "R24", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p6", "confidenceBasis": "C-EXP",
		"consent": id, "consentVersion": 1, "gateway": "G-GENFUNC", "dsa": pact, "dsaVersion": 1, "necessityNote": "They help.", "validUntil": "2026-12-31", "personInformed": "YES"})
	for name, c := range map[string]struct {
		body fieldsOf
		code string
	}{
		"another category":  {ok.with("categories", []string{"H.ATTENDANCE", "H.SCREEN_SCORE"}), "consent-does-not-cover-category"},
		"another region":    {ok.with("toOrg", orgID(t, "PROB-N54")), "consent-does-not-cover-recipient"},
		"another side":      {support, "consent-does-not-cover-recipient"},
		"another purpose":   {g.toPractice("GP1", "H.REFERRAL").with("confidenceBasis", "C-EXP").with("consent", id).with("consentVersion", 1), "consent-does-not-cover-recipient"},
		"another version":   {ok.with("consentVersion", 2), "consent-version-superseded"},
		"a made-up consent": {ok.with("consent", person), "consent-not-active"},
	} {
		r := g.when("decide-disclosure", c.body.String())
		if !fault.Is(r.err, c.code) || !slices.Contains(fault.Of(r.err).Gates, "G6") {
			t.Errorf("%s: got %v, want %s at G6", name, r.err, c.code)
		}
	}
	g.given("grant-consent", `{"kind":"SCREENING","form":"EXPLICIT_ORAL"}`)
	g.when("decide-disclosure", ok.with("consent", g.last().Data.(consent.ConsentGranted).Consent).String()).refused("consent-of-another-kind")
}

func TestAConsentThatEndedCoversNothing(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.consents("PROB-N56")
	body := g.toProbation(id, "H.ATTENDANCE")
	g.at("2026-08-03 23:59").when("decide-disclosure", body.String()).then("disclosure.decided")
	g.at("2026-08-04 00:00").when("decide-disclosure", body.String()).refused("consent-not-active")
	g.at("2026-02-05 10:00").given("withdraw-consent", naming(id, ""))
	g.when("decide-disclosure", body.String()).refused("consent-not-active")
}

func TestANoStopsEveryRuleThatDoesNotOverrideIt(t *testing.T) {
	t.Parallel()
	g := told(t)
	g.given("record-objection", `{"scope":{"from":"NHS","recipients":[{"side":"NHS"}]}}`)
	body := g.toPractice("GP1", "H.REFERRAL", "ID.DEMOG")
	g.when("decide-disclosure", body.String()).refused("live-refusal")
	emergency := g.flow("HUB-CAM", "CRISIS", "HUB_CLIN", "EMERGENCY", "H.RISK_SELF", "ID.DEMOG")
	maps.Copy(emergency, fieldsOf{"rule": "R11", "ruleVersion": 1, "art6": "A6D", "art9": "A9C", "confidenceBasis": "C-PI",
		"necessityNote": "A life is at risk.", "validUntil": "2026-12-31", "personInformed": "YES"})
	g.when("decide-disclosure", emergency.String()).then("disclosure.decided")

	g = told(t)
	g.given("refuse-consent", `{"kind":"DISCLOSURE","scope":{"from":"VCSE","categories":["H.*"]},"reason":"PRIVACY"}`)
	g.as("TX_PROV", "DRUG1")
	report := g.flow("DRUG1", "PROB-N54", "PP", "REQ_MGMT", "H.DRUGTEST")
	maps.Copy(report, fieldsOf{"rule": "R05", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p7", "confidenceBasis": "C-STAT",
		"gateway": "G-SA19", "dsa": pact, "dsaVersion": 1, "necessityNote": "The order says so.", "validUntil": "2026-12-31", "personInformed": "YES"})
	g.when("decide-disclosure", report.String()).refused("no-live-requirement")
	g.as("PP", "PROB-N56").given("start-supervision", communityOrder)
	order := g.last().Data.(supervision.SupervisionStarted).Supervision
	g.given("record-requirement-willingness", `{"effectiveAt":"2026-01-26","kind":"DRR","toCourt":true}`).
		given("impose-requirement", fmt.Sprintf(`{"supervision":%q,"kind":"DRR","from":"2026-01-26","to":"2026-12-31","testing":true,"provider":%q}`, order, orgID(t, "DRUG1"))).as("TX_PROV", "DRUG1")
	g.when("decide-disclosure", report.String()).then("disclosure.decided")
	g.when("decide-disclosure", report.with("categories", []string{"H.DRUGTEST", "H.NOTE"}).String()).refused("live-refusal") // beyond what the order lets cross
}

func TestPublicInterestIsReasonedFirst(t *testing.T) {
	t.Parallel()
	g := told(t).as("CALDICOTT", "HUB-CAM")
	body := g.flow("HUB-CAM", "PROB-N56", "PP", "PUBLIC_PROTECTION", "H.RISK_SELF")
	maps.Copy(body, fieldsOf{"rule": "R04", "ruleVersion": 1, "art6": "A6E", "art9": "A9G", "sch1": "p10", "confidenceBasis": "C-PI",
		"gateway": "G-CDA115", "necessityNote": "A life is at risk.", "validUntil": "2026-02-11", "personInformed": "NO", "whyNotInformed": "It would raise the risk."})
	g.when("decide-disclosure", body.String()).refused("public-interest-record-absent")
	g.when("propose-disclosure", g.flow("HUB-CAM", "PROB-N56", "PP", "PUBLIC_PROTECTION", "H.RISK_SELF").String()).then("disclosure.proposed")
	id := g.last().Data.(disclosure.DisclosureProposed).Decision
	g.when("decide-disclosure", body.with("decision", id).String()).refused("public-interest-record-absent")
	reasons := fieldsOf{"decision": id, "harm": "Death.", "seriousness": "DEATH_OR_SERIOUS_HARM", "likelihood": "LIKELY", "whyNoConsent": "Refused.",
		"proportionality": "Only that there is a risk.", "alternatives": "None in time.", "personInformed": "NO", "whyNotInformed": "It would raise the risk.", "reviewOn": "2026-03-01"}
	for _, field := range slices.Sorted(maps.Keys(reasons)) {
		if field != "decision" {
			g.when("record-public-interest-decision", reasons.without(field).String()).refused("public-interest-incomplete")
		}
	}
	g.when("record-public-interest-decision", reasons.with("seriousness", "NOT_SERIOUS").String()).refused("harm-not-serious")
	g.when("record-public-interest-decision", reasons.String()).then("disclosure.public-interest-decision-recorded")
	g.when("decide-disclosure", body.with("decision", id).String()).then("disclosure.decided")
	g.when("decide-disclosure", body.with("decision", id).String()).refused("already-decided")
	g.as("HUB_NURSE", "HUB-CAM").when("record-public-interest-decision", reasons.String()).refused("role-may-not")
}

func TestARefusalIsADecisionToo(t *testing.T) {
	t.Parallel()
	g := told(t)
	ask := g.flow("HUB-CAM", "HOUSE-MID", "HOUSING", "HOUSING_SUPPORT", "H.DIAGNOSIS").with("outcome", "REFUSE")
	g.when("decide-disclosure", ask.String()).refused("reason-absent")
	g.when("decide-disclosure", ask.with("reason", "EXCESS").without("categories").String()).refused("decision-incomplete")
	g.when("decide-disclosure", ask.with("reason", "EXCESS").String()).then("disclosure.decided")
	id := g.last().Data.(disclosure.DisclosureDecided).Decision
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"LETTER"}`, id)).refused("no-permit")
	g.when("decide-disclosure", ask.with("outcome", "REFER").String()).then("disclosure.decided")
	id = g.last().Data.(disclosure.DisclosureDecided).Decision
	g.when("decide-disclosure", fmt.Sprintf(`{"decision":%q,"outcome":"REFUSE","reason":"EXCESS"}`, id)).then("disclosure.decided")
	if d := g.last().Data.(disclosure.DisclosureDecided); d.Decision != id || len(d.Flow.Categories) != 1 {
		t.Error("a decision on what was referred is another decision, or forgot what it is about")
	}
}

func TestADisclosureTellsExactlyWhatWasDecidedAndHeld(t *testing.T) {
	t.Parallel()
	g := willing(t).given("complete-screening", `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1]}`).
		given("complete-screening", `{"instrument":"PHQ-9","items":[2,2,2,2,2,2,3,2,0]}`)
	old := g.lastOf("screening.completed").ID
	g.at("2026-02-05 10:00").given("complete-screening", `{"instrument":"PHQ-9","items":[0,0,0,0,0,0,0,0,0]}`)
	latest := g.lastOf("screening.completed").ID
	id := g.decides(g.toPractice("GP1", "H.SCREEN_BAND", "ID.DEMOG"))
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM"}`, id)).then("disclosure.made")
	d := g.last().Data.(disclosure.DisclosureMade)
	if d.RecipientSide() != event.NHS || d.RecipientOrg() != orgID(t, "GP1") || d.Notice.Value().Flow.Purpose != "DIRECT_CARE" {
		t.Errorf("told %s at %s", d.RecipientSide(), d.RecipientOrg())
	}
	health := d.ToldHealth.Value()
	if len(health) != 2 || len(d.ToldIdentity.Value()) != 1 || d.ToldOffence.State() != event.Absent {
		t.Fatalf("told %d items of health, %d of identity, want 2 and 1", len(health), len(d.ToldIdentity.Value()))
	}
	for _, item := range health {
		if item.Category != "H.SCREEN_BAND" || item.Source == old {
			t.Errorf("told %s, or a result that was superseded", item.Category)
		}
		for _, f := range item.Facts {
			if f.Name == "total" {
				t.Error("a band was decided, and a total told")
			}
		}
	}
	if len(d.Sources) != 3 || !slices.Contains(d.Sources, latest) {
		t.Errorf("got %d sources, want 3 with the latest result", len(d.Sources))
	}
	if !g.state().HeldBy(orgID(t, "GP1")) {
		t.Error("the practice was told and does not know the person")
	}

	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","sources":[%q]}`, id, latest)).then()
	if d := g.last().Data.(disclosure.DisclosureMade); len(d.ToldHealth.Value()) != 1 || d.ToldIdentity.State() != event.Absent {
		t.Error("sources did not narrow what was told")
	}
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","categories":["ID.DEMOG"]}`, id)).then()
	if d := g.last().Data.(disclosure.DisclosureMade); d.ToldHealth.State() != event.Absent || len(d.Flow.Categories) != 1 {
		t.Error("categories did not narrow what was told")
	}
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","sources":[%q]}`, id, old)).refused("nothing-to-tell")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","categories":["H.NOTE"]}`, id)).refused("excess-category")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","items":[{"category":"ID.DEMOG","source":"","facts":[]}]}`, id)).refused("items-come-from-the-case")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM"}`, person)).refused("no-such-decision")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","effectiveAt":"2026-02-05T09:59:00Z"}`, id)).refused("disclosure-before-decision")
	g.as("PP", "PROB-N56").when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM"}`, id)).refused("not-the-holder")
	g.as("HUB_NURSE", "HUB-CAM").at("2027-01-01 00:00").when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"SYSTEM"}`, id)).refused("decision-lapsed")
}

// Journey A on 23 and 24 February: lawful until the withdrawal is known.
func TestADisclosureReliesOnAConsentThatStillHolds(t *testing.T) {
	t.Parallel()
	g := told(t)
	consented := g.consents("PROB-N56")
	id := g.decides(g.toProbation(consented, "H.ATTENDANCE", "H.REFERRAL"))
	tell := fmt.Sprintf(`{"decision":%q,"method":"SPOKEN"}`, id)
	g.at("2026-02-23 11:00").as("NAVIGATOR", "HUB-CAM").when("make-disclosure", tell).then("disclosure.made")
	if d := g.last().Data.(disclosure.DisclosureMade); d.Consent != consented || d.ConsentVersion != 1 {
		t.Error("the disclosure does not say which consent it relied on")
	}
	g.at("2026-02-23 16:00").given("withdraw-consent", naming(consented, `"effectiveAt":"2026-02-23T09:30:00Z"`))
	g.at("2026-02-24 10:00").when("make-disclosure", tell).refused("consent-not-active")
	g.given("make-disclosure", tell) // it happened all the same: a monitor finds it
}

func TestADisclosureStopsAtALaterNo(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.decides(g.toPractice("GP1", "ID.DEMOG"))
	g.at("2026-02-05 10:00").given("record-objection", `{}`)
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"LETTER"}`, id)).refused("live-refusal")
	g.when("close-decision", fmt.Sprintf(`{"decision":%q,"reason":"NOT_NEEDED"}`, id)).then("disclosure.decision-closed")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"LETTER"}`, id)).refused("decision-closed")
	g.when("close-decision", fmt.Sprintf(`{"decision":%q,"reason":"NOT_NEEDED"}`, id)).refused("decision-closed")
	g.as("PP", "PROB-N56").when("close-decision", fmt.Sprintf(`{"decision":%q,"reason":"NOT_NEEDED"}`, id)).refused("no-such-decision")
}

func TestADisclosureIsKeyedOnATracedNumber(t *testing.T) {
	t.Parallel()
	g := told(t).given("link-identifier", `{"type":"NHS_NUMBER","value":"9990001014","source":"PERSON","status":"02"}`)
	link := g.lastOf("person.identifier-linked").Data.(domainperson.IdentifierLinked).Link
	id := g.decides(g.toPractice("GP1", "ID.DEMOG", "ID.NHSNO"))
	tell := fmt.Sprintf(`{"decision":%q,"method":"SYSTEM","identifier":%q}`, id, link)
	g.when("make-disclosure", tell).refused("identifier-not-traced")
	g.when("make-disclosure", strings.Replace(tell, link.String(), person.String(), 1)).refused("identifier-not-linked")
	g.given("verify-identifier", fmt.Sprintf(`{"link":%q,"status":"01"}`, link))
	g.when("make-disclosure", tell).then("disclosure.made")
}

func TestBarredStaffDecideAndTellNothing(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.decides(g.toPractice("GP1", "ID.DEMOG"))
	g.as("SPO", "PROB-N56").given("set-access-restriction", fmt.Sprintf(`{"mode":"RESTRICTED","users":[%q],"reason":"Invented."}`, person))
	g.as("HUB_NURSE", "HUB-CAM").when("decide-disclosure", g.toPractice("GP1", "ID.DEMOG").String()).refused("access-restricted")
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"LETTER"}`, id)).refused("access-restricted")
}

func TestAReportIsAlwaysAccepted(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.decides(g.toPractice("GP1", "ID.DEMOG"))
	beyond := g.flow("HUB-CAM", "PROB-N56", "PP", "REHAB_SUPPORT", "H.ATTENDANCE", "H.SCREEN_SCORE").with("mishap", "TOO_MUCH").with("decision", id).with("how", "Read out in the room.")
	g.when("report-unplanned-disclosure", beyond.String()).then("disclosure.unplanned-reported")
	d := g.last().Data.(disclosure.UnplannedDisclosureReported)
	if d.Decision != id || d.Snapshot || d.Notice.State() != event.Absent || !d.RecipientOrg().IsZero() {
		t.Error("a report without items must name its decision and reach nobody")
	}
	with := beyond.with("items", []fieldsOf{{"category": "H.SCREEN_SCORE", "facts": []fieldsOf{{"name": "total", "value": "17"}}}})
	g.when("report-unplanned-disclosure", with.String()).then()
	if d := g.last().Data.(disclosure.UnplannedDisclosureReported); !d.Snapshot || len(d.ToldHealth.Value()) != 1 || d.RecipientOrg() != orgID(t, "PROB-N56") {
		t.Error("what the recipient keeps is not in the report")
	}
	g.as("PP", "PROB-N56").when("report-unplanned-disclosure", `{"categories":["H.ATTENDANCE"],"mishap":"OVERHEARD"}`).then()
	g.when("report-unplanned-disclosure", `{"mishap":"OVERHEARD"}`).invalid("/categories")
}

func TestWhatWasToldIsReceivedAndToldOn(t *testing.T) {
	t.Parallel()
	g := told(t)
	id := g.decides(g.toProbation(g.consents("PROB-N56"), "H.ATTENDANCE"))
	g.when("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"LETTER"}`, id)).then()
	made := g.last().Data.(disclosure.DisclosureMade).Disclosure
	receive := fmt.Sprintf(`{"disclosure":%q}`, made)
	g.when("receive-disclosure", receive).refused("unknown-source")
	g.as("PP", "PROB-N56").when("receive-disclosure", fmt.Sprintf(`{"disclosure":%q}`, person)).refused("unknown-source")
	g.when("receive-disclosure", receive).then("disclosure.received")
	g.when("receive-disclosure", receive).nothing()
	onward := fieldsOf{"origin": made, "decision": id, "categories": []string{"H.ATTENDANCE"}, "originatorInformed": true}
	g.when("record-onward-disclosure", onward.String()).refused("no-permit") // the decision is the other side's
	g.when("record-onward-disclosure", onward.with("origin", person).String()).refused("unknown-source")
	g.given("decide-disclosure", g.flow("PROB-N56", "HOUSE-MID", "HOUSING", "HOUSING_SUPPORT", "H.ATTENDANCE").with("rule", "R09").String())
	own := onward.with("decision", g.last().Data.(disclosure.DisclosureDecided).Decision)
	g.when("record-onward-disclosure", own.with("originatorInformed", false).String()).refused("originator-not-informed")
	g.when("record-onward-disclosure", own.with("categories", []string{"H.NOTE"}).String()).refused("excess-category")
	g.when("record-onward-disclosure", own.String()).then("disclosure.onward-disclosed")
}

// An import keeps what it does not say blank, and is never judged: journey B's
// forwarded test result.
func TestAnImportedDecisionIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	g := told(t).as("PP", "PROB-N54")
	g.given("decide-disclosure", g.flow("PROB-N54", "HOUSE-MID", "HOUSING", "HOUSING_SUPPORT", "H.DRUGTEST").with("rule", "R09").with("sch1", "p6").String())
	d := g.last().Data.(disclosure.DisclosureDecided)
	if d.Outcome != disclosure.Permit || d.Basis.Article9 != "" || d.Evaluator != 0 {
		t.Errorf("got %+v, want it as it was", d)
	}
	g.given("make-disclosure", fmt.Sprintf(`{"decision":%q,"method":"EMAIL"}`, d.Decision))
	if m := g.last().Data.(disclosure.DisclosureMade); m.ToldHealth.State() != event.Absent || m.Notice.State() != event.Open {
		t.Error("an import without items must tell of itself and of nothing else")
	}
	g.when("decide-disclosure", g.flow("PROB-N54", "HOUSE-MID", "HOUSING", "HOUSING_SUPPORT", "H.DRUGTEST").with("rule", "R09").String()).refused("decision-incomplete")
}

// Whatever is proposed, a further "no" never turns a refusal into a permit, and
// evaluating changes nothing.
func TestEvaluateIsMonotone(t *testing.T) {
	t.Parallel()
	g := told(t)
	consented := g.consents("PROB-N56")
	before := g.state()
	rapid.Check(t, func(t *rapid.T) {
		body := g.toProbation(consented, rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"H.ATTENDANCE", "H.REFERRAL", "H.NOTE", "J.VICTIM"}), 0, 3, rapid.ID).Draw(t, "categories")...)
		body = body.with("rule", rapid.SampledFrom([]string{"R03", "R08", "R05", ""}).Draw(t, "rule")).
			with("confidenceBasis", rapid.SampledFrom([]string{"C-EXP", "C-IMP", "C-BI", "C-PI", ""}).Draw(t, "confidence")).
			with("consentVersion", rapid.IntRange(0, 2).Draw(t, "version"))
		var p disclosure.Proposal
		if err := json.Unmarshal([]byte(body.String()), &p); err != nil {
			t.Fatal(err)
		}
		first := casefile.Evaluate(before, p, g.ctx)
		scope := rapid.SampledFrom([]string{`{}`, `{"categories":["H.*"]}`, `{"recipients":[{"side":"PROBATION"}]}`, `{"purposes":["REHAB_SUPPORT"],"categories":["H.REFERRAL"]}`}).Draw(t, "scope")
		other := &story{t: g.t, ctx: g.ctx, history: slices.Clone(g.history), n: g.n}
		other.given("refuse-consent", `{"kind":"DISCLOSURE","reason":"NOT_GIVEN","scope":`+scope+`}`)
		failed := func(v lawfulness.Verdict) int { return len(v.Judged().Failed) }
		if second := casefile.Evaluate(other.state(), p, g.ctx); second.Permit && !first.Permit || failed(second) < failed(first) {
			t.Fatalf("a no took %v to %v", first.Judged().Failed, second.Judged().Failed)
		}
		if again := casefile.Evaluate(before, p, g.ctx); again.Permit != first.Permit || failed(again) != failed(first) {
			t.Fatal("the same question has another answer")
		}
		if first.Permit != (failed(first) == 0) {
			t.Fatal("a permit with something against it, or a refusal without")
		}
	})
}

// Health and justice data are told by the controller in whose record they are;
// who somebody is and where they live, by either side.
func TestAControllerTellsWhatItHolds(t *testing.T) {
	t.Parallel()
	g := willing(t).as("PP", "PROB-N56").given("start-supervision", communityOrder).given("record-address", `{"variant":"NO_FIXED_ABODE"}`).
		as("TX_PROV", "DRUG1").given("record-test-result", `{"kind":"DRUG","result":"NEGATIVE"}`).
		as("HUB_NURSE", "HUB-CAM").given("complete-screening", `{"instrument":"GAD-7","items":[2,2,2,2,2,1,1]}`)
	everything := reference.Categories.Codes()
	identity := []event.Category{"ID.DEMOG", "ID.ADDRESS"}
	for _, c := range []struct {
		role event.Role
		org  reference.OrganisationCode
		want []event.Category
	}{
		{"HUB_NURSE", "HUB-CAM", append(slices.Clone(identity), "H.SCREEN_BAND", "H.SCREEN_SCORE")},
		{"HUB_CLIN", "HUB-MID", append(slices.Clone(identity), "H.SCREEN_BAND", "H.SCREEN_SCORE")},
		{"GP", "GP1", identity}, // on the same side, under another controller
		{"PP", "PROB-N54", append(slices.Clone(identity), "J.SUPERVISION")},
		{"TX_PROV", "DRUG1", []event.Category{"H.DRUGTEST"}},
		{"HOUSING", "HOUSE-MID", nil},
	} {
		g.as(c.role, c.org)
		var got []event.Category
		for _, item := range casefile.Tellable(g.state(), g.ctx.Actor.Side, g.ctx, everything) {
			got = append(got, item.Category)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.org, got, c.want)
		}
	}
}
