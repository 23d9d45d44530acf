package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-chi/chi/v5"

	"caseledger/domain/access"
)

func TestEveryRouteHasARowOrAReason(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	found := map[string]bool{}
	err := chi.Walk(b.api.router, func(method, path string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		key := method + " " + path
		found[key] = true
		i := slices.IndexFunc(b.api.routes, func(r route) bool { return r.method == method && r.path == path })
		if i < 0 {
			t.Errorf("%s is served and in no table", key)
			return nil
		}
		r := b.api.routes[i]
		reason, listed := public[key]
		switch {
		case r.public && (!listed || reason == ""):
			t.Errorf("%s asks for no token and gives no reason", key)
		case !r.public && (len(r.roles) == 0 || r.action == ""):
			t.Errorf("%s has no row in the table of who may", key)
		case !r.public && listed:
			t.Errorf("%s is listed as public and is not", key)
		}
		for _, role := range r.roles {
			if role == "" {
				t.Errorf("%s: an empty role", key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range public {
		if !found[key] {
			t.Errorf("%s is listed as public and not served", key)
		}
	}
	for action := range may {
		if !slices.ContainsFunc(b.api.routes, func(r route) bool { return r.action == action }) {
			t.Errorf("the row %s belongs to no route", action)
		}
	}
}

func TestARouteWithoutARowKeepsTheAPIFromStarting(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	handle := func(*API, *call) (answer[Person], error) { return answer[Person]{}, nil }
	for name, o := range map[string]operation[Person]{
		"no row":   {ID: "x", Method: "GET", Path: "/x", Action: "x.read", Audit: access.ReadOne, View: "x", Handle: handle},
		"no audit": {ID: "x", Method: "GET", Path: "/x", Action: "person.read", Handle: handle},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the route is accepted", name)
				}
			}()
			bind(b.api, o)
		}()
	}
}

// The oracle is written by hand from the domain reference, section 1: what
// each role may read. It is not derived from the table it checks.
//
// The columns are p(erson), t(imeline), c(onsents), r(eferrals),
// d(isclosures of a person), s(earch), l(oad of cases), R(egister), e(vents).
var oracle = map[string]struct{ org, may string }{
	"PP":        {"OFFICE", "ptcrdslRe"},
	"SPO":       {"OFFICE", "ptcrdslRe"},
	"HUB_CLIN":  {"HUB", "ptcrdslRe"},
	"HUB_NURSE": {"HUB", "ptcrdslRe"},
	"NAVIGATOR": {"HUB", "ptcrdslRe"},
	"GP":        {"HUB", "ptcrdslRe"},
	"TX_PROV":   {"HUB", "ptcrdslRe"},
	"PRISON_HC": {"HUB", "ptcrdslRe"},
	"LD":        {"HUB", "ptcrdslRe"},
	"HOUSING":   {"CITY", "p--rdsl--"},
	"COURT":     {"COURT", "p---d----"},
	"IG_LEAD":   {"HUB", "ptcrds-Re"},
	"CALDICOTT": {"HUB", "ptcrds-Re"},
	"DPO":       {"HUB", "ptcrds-Re"},
	"SIRO":      {"HUB", "-------R-"},
	"AUDITOR":   {"AUDIT", "ptcrds-Re"},
}

var columns = []struct{ method, path, body string }{
	{"GET", "/api/v1/people/{p}", ""},
	{"GET", "/api/v1/people/{p}/timeline", ""},
	{"GET", "/api/v1/people/{p}/consents", ""},
	{"GET", "/api/v1/people/{p}/referrals", ""},
	{"GET", "/api/v1/people/{p}/disclosures", ""},
	{"POST", "/api/v1/people/search", `{"familyName":"Alpha","birthDate":"1991-05-17"}`},
	{"GET", "/api/v1/caseload", ""},
	{"GET", "/api/v1/disclosures", ""},
	{"GET", "/api/v1/events", ""},
}

func TestARoleReadsOnlyWhatItsRowAllows(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, role := range callers {
		row, known := oracle[string(role)]
		if !known || len(row.may) != len(columns) {
			t.Errorf("the oracle has no row for %s", role)
			continue
		}
		b.views.holder[person1] = organisations[row.org].ID
		for i, c := range columns {
			before := len(b.looks.all())
			w := b.askOf(c.method, of(c.path, person1), string(role), row.org, c.body)
			if allowed := row.may[i] != '-'; allowed {
				want(t, w, http.StatusOK, "")
			} else {
				want(t, w, http.StatusForbidden, "role-may-not")
				if len(b.looks.all()) != before {
					t.Errorf("%s %s: a refused read left a look", role, c.path)
				}
			}
		}
	}
}

// Who may give which command is the catalogue's; here it is only kept to.
func TestARoleGivesOnlyItsOwnCommands(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range offered() {
		path, _ := routeOf(c)
		for _, role := range callers {
			org := oracle[string(role)].org
			w := b.askOf("POST", path, string(role), org, `{`, "If-Match", b.tagFor(c, string(role), org))
			if allowed := slices.Contains(c.Roles, role); allowed {
				want(t, w, http.StatusBadRequest, "malformed-json")
			} else {
				want(t, w, http.StatusForbidden, "role-may-not")
			}
		}
	}
}

// The description is valid OpenAPI 3.1 and names every route and nothing else.
func TestTheDescriptionIsValid(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/openapi.json", nil))
	want(t, w, http.StatusOK, "")
	document, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatalf("not valid: %v", err)
	}
	if document.OpenAPI != "3.1.0" {
		t.Errorf("version: got %s, want 3.1.0", document.OpenAPI)
	}
	described := 0
	for path, item := range document.Paths.Map() {
		for method, op := range item.Operations() {
			described++
			i := slices.IndexFunc(b.api.routes, func(r route) bool { return r.method == method && r.path == path })
			if i < 0 {
				t.Errorf("%s %s is described and not served", method, path)
				continue
			}
			r := b.api.routes[i]
			if op.OperationID != r.id || op.Summary == "" {
				t.Errorf("%s %s: id %q, summary %q", method, path, op.OperationID, op.Summary)
			}
			if secured := op.Security != nil && len(*op.Security) > 0; secured == r.public {
				t.Errorf("%s %s: described as needing a token: %v", method, path, secured)
			}
		}
	}
	if described != len(b.api.routes) {
		t.Errorf("%d operations are described, %d served", described, len(b.api.routes))
	}
	for _, c := range offered() {
		path, precondition := routeOf(c)
		op := document.Paths.Find(strings.ReplaceAll(path, person1.String(), "{person}")).Post
		if got := op.Parameters.GetByInAndName("header", "If-Match") != nil; got != precondition {
			t.Errorf("%s: If-Match described: %v, want %v", c.Name, got, precondition)
		}
		schema := op.RequestBody.Value.Content.Get("application/json").Schema.Value
		for _, m := range membersOf(c.Body) {
			if schema.Properties[m.Name] == nil {
				t.Errorf("%s: member %s is not described", c.Name, m.Name)
			}
			if slices.Contains(schema.Required, m.Name) != (!m.Optional && m.Group == nil) {
				t.Errorf("%s: member %s: described as required: %v", c.Name, m.Name, m.Optional)
			}
		}
	}
}

func TestWhatHasNoRouteIsAProblemToo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, path := range []string{"/", "/api/v1", "/api/v1/people/", "/api/v1/people/" + person1.String() + "/", "/api/v2/caseload", "/admin/" + canary, "/api/v1/people/" + person1.String() + "/commands/" + canary} {
		for _, method := range []string{"GET", "POST"} {
			w := b.ask(method, path, "HUB_CLIN", "")
			want(t, w, http.StatusNotFound, "no-such-resource")
			if strings.Contains(dump(w), canary) {
				t.Errorf("%s: the path is echoed", path)
			}
		}
	}
	for path, allow := range map[string]string{of("/api/v1/people/{p}", person1): "GET", commandPath("link-identifier"): "POST", "/ping": "GET"} {
		for _, method := range []string{"DELETE", "PUT", "PATCH", "HEAD", "TRACE"} {
			w := b.ask(method, path, "HUB_CLIN", "")
			want(t, w, http.StatusMethodNotAllowed, "method-not-allowed")
			if got := w.Header().Get("Allow"); got != allow {
				t.Errorf("%s %s: Allow: got %q, want %q", method, path, got, allow)
			}
		}
	}
}

func plainly(t *testing.T, b *bench, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func TestProbes(t *testing.T) {
	t.Parallel()
	works := true
	b := newBench(t, func(c *Config) {
		c.Health = []Health{
			{"store", func(context.Context) error {
				if works {
					return nil
				}
				return errors.New("no route to host")
			}},
			{"keys", func(context.Context) error { return nil }},
		}
	})
	for path, body := range map[string]string{
		"/ping": "pong", "/health/liveness": `"UP"`, "/health/readiness": `"store":"UP"`, "/health": `"keys":"UP"`, "/info": `"environment":"TEST"`,
		"/metrics": "caseledger_http_requests_total", "/docs": "<h1>API of the Health Hub record</h1>", "/openapi.json": `"openapi":"3.1.0"`,
	} {
		w := plainly(t, b, path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), body) && path != "/metrics" {
			t.Errorf("%s: got %d %.200s, want 200 with %s", path, w.Code, w.Body, body)
		}
	}
	works = false
	w := plainly(t, b, "/health/readiness")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"store":"DOWN"`) || strings.Contains(w.Body.String(), "host") {
		t.Errorf("a part is down: got %d %s", w.Code, w.Body)
	}
	if w := plainly(t, b, "/health/liveness"); w.Code != http.StatusOK {
		t.Errorf("liveness while a part is down: got %d, want 200", w.Code)
	}
	if w := plainly(t, b, "/metrics"); !strings.Contains(w.Body.String(), `caseledger_http_requests_total{operation="health-readiness",status="503"} 1`) {
		t.Errorf("metrics lack the failed probe: %s", w.Body)
	}
}

func TestAProbeThatHangsOrPanicsIsDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) {
		c.Limits.Health = time.Millisecond
		c.Health = []Health{
			{"hangs", func(ctx context.Context) error { <-ctx.Done(); <-t.Context().Done(); return nil }},
			{"panics", func(context.Context) error { panic("x") }},
		}
	})
	w := plainly(t, b, "/health")
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"hangs":"DOWN","panics":"DOWN"`) {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestTheDocsPageNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	page := plainly(t, b, "/docs").Body.String()
	for _, bad := range []string{"<script", "<style", "style=", "http://", "https://", "offender"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, r := range b.api.routes {
		if !strings.Contains(page, r.path) {
			t.Errorf("the page lacks %s", r.path)
		}
	}
}

func TestAPanicIsAProblemWithFixedText(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) { c.Views = panicking{} })
	w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "")
	want(t, w, http.StatusInternalServerError, "internal-error")
	if strings.Contains(w.Body.String()+b.log.String(), canary) {
		t.Error("the panic's value is told")
	}
	if !strings.Contains(b.log.String(), `"msg":"panic"`) || !strings.Contains(b.log.String(), `"status":500`) {
		t.Errorf("the log: %s", b.log)
	}
}

type panicking struct{}

func (panicking) For(Caller) (View, error) { panic("person " + canary) }

func TestAFailureTellsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.views.err = fmt.Errorf("query people: near %q: syntax error", "Alpha")
	w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "")
	want(t, w, http.StatusInternalServerError, "internal-error")
	if strings.Contains(w.Body.String(), "Alpha") || strings.Contains(w.Body.String(), "query") {
		t.Errorf("the cause is told: %s", w.Body)
	}
}

// blocked holds the first request that asks for a view until it is let go.
type blocked struct {
	held atomic.Bool
	in   chan struct{}
	out  chan struct{}
	next Views
}

func (b *blocked) For(c Caller) (View, error) {
	if b.held.CompareAndSwap(false, true) {
		close(b.in)
		<-b.out
	}
	return b.next.For(c)
}

func TestTooMuchAtATimeIsTurnedAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits Limits
		status int
		code   string
	}{
		"in all":      {Limits{InFlight: 1, PerCaller: 9}, 503, "too-busy"},
		"per session": {Limits{InFlight: 9, PerCaller: 1}, 429, "too-many-requests"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate := &blocked{in: make(chan struct{}), out: make(chan struct{})}
			b := newBench(t, func(config *Config) {
				gate.next = config.Views
				config.Views, config.Limits = gate, c.limits
			})
			done := make(chan *httptest.ResponseRecorder, 1)
			path := of("/api/v1/people/{p}", person1)
			go func() { done <- b.ask("GET", path, "HUB_CLIN", "") }()
			<-gate.in
			w := b.ask("GET", path, "HUB_CLIN", "")
			want(t, w, c.status, c.code)
			if w.Header().Get("Retry-After") != "1" {
				t.Errorf("Retry-After: got %q, want 1", w.Header().Get("Retry-After"))
			}
			if probe := plainly(t, b, "/health/liveness"); probe.Code != http.StatusOK {
				t.Errorf("a busy process is taken for dead: %d", probe.Code)
			}
			close(gate.out)
			want(t, <-done, http.StatusOK, "")
			want(t, b.ask("GET", path, "HUB_CLIN", ""), http.StatusOK, "")
		})
	}
}

func TestIdentifiersOfARequest(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	trace := "0123456789abcdef0123456789abcdef"
	w := b.ask("GET", of("/api/v1/people/{p}", nobody), "HUB_CLIN", "", "X-Request-Id", key1, "X-Correlation-Id", person2.String(),
		"traceparent", "00-"+trace+"-0123456789abcdef-01")
	p := problemIn(t, w)
	if p.TraceID != trace || p.Instance != "urn:uuid:"+key1 || w.Header().Get("X-Request-Id") != key1 ||
		w.Header().Get("X-Correlation-Id") != person2.String() || !strings.HasPrefix(w.Header().Get("traceparent"), "00-"+trace+"-") {
		t.Errorf("identifiers do not come back: %+v %v", p, w.Header())
	}
	for _, bad := range []string{canary, "' OR 1=1", "00-" + strings.Repeat("0", 32) + "-0123456789abcdef-01", strings.Repeat("a", 10_000)} {
		w := b.ask("GET", of("/api/v1/people/{p}", nobody), "HUB_CLIN", "", "X-Request-Id", bad, "X-Correlation-Id", bad, "traceparent", bad)
		if strings.Contains(dump(w)+b.log.String(), bad) {
			t.Errorf("%.20q comes back or is logged", bad)
		}
		problemIn(t, w)
	}
	// Two reads that call themselves the same are still two looks.
	b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "X-Request-Id", key1)
	b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "X-Request-Id", key1)
	if looks := b.looks.all(); len(looks) != 2 || looks[0].ID == looks[1].ID {
		t.Errorf("looks: %+v", looks)
	}
}

func TestLogsHoldIdentifiersOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, r := range reads {
		b.ask(r.method, of(r.path, person1), r.role, r.body)
	}
	b.ask("GET", "/api/v1/caseload?site=CAMBRIDGE", "HUB_CLIN", "")
	b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", b.etagFor("HUB_CLIN", "HUB"))
	log := b.log.String()
	for _, secret := range []string{"Alpha", "1991-05-17", "9990001014", "999 000 1014", "CAMBRIDGE", "site=", "Bearer", "eyJ", "user-"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if got := strings.Count(log, `"msg":"request"`); got != len(reads)+2 {
		t.Errorf("records: got %d, want one for each of %d requests", got, len(reads)+2)
	}
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, w := range []*httptest.ResponseRecorder{
		plainly(t, b, "/docs"), plainly(t, b, "/nowhere"), plainly(t, b, "/api/v1/caseload"), b.ask("GET", "/api/v1/caseload", "HUB_CLIN", ""),
	} {
		for name, value := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		} {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s: got %q, want %q", name, got, value)
			}
		}
	}
}
