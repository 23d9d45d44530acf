package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/agreement"
	"caseledger/domain/consent"
	"caseledger/domain/disclosure"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
	"caseledger/domain/person"
	"caseledger/domain/reference"
)

var (
	aConsent  = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000f1")
	aPact     = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000f2")
	ours      = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000f3") // a decision of the hub
	theirs    = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000f4") // one of probation
	toldOurs  = event.MustUUID("0b5c4d1e-0000-4000-8000-0000000000f5")
	probation = func() event.UUID { o, _ := reference.NewRegister().ByCode("PROB-N56"); return o.ID }()
)

// consented gives the recorder a case in which the hub told probation of
// attendance on a consent and under an agreement; later the person withdrew the
// consent, which probation recorded.
func consented(b *bench) {
	at := func(day int) time.Time { return time.Date(2026, 2, day, 10, 0, 0, 0, time.UTC) }
	var events, around []event.Recorded
	add := func(to *[]event.Recorded, stream event.StreamID, day int, org event.UUID, role event.Role, data any) {
		side := event.NHS
		if org != hub {
			side = event.Probation
		}
		n := len(events) + len(around) + 1
		*to = append(*to, event.Recorded{ID: event.ID{UUID: event.DeriveUUID("test-event", []byte(itoa(n)))}, Stream: stream, Revision: event.Revision(len(*to) + 1),
			Position: event.Position(n), RecordedAt: at(day), Operational: event.Open, Data: data,
			Meta: event.Meta{Effective: event.At(at(day)), Actor: event.Actor{ID: person2, Org: org, Side: side, Role: role}}})
	}
	flow := disclosure.Flow{FromOrg: hub, ToOrg: probation, ToRole: "PP", Direction: disclosure.Direction{From: event.NHS, To: event.Probation},
		Purpose: "REHAB_SUPPORT", Categories: []event.Category{"H.ATTENDANCE"}, Detail: "SUMMARY"}
	basis := disclosure.Basis{Rule: "R03", RuleVersion: 1, Article6: "A6E", Article9: "A9G", Schedule1: "p18", Confidence: "C-EXP", Gateway: "G-GENFUNC",
		Consent: aConsent, ConsentVersion: 1, Agreement: aPact, AgreementVersion: 1, ValidUntil: event.On(event.MustDay("2026-04-04")), Informed: disclosure.WasInformed}
	permit := func(id event.UUID) disclosure.DisclosureDecided {
		return disclosure.DisclosureDecided{Decision: id, Flow: flow, Basis: basis, Outcome: disclosure.Permit, Necessity: event.Own("x")}
	}
	terms := agreement.Terms{Label: "DSA-9", Parties: []agreement.Party{{Org: hub, Side: event.NHS, Role: "SOLE"}, {Org: probation, Side: event.Probation, Role: "SOLE"}},
		Purposes: []event.Purpose{"REHAB_SUPPORT"}, Flows: []agreement.Flow{{From: event.NHS, To: event.Probation, Categories: []event.Category{"H.ATTENDANCE"}}},
		From: event.MustDay("2026-01-05"), To: event.MustDay("2027-01-05")}
	of, pact := event.Case(person1), event.Agreement(aPact)
	add(&around, pact, 1, hub, "IG_LEAD", agreement.AgreementDrafted{Agreement: aPact, Terms: terms})
	add(&around, pact, 1, hub, "IG_LEAD", agreement.AgreementSigned{Version: 1, Org: hub, Role: "SIRO"})
	add(&around, pact, 1, probation, "IG_LEAD", agreement.AgreementSigned{Version: 1, Org: probation, Role: "SIRO"})
	add(&events, of, 1, hub, "HUB_NURSE", person.PersonRegistered{})
	add(&events, of, 2, hub, "HUB_NURSE", consent.ConsentGranted{Consent: aConsent, Kind: consent.Disclosure, Form: consent.Oral, GivenBy: consent.Self,
		ExpiresAt: event.At(at(28).AddDate(0, 3, 0)), Scope: consent.Scope{From: event.NHS, Recipients: []consent.Recipient{{Org: probation}},
			Purposes: []event.Purpose{"REHAB_SUPPORT"}, Categories: []event.Category{"H.ATTENDANCE"}}})
	add(&events, of, 3, hub, "HUB_NURSE", permit(ours))
	add(&events, of, 4, hub, "HUB_NURSE", disclosure.DisclosureMade{Disclosure: toldOurs, Decision: ours, Flow: flow, Consent: aConsent, ConsentVersion: 1})
	add(&events, of, 5, probation, "PP", permit(theirs))
	add(&events, of, 10, probation, "PP", consent.ConsentWithdrawn{Consent: aConsent})
	b.recorder.past = lawfulness.NewHistory(person1, events, nil, lawfulness.NewShared(reference.NewRegister(), around))
	b.recorder.at = event.Revision(len(events))
	b.views.consents = []Consent{{ID: aConsent, Status: "WITHDRAWN"}}
}

func answered[T any](t *testing.T, b *bench, method, path, role, body string) T {
	t.Helper()
	w := b.ask(method, path, role, body)
	want(t, w, http.StatusOK, "")
	var a envelope[T]
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a.Data
}

func decisionPath(decision event.UUID) string {
	return of("/api/v1/people/{p}/decisions/", person1) + decision.String() + "/rejudge"
}

// A past decision is judged three ways, and what made the difference is said as
// far as it is the caller's own record.
func TestADecisionIsJudgedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	consented(b)
	r := answered[rejudged](t, b, "GET", decisionPath(ours), "HUB_CLIN", "")
	if r.Decision != ours || r.Outcome != "PERMIT" || !r.AsKnown.Permit || !r.Hindsight.Permit || r.Now.Permit || r.Now.Rule != "R03" || len(r.Corrected) != 0 {
		t.Fatalf("got %+v", r)
	}
	if len(r.Changed) != 1 || r.Changed[0].Gate != "G6" || !r.Changed[0].Fails || r.Changed[0].Code != "consent-not-active" || r.Changed[0].Cause != "ENTRIES" {
		t.Fatalf("the difference: %+v", r.Changed)
	}
	if len(r.Changed[0].Events) != 0 {
		t.Error("an entry of another controller is named")
	}
	looks := b.looks.all()
	if len(looks) != 1 || looks[0].Data.Class != access.Evaluate || looks[0].Data.View != "decision-rejudged" || looks[0].Data.Subjects[0] != person1 {
		t.Errorf("looks: %+v", looks)
	}
	b.views.holder[person1] = organisations["AUDIT"].ID
	w := b.askOf("GET", decisionPath(ours), "AUDITOR", "AUDIT", "")
	want(t, w, http.StatusOK, "")
	if !strings.Contains(w.Body.String(), `"events":["`) {
		t.Errorf("the auditor is not told which entry made the difference: %s", w.Body)
	}
	if len(b.recorder.requests()) != 0 {
		t.Error("something was recorded")
	}
}

// What is another controller's is absent, as what is not there is.
func TestOnlyOnesOwnDecisionsAreJudgedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	consented(b)
	for name, path := range map[string]string{"another's": decisionPath(theirs), "nobody's": decisionPath(nobody), "no identifier": strings.Replace(decisionPath(ours), ours.String(), canary, 1)} {
		w := b.ask("GET", path, "HUB_CLIN", "")
		want(t, w, http.StatusNotFound, "no-such-decision")
		if strings.Contains(w.Body.String(), canary) {
			t.Errorf("%s: the path is echoed", name)
		}
	}
	b.views.holder[person1] = trust
	want(t, b.ask("GET", decisionPath(ours), "HUB_CLIN", ""), http.StatusNotFound, "no-such-person")
	b.views.holder[person1] = organisations["AUDIT"].ID
	want(t, b.askOf("GET", decisionPath(theirs), "AUDITOR", "AUDIT", ""), http.StatusOK, "")
	if looks := b.looks.all(); len(looks) != 1 {
		t.Errorf("%d looks, want the auditor's alone", len(looks))
	}
}

func reachPath(id event.UUID) string {
	return of("/api/v1/people/{p}/consents/", person1) + id.String() + "/reach"
}

// What was told on a consent is listed, with whether it stands without it; and
// what another controller decided on it is not.
func TestTheReachOfAConsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	consented(b)
	r := answered[reach](t, b, "GET", reachPath(aConsent), "HUB_CLIN", "")
	if r.Status != "WITHDRAWN" || r.EndedAt.IsZero() || len(r.Told) != 1 || len(r.Decisions) != 1 {
		t.Fatalf("got %+v", r)
	}
	told := r.Told[0]
	if told.Disclosure != toldOurs || told.To != probation || told.Purpose != "REHAB_SUPPORT" || told.After || told.Stands || told.Rule == "" || len(told.Why) == 0 {
		t.Errorf("told: %+v", told)
	}
	if d := r.Decisions[0]; d.Decision != ours || !d.Stop || d.Stands {
		t.Errorf("decisions: %+v", d)
	}
	looks := b.looks.all()
	if len(looks) != 1 || looks[0].Data.Class != access.ReadOne || looks[0].Data.View != "consent-reach" || looks[0].Data.Items != 2 {
		t.Errorf("looks: %+v", looks)
	}
	b.views.consents = nil // it is there, and not for this caller
	want(t, b.ask("GET", reachPath(aConsent), "HUB_CLIN", ""), http.StatusNotFound, "no-such-consent")
	want(t, b.ask("GET", reachPath(nobody), "HUB_CLIN", ""), http.StatusNotFound, "no-such-consent")
	b.views.holder[person1] = trust
	want(t, b.ask("GET", reachPath(aConsent), "HUB_CLIN", ""), http.StatusNotFound, "no-such-person")
}

const simulatePath = "/api/v1/policy/simulate"

// rulesWith is a body that proposes the default rules with a change.
func rulesWith(t *testing.T, old, by string) string {
	t.Helper()
	rules, _ := lawfulness.DefaultDocuments()
	changed := strings.ReplaceAll(string(rules), old, by)
	if changed == string(rules) {
		t.Fatalf("the rules do not hold %s", old)
	}
	body, err := json.Marshal(map[string]string{"rules": changed})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Which past verdicts would change is said of one's own record, and nothing is
// recorded but that it was asked.
func TestWhatWouldChangeIsSimulated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	consented(b)
	b.views.disclosures = []Disclosure{{Decision: ours, Person: person1, Outcome: "PERMIT"}, {Person: person1}}
	s := answered[simulated](t, b, "POST", simulatePath, "IG_LEAD", rulesWith(t, `"deciders": ["HUB_CLIN", "HUB_NURSE"]`, `"deciders": ["HUB_CLIN"]`))
	if s.People != 1 || !s.Whole || s.Turned != 1 || len(s.Changes) != 1 || s.RuleSet != "2026-01" || len(s.Hash) != 64 {
		t.Fatalf("got %+v", s)
	}
	c := s.Changes[0]
	if c.Person != person1 || c.Decision != ours || !c.Before.Permit || c.After.Permit || len(c.After.Gates) != 1 || c.After.Gates[0] != "G10" || len(c.Shifts) != 1 || c.Shifts[0].Code != "decider-role" {
		t.Errorf("change: %+v", c)
	}
	ended := `{"endAgreement":"` + aPact.String() + `","at":"2026-02-02"}`
	s = answered[simulated](t, b, "POST", simulatePath, "DPO", ended)
	if s.Turned != 2 || len(s.Changes) != 2 || s.Changes[0].After.Gates[0] != "G8" || s.RuleSet != "" {
		t.Errorf("the end of an agreement: %+v", s)
	}
	if f := b.views.asked[len(b.views.asked)-2]; f != (DisclosureFilter{From: time.Date(2026, 2, 2, 0, 0, 0, 0, event.London).UTC(), Agreement: aPact}) {
		t.Errorf("the register was asked for %+v", f)
	}
	if len(b.recorder.requests()) != 0 {
		t.Error("something was recorded")
	}
	if looks := b.looks.all(); len(looks) != 2 || looks[0].Data.View != "policy-simulated" || looks[0].Data.Class != access.ReadList || len(looks[0].Data.Subjects) != 1 {
		t.Errorf("looks: %+v", looks)
	}
	b.views.disclosures = nil
	if s := answered[simulated](t, b, "POST", simulatePath, "SIRO", ended); s.People != 0 || s.Changes == nil || len(s.Changes) > 0 {
		t.Errorf("an empty register: %+v", s)
	}
	b.recorder.hidden = true
	want(t, b.ask("POST", simulatePath, "IG_LEAD", ended), http.StatusNotFound, "no-such-agreement")
	want(t, b.askOf("POST", simulatePath, "AUDITOR", "AUDIT", ended), http.StatusOK, "")
}

func TestBadQuestionsAboutThePolicyAreRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, c := range map[string]struct{ body, pointer, code string }{
		"nothing":        {`{}`, "", "question-ambiguous"},
		"both":           {`{"rules":"{}","endAgreement":"` + aPact.String() + `","at":"2026-02-02"}`, "", "question-ambiguous"},
		"no moment":      {`{"endAgreement":"` + aPact.String() + `"}`, "/at", "required"},
		"a moment":       {`{"gates":"x","at":"2026-02-02"}`, "/at", "question-ambiguous"},
		"since":          {`{"endAgreement":"` + aPact.String() + `","at":"2026-02-02","since":"2026-02-02"}`, "/since", "question-ambiguous"},
		"unknown member": {`{"` + canary + `":1}`, "", "unknown-member"},
		"no rules":       {`{"rules":"` + canary + `"}`, "/rules", "rules-unreadable"},
		"no gates":       {`{"gates":"` + canary + `"}`, "/gates", "rules-unreadable"},
		"unknown field":  {rulesWith(t, `"rank": 10`, `"`+canary+`": 10`), "/rules", "rules-unreadable"},
	} {
		w := b.ask("POST", simulatePath, "IG_LEAD", c.body)
		p := refused(t, b, w)
		found := false
		for _, f := range p.Errors {
			found = found || f.Pointer == c.pointer && f.Code == c.code
		}
		if w.Code != http.StatusBadRequest || !found {
			t.Errorf("%s: got %d %s, want 400 with %s at %q", name, w.Code, w.Body, c.code, c.pointer)
		}
	}
	w := b.ask("POST", simulatePath, "IG_LEAD", rulesWith(t, `"rank": 10`, `"rnk": 10`))
	if p := problemIn(t, w); len(p.Errors) == 0 || !strings.Contains(p.Errors[0].Message, "rules.json: line ") {
		t.Errorf("the line is not said: %s", w.Body)
	}
}

// Who may ask, written by hand from the domain reference, section 1: r(ejudge),
// c(onsent's reach), s(imulate).
func TestRolesOfJudgingAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	consented(b)
	ended := `{"endAgreement":"` + aPact.String() + `","at":"2026-02-02"}`
	for role, may := range map[string]string{"PP": "rc-", "SPO": "rc-", "HUB_CLIN": "rc-", "HUB_NURSE": "rc-", "NAVIGATOR": "rc-", "GP": "rc-", "TX_PROV": "rc-",
		"PRISON_HC": "rc-", "LD": "rc-", "HOUSING": "---", "COURT": "---", "IG_LEAD": "rcs", "CALDICOTT": "rcs", "DPO": "rcs", "SIRO": "--s", "AUDITOR": "rcs"} {
		for i, c := range []struct{ method, path, body string }{{"GET", decisionPath(ours), ""}, {"GET", reachPath(aConsent), ""}, {"POST", simulatePath, ended}} {
			row := oracle[role]
			b.views.holder[person1] = organisations[row.org].ID
			w := b.askOf(c.method, c.path, role, row.org, c.body)
			if denied := w.Code == http.StatusForbidden; denied == (may[i] != '-') {
				t.Errorf("%s %s: got %d", role, c.path, w.Code)
			}
		}
	}
}
