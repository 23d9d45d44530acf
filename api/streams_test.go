package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"

	"caseledger/api/recording"
	"caseledger/domain/agreement"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
)

const draftedAgreement = `{"label":"DSA-T","parties":[],"purposes":["DIRECT_CARE"],"flows":[{"from":"NHS","to":"PROBATION","categories":["H.ATTENDANCE"]}],` +
	`"from":"2026-01-01","to":"2027-01-01","onward":false,"title":"Invented"}`

// named is a command of the catalogue.
func named(t *testing.T, name string) catalogue.Command {
	t.Helper()
	c, ok := catalogue.Named(name)
	if !ok {
		t.Fatalf("there is no command %s", name)
	}
	return c
}

func TestOpeningAnAgreementSaysWhereItIs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.recorder.outcome = recording.Outcome{Stream: event.Agreement(person2), Warnings: []string{"L11"}, Result: eventstore.Result{Events: []event.ID{event1}, Revision: 3, Position: 41}}
	w := b.askOf("POST", "/api/v1/agreements/commands/draft-agreement", "IG_LEAD", "HUB", draftedAgreement)
	want(t, w, http.StatusCreated, "")
	if got := w.Header().Get("Location"); got != "/api/v1/agreements/"+person2.String() {
		t.Errorf("Location: %q", got)
	}
	q := b.recorder.requests()[0]
	if _, ok := q.Body.(agreement.DraftAgreement); !ok || q.Command != "draft-agreement" || !q.Person.IsZero() || q.Stream != (event.StreamID{}) || !q.IfAny {
		t.Errorf("request: %+v", q)
	}
	var answer envelope[recorded]
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Data.Stream != event.Agreement(person2) || !answer.Data.Person.IsZero() || len(answer.Data.Warnings) != 1 || strings.Contains(w.Body.String(), `"person"`) {
		t.Errorf("answer: %s", w.Body)
	}
	if tag := w.Header().Get("ETag"); tag == "" {
		t.Error("no ETag")
	}
}

// Each kind of stream has its own place, and a command reaches it there.
func TestACommandGoesToItsOwnStream(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		role, path, body string
		stream           event.StreamID
	}{
		"suspend-agreement":   {"IG_LEAD", "/api/v1/agreements/" + person1.String(), `{"reason":"invented"}`, event.Agreement(person1)},
		"record-training":     {"IG_LEAD", "/api/v1/organisations/" + person1.String(), `{"staff":"` + person2.String() + `","course":"DATA_SECURITY"}`, event.Organisation(person1)},
		"acknowledge-finding": {"IG_LEAD", "/api/v1/findings/" + person1.String(), `{"finding":"` + person2.String() + `"}`, event.Findings(person1)},
		"publish-rule-set":    {"DPO", "/api/v1/policy", `{"version":"1","rules":"{}","gates":"x","reason":"invented"}`, event.Policy},
	} {
		b := newBench(t)
		b.recorder.outcome.Stream, b.recorder.outcome.Person = c.stream, event.UUID{}
		command := named(t, name)
		if command.Kind == event.PolicyStream {
			c.stream = event.Policy
		}
		w := b.askOf("POST", c.path+"/commands/"+name, c.role, "HUB", c.body, "If-Match", b.tagFor(command, c.role, "HUB"))
		if w.Code != http.StatusCreated {
			t.Errorf("%s: status %d: %s", name, w.Code, w.Body)
			continue
		}
		if q := b.recorder.requests()[0]; q.Stream != c.stream || !q.Person.IsZero() || q.If != 3 || q.IfAny {
			t.Errorf("%s: request: %+v", name, q)
		}
		if got := w.Header().Get("ETag"); got == b.tagFor(command, c.role, "HUB") {
			t.Errorf("%s: the ETag is the one of before", name)
		}
		malformed := strings.Replace(c.path, person1.String(), "nobody", 1)
		if malformed != c.path {
			want(t, b.askOf("POST", malformed+"/commands/"+name, c.role, "HUB", c.body, "If-Match", `"3"`), http.StatusNotFound, recording.Absent(command.Kind).Code)
		}
	}
}

// A precondition must not tell a hidden stream from an absent one, and an ETag
// of a person's case is none of their findings.
func TestAPreconditionIsOfItsOwnStream(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/api/v1/findings/" + person1.String() + "/commands/acknowledge-finding"
	body := `{"finding":"` + person2.String() + `"}`
	caller := Caller{Actor: event.Actor{Role: "DPO", Side: event.NHS}}
	ofCase := `"` + b.api.tokens.show(revisionToken, caller, person1, 3) + `"`
	want(t, b.askOf("POST", path, "DPO", "HUB", body, "If-Match", ofCase), http.StatusPreconditionFailed, "stale-precondition")
	want(t, b.askOf("POST", path, "DPO", "HUB", body), http.StatusPreconditionRequired, "if-match-missing")
	b.recorder.hidden = true
	want(t, b.askOf("POST", path, "DPO", "HUB", body, "If-Match", ofCase), http.StatusNotFound, "no-such-finding")
	if asked := b.recorder.requests(); len(asked) != 0 {
		t.Errorf("%d commands reached the recorder", len(asked))
	}
}

// Who cannot read what a command is given to may give it without an ETag; one
// that is sent all the same must hold.
func TestWhatCannotBeReadNeedsNoETag(t *testing.T) {
	t.Parallel()
	const glass = `{"reasonCode":"RISK_TO_LIFE","reason":"Found unconscious, an invented emergency."}`
	const breach = `{"kind":"CONFIDENTIALITY","description":"invented"}`
	for name, c := range map[string]struct{ path, body string }{
		"invoke-break-glass": {commandPath("invoke-break-glass"), glass},
		"detect-breach":      {"/api/v1/organisations/" + person1.String() + "/commands/detect-breach", breach},
	} {
		b := newBench(t)
		want(t, b.ask("POST", c.path, "HUB_CLIN", c.body, "If-Match", `"made up"`), http.StatusPreconditionFailed, "stale-precondition")
		want(t, b.ask("POST", c.path, "HUB_CLIN", c.body), http.StatusCreated, "")
		if asked := b.recorder.requests(); len(asked) != 1 || !asked[0].IfAny {
			t.Errorf("%s: reached the recorder as %+v", name, asked)
		}
		doc, err := openapi3.NewLoader().LoadFromData(b.api.OpenAPI())
		if err != nil {
			t.Fatal(err)
		}
		at, _ := routeOf(named(t, name))
		for _, p := range doc.Paths.Value(templated(at)).Post.Parameters {
			if p.Value.Name == "If-Match" && p.Value.Required {
				t.Errorf("%s: described as needing If-Match", name)
			}
		}
	}
}

// templated is a path as the description has it.
func templated(path string) string {
	for _, c := range collections {
		path = strings.Replace(path, "/"+c.name+"/"+person1.String(), "/"+c.name+"/{"+c.one+"}", 1)
	}
	return path
}
