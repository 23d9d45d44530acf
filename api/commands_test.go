package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/casefile"
	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/eventstore"
)

const linkIdentifier = `{"type":"NHS_NUMBER","value":"999 000 1014","source":"PERSON","status":"02"}`

func commandPath(name string) string { return of("/api/v1/people/{p}/commands/"+name, person1) }

// etag is the current ETag of the first person, for a caller.
func (b *bench) etag(role, org string) string {
	b.t.Helper()
	w := b.askOf(http.MethodGet, of("/api/v1/people/{p}", person1), role, org, "")
	want(b.t, w, http.StatusOK, "")
	return w.Header().Get("ETag")
}

// routeOf is a command's path for the first person, or whatever else has that
// identifier, and whether it needs a precondition.
func routeOf(c catalogue.Command) (path string, precondition bool) {
	path = "/api/v1/" + collections[c.Kind].name
	if !c.Opens && c.Kind != event.PolicyStream {
		path += "/" + person1.String()
	}
	return path + "/commands/" + c.Name, !c.Opens
}

// tagFor is an ETag of what a command is given to.
func (b *bench) tagFor(c catalogue.Command, role, org string) string {
	stream := event.StreamID{Kind: c.Kind, Of: person1}
	if c.Kind == event.PolicyStream {
		stream = event.Policy
	}
	caller := Caller{Actor: event.Actor{Role: event.Role(role), Side: organisations[org].Side}}
	return `"` + b.api.tokens.show(revisionToken, caller, scopeOfStream(stream), 3) + `"`
}

func TestACommandIsRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier,
		"If-Match", b.etag("HUB_CLIN", "HUB"), "X-Correlation-Id", nobody.String())
	want(t, w, http.StatusCreated, "")
	asked := b.recorder.requests()
	if len(asked) != 1 {
		t.Fatalf("commands: got %d, want 1", len(asked))
	}
	q := asked[0]
	command, _ := casefile.Named("link-identifier")
	if q.Command != "link-identifier" || reflect.TypeOf(q.Body) != command.Body || q.Person != person1 || q.ID.String() != key1 ||
		q.If != 3 || q.IfAny || q.Actor.Role != "HUB_CLIN" || q.Actor.Org != hub || q.Actor.Side != event.NHS || q.Actor.ID.IsZero() ||
		q.Purpose != "DIRECT_CARE" || q.Correlation != nobody || q.Origin != event.Live {
		t.Errorf("request: got %+v", q)
	}
	var answer envelope[recorded]
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Data.Person != person1 || len(answer.Data.Events) != 1 || answer.Data.Events[0] != event1 || answer.Data.About["consent"] != event1.UUID ||
		answer.Meta.Consistency == "" || answer.Meta.Entry == "" {
		t.Errorf("answer: %s", w.Body)
	}
	if next := w.Header().Get("ETag"); next == "" || next == b.etag("HUB_CLIN", "HUB") {
		t.Errorf("the ETag is the one of the revision before")
	}
	if w.Header().Get("X-Correlation-Id") != nobody.String() || w.Header().Get("Idempotent-Replayed") != "" {
		t.Errorf("headers: %v", w.Header())
	}
}

func TestRegisteringMintsThePerson(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.ask("POST", "/api/v1/people/commands/register-person", "HUB_CLIN",
		`{"name":{"given":"Test","family":"Alpha"},"dateOfBirth":"1991-05-17","sex":"F","site":"CAMBRIDGE","region":"N56"}`)
	if w.Code != http.StatusCreated {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got, want := w.Header().Get("Location"), "/api/v1/people/"+person1.String(); got != want {
		t.Errorf("Location: got %q, want %q", got, want)
	}
	if q := b.recorder.requests()[0]; !q.Person.IsZero() || !q.IfAny {
		t.Errorf("request: got person %v, IfAny %v; want none, true", q.Person, q.IfAny)
	}
}

func TestAReplayIsAnsweredAsTheFirstTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tag := b.etag("HUB_CLIN", "HUB")
	first := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", tag)
	b.recorder.outcome.Repeated = true
	again := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", tag)
	want(t, again, http.StatusCreated, "")
	if again.Header().Get("Idempotent-Replayed") != "true" || again.Header().Get("ETag") != first.Header().Get("ETag") {
		t.Errorf("headers of a replay: %v", again.Header())
	}
	b.recorder.err = fault.Refuse("idempotency-key-reused", "this Idempotency-Key was used for another command")
	want(t, b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", tag), http.StatusUnprocessableEntity, "idempotency-key-reused")
}

func TestWhatWasAlreadySoRecordsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.recorder.outcome.Result = eventstore.Result{Revision: 3}
	w := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", b.etag("HUB_CLIN", "HUB"))
	want(t, w, http.StatusOK, "")
	if !strings.Contains(w.Body.String(), `"events":[]`) || strings.Contains(w.Body.String(), "consistency") {
		t.Errorf("answer: %s", w.Body)
	}
}

// canary stands in bad input wherever a value could be echoed.
const canary = "9990001014"

// badBodies are bodies that no command takes.
var badBodies = []struct {
	name, body string
	headers    []string
	status     int
	codes      []string
}{
	{"empty", "", nil, 400, []string{"malformed-json"}},
	{"half an object", `{"value":"` + canary, nil, 400, []string{"malformed-json"}},
	{"two values", `{} {}`, nil, 400, nil},
	{"trailing text", `{}` + canary, nil, 400, nil},
	{"a list", `["` + canary + `"]`, nil, 400, []string{"wrong-type"}},
	{"a string", `"` + canary + `"`, nil, 400, []string{"wrong-type", "malformed-value"}},
	{"a number", canary, nil, 400, []string{"wrong-type"}},
	{"null", `null`, nil, 400, []string{"null-not-allowed"}},
	{"an unknown member", `{"` + canary + `":"` + canary + `"}`, nil, 400, []string{"unknown-member"}},
	{"a member twice", `{"` + canary + `":1,"` + canary + `":2}`, nil, 400, []string{"duplicate-member"}},
	{"invalid UTF-8", "{\"" + canary + "\xff\":1}", nil, 400, []string{"invalid-utf-8"}},
	{"invalid UTF-8 in a value", "{\"effectiveAt\":\"" + canary + "\xff\"}", nil, 400, []string{"invalid-utf-8"}},
	{"U+0000 in a value", `{"effectiveAt":"` + canary + `\u0000"}`, nil, 400, []string{"control-character"}},
	{"U+0000 in a name", `{"a\u0000` + canary + `":1}`, nil, 400, []string{"control-character"}},
	{"half a surrogate pair", `{"effectiveAt":"\ud800` + canary + `"}`, nil, 400, nil},
	{"33 deep", strings.Repeat(`{"a":`, 33) + `1` + strings.Repeat(`}`, 33), nil, 400, []string{"too-deep"}},
	{"33 lists deep", strings.Repeat(`[`, 33) + strings.Repeat(`]`, 33), nil, 400, []string{"too-deep"}},
	{"1,001 members", manyMembers(1001), nil, 400, []string{"too-many-members"}},
	{"1,001 elements", `[` + strings.Repeat(`1,`, 1000) + `1]`, nil, 400, []string{"too-many-members"}},
	{"a long string", `{"effectiveAt":"` + strings.Repeat("9", maxStringBytes+1) + `"}`, nil, 400, []string{"string-too-long"}},
	{"a body of 128 KB", `{"effectiveAt":"` + strings.Repeat("9", 128<<10) + `"}`, nil, 413, []string{"body-too-large"}},
	{"an impossible day", `{"effectiveAt":"2026-02-30"}`, nil, 400, nil},
	{"an impossible instant", `{"effectiveAt":"2026-02-23T25:00:00Z"}`, nil, 400, nil},
	{"gzip", `{}`, []string{"Content-Encoding", "gzip"}, 415, []string{"content-encoding-refused"}},
	{"another type", `{}`, []string{"Content-Type", "text/plain"}, 415, []string{"content-type-unsupported"}},
	{"another character set", `{}`, []string{"Content-Type", "application/json; charset=utf-16"}, 415, []string{"content-type-unsupported"}},
	{"no type", `{}`, []string{"Content-Type", ""}, 415, []string{"content-type-unsupported"}},
	{"no key", `{}`, []string{"Idempotency-Key", ""}, 400, []string{"idempotency-key-missing"}},
	{"a key that is none", `{}`, []string{"Idempotency-Key", canary}, 400, []string{"idempotency-key-malformed"}},
	{"an unknown purpose", `{}`, []string{"X-Purpose-Of-Use", canary}, 400, []string{"purpose-unknown"}},
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"a%d":1`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// refused checks a refusal of bad input: a 4xx with a stable code, no value
// in body or headers, and nothing recorded. What was logged is looked at when
// the bench is done.
func refused(t *testing.T, b *bench, w *httptest.ResponseRecorder) Problem {
	t.Helper()
	if w.Code < 400 || w.Code > 499 {
		t.Fatalf("status: got %d, want a 4xx\n%s", w.Code, w.Body)
	}
	p := problemIn(t, w)
	if strings.Contains(dump(w), canary) {
		t.Errorf("the answer echoes the value: %s", dump(w))
	}
	if asked := b.recorder.requests(); len(asked) != 0 {
		t.Errorf("%d commands reached the recorder", len(asked))
	}
	return p
}

func TestBadBodiesAreRefusedOnEveryWriteRoute(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range offered() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			path, precondition := routeOf(c)
			role, org := someone(c.Roles)
			for _, bad := range badBodies {
				headers := bad.headers
				if precondition {
					headers = append([]string{"If-Match", b.tagFor(c, role, org)}, headers...)
				}
				w := b.askOf("POST", path, role, org, bad.body, headers...)
				p := refused(t, b, w)
				if w.Code != bad.status {
					t.Errorf("%s: status: got %d, want %d\n%s", bad.name, w.Code, bad.status, w.Body)
				}
				ok := len(bad.codes) == 0
				for _, code := range bad.codes {
					ok = ok || p.ErrorCode == code
				}
				if !ok {
					t.Errorf("%s: code: got %s, want one of %v", bad.name, p.ErrorCode, bad.codes)
				}
			}
		})
	}
}

func (b *bench) etagFor(role, org string) string {
	caller := Caller{Actor: event.Actor{Role: event.Role(role), Side: organisations[org].Side}}
	return `"` + b.api.tokens.show(revisionToken, caller, person1, 3) + `"`
}

// someone is a role of a list and an organisation of the tests that has it.
func someone(roles []event.Role) (role, org string) {
	homes := map[event.Role]string{"PP": "OFFICE", "SPO": "OFFICE", "COURT": "COURT", "HOUSING": "CITY", "AUDITOR": "AUDIT"}
	r := roles[slices.IndexFunc(roles, func(r event.Role) bool { return slices.Contains(callers, r) })]
	if home, ok := homes[r]; ok {
		return string(r), home
	}
	return string(r), "HUB"
}

// Every member of every body, given something it is not.
func TestEachMemberIsRefusedWhatItIsNot(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range offered() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			path, _ := routeOf(c)
			role, org := someone(c.Roles)
			tag := b.tagFor(c, role, org)
			for _, m := range membersOf(c.Body) {
				for _, value := range []string{"null", `{"` + canary + `":1}`, `[["` + canary + `"]]`, "1e400", `"` + canary + `\u0000"`, "9990001014.5", "true"} {
					if value == "true" && m.Type.Kind() == reflect.Bool {
						continue
					}
					w := b.askOf("POST", path, role, org, `{"`+m.Name+`":`+value+`}`, "If-Match", tag)
					p := refused(t, b, w)
					for _, f := range p.Errors {
						if f.Pointer != "" && !strings.HasPrefix(f.Pointer, "/") {
							t.Errorf("%s=%s: pointer %q", m.Name, value, f.Pointer)
						}
					}
				}
			}
			// Nothing at all is refused wherever something is required.
			for _, m := range membersOf(c.Body) {
				if !m.Optional && m.Group == nil {
					p := refused(t, b, b.askOf("POST", path, role, org, `{}`, "If-Match", tag))
					if p.ErrorCode != "member-missing" {
						t.Errorf("an empty body: code: got %s, want member-missing", p.ErrorCode)
					}
					break
				}
			}
		})
	}
}

func TestWrongValuesAreRefusedBeforeAnythingIsRecorded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ command, body, pointer, code string }{
		"wrong check digit":  {"link-identifier", `{"type":"NHS_NUMBER","value":"9990001015","source":"PERSON","status":"02"}`, "/value", "check-digit"},
		"wrong check letter": {"link-identifier", `{"type":"PNC","value":"2001/0171310S","source":"PERSON"}`, "/value", "check-digit"},
		"malformed CRN":      {"link-identifier", `{"type":"CRN","value":"XX99010","source":"PERSON"}`, "/value", "malformed"},
		"impossible birth":   {"register-person", `{"name":{"given":"A","family":"B"},"dateOfBirth":"1991-02-30","sex":"F","region":"N56"}`, "/dateOfBirth", "malformed-value"},
		"ancient birth":      {"register-person", `{"name":{"given":"A","family":"B"},"dateOfBirth":"1799-02-20","sex":"F","region":"N56"}`, "/dateOfBirth", "impossible"},
		"a nested null":      {"register-person", `{"name":{"given":null,"family":"B"},"dateOfBirth":"1991-02-20","sex":"F","region":"N56"}`, "/name/given", "null-not-allowed"},
		"a nested unknown":   {"register-person", `{"name":{"given":"A","family":"B","` + canary + `":1},"dateOfBirth":"1991-02-20","sex":"F","region":"N56"}`, "/name", "unknown-member"},
		"a nested duplicate": {"register-person", `{"name":{"given":"A","given":"C","family":"B"},"dateOfBirth":"1991-02-20","sex":"F","region":"N56"}`, "/name/given", "duplicate-member"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			command, ok := catalogue.Named(c.command)
			if !ok {
				t.Fatalf("there is no command %s", c.command)
			}
			path, _ := routeOf(command)
			w := b.ask("POST", path, "HUB_CLIN", c.body, "If-Match", b.etagFor("HUB_CLIN", "HUB"))
			p := refused(t, b, w)
			found := false
			for _, f := range p.Errors {
				found = found || f.Pointer == c.pointer && f.Code == c.code
			}
			if w.Code != http.StatusBadRequest || !found {
				t.Errorf("got %d %s, want 400 with %s at %s", w.Code, w.Body, c.code, c.pointer)
			}
		})
	}
}

func TestPreconditions(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	clinician := Caller{Actor: event.Actor{Role: "HUB_CLIN", Side: event.NHS}}
	other := `"` + b.api.tokens.show(revisionToken, clinician, person2, 3) + `"`
	for name, c := range map[string]struct {
		tag    string
		status int
		code   string
	}{
		"none":              {"", 428, "if-match-missing"},
		"any":               {"*", 400, "if-match-malformed"},
		"two":               {b.etagFor("HUB_CLIN", "HUB") + ", " + other, 400, "if-match-malformed"},
		"weak":              {"W/" + b.etagFor("HUB_CLIN", "HUB"), 412, "stale-precondition"},
		"without quotes":    {strings.Trim(b.etagFor("HUB_CLIN", "HUB"), `"`), 412, "stale-precondition"},
		"a number":          {`"3"`, 412, "stale-precondition"},
		"another person's":  {other, 412, "stale-precondition"},
		"another side's":    {`"` + b.api.tokens.seal(revisionToken, event.Probation, person1, 3) + `"`, 412, "stale-precondition"},
		"a consistency one": {`"` + b.api.tokens.seal(positionToken, event.NHS, event.UUID{}, 3) + `"`, 412, "stale-precondition"},
	} {
		w := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", c.tag)
		refused(t, b, w)
		if p := problemIn(t, w); w.Code != c.status || p.ErrorCode != c.code {
			t.Errorf("%s: got %d %s, want %d %s", name, w.Code, p.ErrorCode, c.status, c.code)
		}
	}
	b.recorder.err = fault.New(fault.Stale, "stale-precondition", "the record has changed since it was read")
	want(t, b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", b.etagFor("HUB_CLIN", "HUB")), 412, "stale-precondition")
}

// A precondition must not tell a hidden person from an absent one.
func TestAStalePreconditionDoesNotBetrayAnybody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.recorder.hidden = true
	for name, tag := range map[string]string{"well made": b.etagFor("HUB_CLIN", "HUB"), "made up": `"made up"`, "a number": `"3"`} {
		b.recorder.err = fault.New(fault.Stale, "stale-precondition", "the record has changed since it was read")
		want(t, b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", tag), http.StatusNotFound, "no-such-person")
		b.recorder.err = errNoPerson
		w := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", tag)
		if want(t, w, http.StatusNotFound, "no-such-person"); w.Header().Get("ETag") != "" {
			t.Errorf("%s: an ETag of nobody", name)
		}
	}
}

func TestOnlyANamedHumanWrites(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	token := sign(t, "EdDSA", keys().ed, map[string]any{"kid": "ed"}, with(standardClaims(), "client_id", "app-1", "sub", "app-1"))
	w := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", b.etagFor("HUB_CLIN", "HUB"), "Authorization", "Bearer "+token)
	want(t, w, http.StatusForbidden, "no-named-human")
	want(t, b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "Authorization", "Bearer "+token), http.StatusOK, "")
}

func TestAQueryOnACommandIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	refused(t, b, b.ask("POST", commandPath("link-identifier")+"?dry_run="+canary, "HUB_CLIN", linkIdentifier, "If-Match", b.etagFor("HUB_CLIN", "HUB")))
}

func TestOnlyTheSystemsOwnCommandsHaveNoRoute(t *testing.T) {
	t.Parallel()
	for _, c := range catalogue.Commands() {
		served := slices.ContainsFunc(offered(), func(o catalogue.Command) bool { return o.Name == c.Name })
		if own := slices.Equal(c.Roles, []event.Role{"SYSTEM"}); served == own {
			t.Errorf("%s for %v: served over HTTP: %v", c.Name, c.Roles, served)
		}
	}
}
