package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/person"
)

// toGP is a complete record of telling a GP of a referral.
const toGP = `{"fromOrg":"de38fb3d-053e-43f6-aa56-fd6ad632ff85","toOrg":"69eb9aa9-986e-4bee-80b2-a8446c041d9b","direction":{"from":"NHS","to":"NHS"},
"purpose":"DIRECT_CARE","categories":["ID.DEMOG","H.REFERRAL"],"detailLevel":"SUMMARY","toRole":"GP","rule":"R01","ruleVersion":1,"art6":"A6E","art9":"A9H",
"sch1":"p2","confidenceBasis":"C-IMP","gateway":"G-251B","validUntil":"2026-04-04","personInformed":"YES","necessityNote":"The recipient cares for the person."}`

func about(decision string) string {
	return `{"person":"` + person1.String() + `","decision":` + decision + `}`
}

// opened gives the recorder a case that exists.
func opened(b *bench) {
	b.recorder.state = casefile.Fold([]event.Recorded{{ID: event1, Stream: event.Case(person1), Operational: event.Open, Data: person.PersonRegistered{},
		Meta: event.Meta{Type: "person.registered", Actor: event.Actor{Org: hub, Side: event.NHS}}}})
	b.recorder.at = 3
}

func evaluate(t *testing.T, b *bench, body string) evaluation {
	t.Helper()
	w := b.ask("POST", "/api/v1/decisions/evaluate", "HUB_CLIN", body)
	want(t, w, http.StatusOK, "")
	var answer envelope[evaluation]
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Data
}

func TestADecisionIsEvaluatedWithoutBeingRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	opened(b)
	if v := evaluate(t, b, about(toGP)); v.Verdict != "PERMIT" || v.Person != person1 || len(v.Reasons) != 0 {
		t.Errorf("a complete record: got %+v, want PERMIT", v)
	}
	v := evaluate(t, b, about(`{"rule":"R01"}`))
	if v.Verdict != "REFUSE" || v.Code == "" || v.Rule != "R01" || len(v.Gates) == 0 || len(v.Reasons) < 2 || v.Explanation == "" {
		t.Errorf("an empty record: got %+v, want REFUSE with gates and reasons", v)
	}
	if c := v.Hindsight.Candidates; len(c) != 1 || c[0].Rule != "R01" || len(c[0].Failed) != len(v.Reasons) || c[0].Failed[0].Source == "" || v.AsKnown.RuleSet == "" || len(v.AsKnown.Hash) != 64 {
		t.Errorf("got %+v, want the whole explanation", v.Hindsight)
	}
	for _, r := range v.Reasons {
		if !strings.HasPrefix(r.Pointer, "/decision") {
			t.Errorf("reason %s points at %q, which is not in the request", r.Code, r.Pointer)
		}
	}
	if asked := b.recorder.requests(); len(asked) != 0 {
		t.Errorf("%d commands were recorded", len(asked))
	}
	looks := b.looks.all()
	if len(looks) != 2 || looks[0].Data.Class != access.Evaluate || len(looks[0].Data.Subjects) != 1 || looks[0].Data.Subjects[0] != person1 {
		t.Errorf("looks: %+v", looks)
	}
}

// "May the hub tell the practice this, for care?" is answered without a record.
func TestAQuestionNamesNoRule(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	opened(b)
	const flow = `{"fromOrg":"de38fb3d-053e-43f6-aa56-fd6ad632ff85","toOrg":"69eb9aa9-986e-4bee-80b2-a8446c041d9b","toRole":"GP","purpose":"DIRECT_CARE","categories":["H.REFERRAL"]}`
	if v := evaluate(t, b, about(flow)); v.Verdict != "PERMIT" || v.Rule != "R01" || len(v.Hindsight.Candidates) != 2 || len(v.Hindsight.Candidates[0].Gates) == 0 {
		t.Errorf("got %+v, want PERMIT under R01 and R14 refused", v)
	}
	v := evaluate(t, b, about(strings.Replace(flow, "H.REFERRAL", "J.OFFENCE", 1)))
	if v.Verdict != "REFUSE" || v.Code != "excess-category" || v.Rule != "R01" {
		t.Errorf("got %+v, want it refused as beyond the ceiling", v)
	}
}

func TestAnEvaluationSaysNothingOfThoseWhoAreNotThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.recorder.hidden = true
	want(t, b.ask("POST", "/api/v1/decisions/evaluate", "HUB_CLIN", about(toGP)), http.StatusNotFound, "no-such-person")
	b.recorder.hidden = false // there, and without a case
	want(t, b.ask("POST", "/api/v1/decisions/evaluate", "HUB_CLIN", about(toGP)), http.StatusNotFound, "no-such-person")
}

func TestADecisionIsRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.ask("POST", "/api/v1/decisions", "HUB_CLIN", about(toGP), "If-Match", b.etagFor("HUB_CLIN", "HUB"))
	want(t, w, http.StatusCreated, "")
	q := b.recorder.requests()[0]
	if _, ok := q.Body.(casefile.DecideDisclosure); !ok || q.Command != decideCommand || q.Person != person1 || q.If != 3 {
		t.Errorf("request: got %+v", q)
	}
	b.recorder.err = &fault.Fault{Kind: fault.Refused, Code: "consent-not-active", Message: "the consent is not active then", Rule: "R03",
		Gates: []string{"G6"}, Fields: []fault.Field{{Pointer: "/consent", Code: "consent-not-active", Message: "x"}}}
	refusal := b.ask("POST", "/api/v1/decisions", "HUB_CLIN", about(toGP), "If-Match", b.etagFor("HUB_CLIN", "HUB"))
	want(t, refusal, http.StatusUnprocessableEntity, "consent-not-active")
	if p := problemIn(t, refusal); p.Rule != "R03" || len(p.Gates) != 1 || p.Gates[0] != "G6" || p.Errors[0].Pointer != "/decision/consent" {
		t.Errorf("refusal: %s", refusal.Body)
	}
}

func TestBadDecisionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/decisions", "/api/v1/decisions/evaluate"} {
		b := newBench(t)
		opened(b)
		for name, c := range map[string]struct{ body, pointer, code string }{
			"nobody":             {`{"decision":` + toGP + `}`, "/person", "member-missing"},
			"nothing":            {`{"person":"` + person1.String() + `"}`, "/decision", "member-missing"},
			"a number for one":   {`{"person":"` + canary + `","decision":{}}`, "/person", "malformed-value"},
			"an unknown member":  {about(`{"` + canary + `":1}`), "/decision", "unknown-member"},
			"an unknown purpose": {about(`{"purpose":"` + canary + `"}`), "/decision/purpose", "unknown-code"},
			"a group":            {about(`{"categories":["H.*"]}`), "/decision/categories/0", "unknown-category"},
			"half a direction":   {about(`{"direction":{"from":"NHS"}}`), "/decision/direction/to", "member-missing"},
		} {
			w := b.ask("POST", path, "HUB_CLIN", c.body, "If-Match", b.etagFor("HUB_CLIN", "HUB"))
			p := refused(t, b, w)
			found := false
			for _, f := range p.Errors {
				found = found || f.Pointer == c.pointer && f.Code == c.code
			}
			if w.Code != http.StatusBadRequest || !found {
				t.Errorf("%s: %s: got %d %s, want 400 with %s at %s", path, name, w.Code, w.Body, c.code, c.pointer)
			}
		}
	}
	b := newBench(t)
	opened(b)
	w := b.ask("POST", "/api/v1/decisions/evaluate", "HUB_CLIN", about(`{"outcome":"REFUSE","reason":"NO_BASIS"}`))
	if w.Code != http.StatusBadRequest {
		t.Errorf("a refusal to be evaluated: got %d %s, want 400", w.Code, w.Body)
	}
	want(t, b.ask("POST", "/api/v1/decisions", "HUB_CLIN", about(toGP)), http.StatusPreconditionRequired, "if-match-missing")
	want(t, b.askOf("POST", "/api/v1/decisions", "HOUSING", "CITY", about(toGP)), http.StatusForbidden, "role-may-not")
}
