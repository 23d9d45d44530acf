package api

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// reads are all read operations as one clinician of the hub may ask them,
// with the event that each look leaves.
var reads = []struct {
	name, method, path, body, role string
	view                           access.View
	class                          access.Class
	subjects                       []event.UUID
	items                          int
}{
	{"person", "GET", "/api/v1/people/{p}", "", "HUB_CLIN", "person", access.ReadOne, []event.UUID{person1}, 1},
	{"timeline", "GET", "/api/v1/people/{p}/timeline", "", "HUB_CLIN", "timeline", access.ReadOne, []event.UUID{person1}, 1},
	{"consents", "GET", "/api/v1/people/{p}/consents", "", "HUB_CLIN", "consents", access.ReadOne, []event.UUID{person1}, 1},
	{"referrals", "GET", "/api/v1/people/{p}/referrals", "", "HUB_CLIN", "referrals", access.ReadOne, []event.UUID{person1}, 1},
	{"disclosures", "GET", "/api/v1/people/{p}/disclosures", "", "HUB_CLIN", "disclosures", access.ReadOne, []event.UUID{person1}, 1},
	{"search", "POST", "/api/v1/people/search", `{"identifier":{"type":"NHS_NUMBER","value":"9990001014"}}`, "HUB_CLIN", "search", access.Search, []event.UUID{person1}, 1},
	{"search by name", "POST", "/api/v1/people/search", `{"familyName":"Alpha","birthDate":"1991-05-17"}`, "HUB_CLIN", "search", access.Search, []event.UUID{person1}, 1},
	{"caseload", "GET", "/api/v1/caseload", "", "HUB_CLIN", "caseload", access.ReadList, []event.UUID{person1}, 1},
	{"register", "GET", "/api/v1/disclosures", "", "HUB_CLIN", "disclosure-register", access.ReadList, []event.UUID{person1}, 1},
	{"events", "GET", "/api/v1/events", "", "HUB_CLIN", "events", access.ReadList, []event.UUID{person1}, 10},
	{"event", "GET", "/api/v1/events/" + event1.String(), "", "HUB_CLIN", "event", access.ReadEvent, []event.UUID{person1}, 1},
}

func of(path string, person event.UUID) string {
	return strings.ReplaceAll(path, "{p}", person.String())
}

// Every look is on the record, once, before anything is answered.
func TestEachReadLeavesOneAccessEvent(t *testing.T) {
	t.Parallel()
	for _, r := range reads {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			w := b.ask(r.method, of(r.path, person1), r.role, r.body)
			want(t, w, http.StatusOK, "")
			looks := b.looks.all()
			if len(looks) != 1 {
				t.Fatalf("looks on the record: got %d, want 1", len(looks))
			}
			got := looks[0]
			if got.Data.View != r.view || got.Data.Class != r.class || !slices.Equal(got.Data.Subjects, r.subjects) ||
				got.Data.Items != r.items || got.Data.Bytes != w.Body.Len() {
				t.Errorf("look: got %+v, want view %s, class %s, subjects %v, %d items, %d bytes", got.Data, r.view, r.class, r.subjects, r.items, w.Body.Len())
			}
			if got.Purpose != "DIRECT_CARE" || got.Caller.Actor.Role != "HUB_CLIN" || got.Caller.Actor.Org != hub || got.Caller.Session.IsZero() ||
				got.ID.IsZero() || got.Correlation.IsZero() || !got.At.Equal(now) {
				t.Errorf("look lacks who, why or when: %+v", got)
			}
			if cc := w.Header().Get("Cache-Control"); cc != "no-store" {
				t.Errorf("Cache-Control: got %q, want no-store", cc)
			}
		})
	}
}

func TestNothingIsAnsweredThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	for _, r := range reads {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.looks.broken = true
			w := b.ask(r.method, of(r.path, person1), r.role, r.body)
			want(t, w, http.StatusServiceUnavailable, "access-log-unavailable")
			for _, secret := range []string{"Alpha", "9990001014", "1991-05-17", "disk", person1.String(), event1.String()} {
				if strings.Contains(w.Body.String(), secret) {
					t.Errorf("the refusal holds %q", secret)
				}
			}
			if w.Header().Get("ETag") != "" || w.Header().Get("Retry-After") == "" {
				t.Errorf("headers of the refusal: %v", w.Header())
			}
		})
	}
}

func TestAReadNeedsAPurpose(t *testing.T) {
	t.Parallel()
	for _, r := range reads {
		b := newBench(t)
		want(t, b.ask(r.method, of(r.path, person1), r.role, r.body, "X-Purpose-Of-Use", ""), http.StatusBadRequest, "purpose-required")
		want(t, b.ask(r.method, of(r.path, person1), r.role, r.body, "X-Purpose-Of-Use", "CURIOSITY"), http.StatusBadRequest, "purpose-unknown")
		if looks := b.looks.all(); len(looks) != 0 {
			t.Errorf("%s: a refused read left %d looks", r.name, len(looks))
		}
	}
}

func TestAReasonIsKeptWithTheLookAndNowhereElse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/api/v1/events/" + event1.String()
	w := b.ask("GET", path, "HUB_CLIN", "", "X-Access-Reason", " complaint 17: who was told? ")
	want(t, w, http.StatusOK, "")
	reason := b.looks.all()[0].Data.Reason
	if reason.Value() != "complaint 17: who was told?" || reason.State() != event.Open {
		t.Errorf("reason: got %q (%v)", reason.Value(), reason.State())
	}
	if strings.Contains(dump(w)+b.log.String(), "complaint") {
		t.Error("the reason is told or logged")
	}
	for _, bad := range []string{" ", strings.Repeat("a", 501), "a\x00b", "a\tb", "\xff"} {
		want(t, b.ask("GET", path, "HUB_CLIN", "", "X-Access-Reason", bad), http.StatusBadRequest, "reason-malformed")
	}
	if looks := b.looks.all(); len(looks) != 1 {
		t.Errorf("looks: got %d, want 1", len(looks))
	}
}

// Absent, hidden and malformed persons have the same answer to the last byte,
// headers included.
func TestAHiddenPersonIsAbsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	same := []string{"X-Request-Id", key1, "traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}
	for _, r := range reads {
		if !strings.Contains(r.path, "{p}") {
			continue
		}
		var answers []string
		for _, path := range []string{of(r.path, nobody), of(r.path, person2), strings.ReplaceAll(r.path, "{p}", "9990001014")} {
			w := b.ask(r.method, path, r.role, r.body, same...)
			want(t, w, http.StatusNotFound, "no-such-person")
			answers = append(answers, dump(w))
		}
		if answers[0] != answers[1] || answers[0] != answers[2] {
			t.Errorf("%s: absent, hidden and malformed differ:\n%s\n%s\n%s", r.name, answers[0], answers[1], answers[2])
		}
	}
	// A search for somebody hidden is a search for nobody.
	hidden := b.ask("POST", "/api/v1/people/search", "HUB_CLIN", `{"identifier":{"type":"CRN","value":"X990102"}}`, same...)
	absent := b.ask("POST", "/api/v1/people/search", "HUB_CLIN", `{"identifier":{"type":"CRN","value":"X990199"}}`, same...)
	want(t, hidden, http.StatusOK, "")
	if dump(hidden) != dump(absent) {
		t.Errorf("searches for a hidden and an absent person differ:\n%s\n%s", dump(hidden), dump(absent))
	}
}

func dump(w *httptest.ResponseRecorder) string {
	var headers strings.Builder
	if err := w.Header().Write(&headers); err != nil {
		panic(err)
	}
	return headers.String() + "\n" + w.Body.String()
}

func TestAReadWaitsForWhatItsTokenNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	written := b.ask("POST", commandPath("link-identifier"), "HUB_CLIN", linkIdentifier, "If-Match", b.etag("HUB_CLIN", "HUB"))
	want(t, written, http.StatusCreated, "")
	var answer envelope[recorded]
	if err := json.Unmarshal(written.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	want(t, b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "X-Consistency-Token", answer.Meta.Consistency), http.StatusOK, "")
	if asked := b.views.asked; len(asked) != 1 || asked[0] != event.Position(41) {
		t.Errorf("waited for: got %v, want position 41", asked)
	}
	want(t, b.askOf("GET", of("/api/v1/people/{p}", person1), "PP", "OFFICE", "", "X-Consistency-Token", answer.Meta.Consistency), http.StatusBadRequest, "consistency-token-invalid")
	want(t, b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "X-Consistency-Token", "41"), http.StatusBadRequest, "consistency-token-invalid")
}

func TestAReadThatWaitsTooLongIsAnsweredLater(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) { c.Limits.Consistency = 1 })
	b.views.behind = true
	token := b.api.tokens.seal(positionToken, event.NHS, event.UUID{}, 99)
	w := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "X-Consistency-Token", token)
	want(t, w, http.StatusServiceUnavailable, "view-behind")
	if w.Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After: got %q, want 1", w.Header().Get("Retry-After"))
	}
}

func TestNumbersAreForThoseWhoAudit(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.views.holder[person1] = organisations["AUDIT"].ID
	path := of("/api/v1/people/{p}/consents", person1)
	auditor := b.askOf("GET", path, "AUDITOR", "AUDIT", "")
	want(t, auditor, http.StatusOK, "")
	if got := auditor.Header().Get("ETag"); got != `"3"` {
		t.Errorf("an auditor's ETag: got %s, want the revision", got)
	}
	if !strings.Contains(auditor.Body.String(), `"entry":"40"`) || !strings.Contains(auditor.Body.String(), `"knownAtEntry":"41"`) {
		t.Errorf("an auditor sees positions: %s", auditor.Body)
	}
	b.views.holder[person1] = hub
	clinician := b.ask("GET", path, "HUB_CLIN", "")
	want(t, clinician, http.StatusOK, "")
	for _, number := range []string{`"40"`, `"41"`, `:40`, `:41`, `"3"`} {
		if strings.Contains(clinician.Body.String()+clinician.Header().Get("ETag"), number) {
			t.Errorf("a clinician sees %s: %s", number, clinician.Body)
		}
	}
}

func TestTheTwoTimesReachTheView(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := of("/api/v1/people/{p}/consents", person1)
	want(t, b.ask("GET", path+"?true_on=2026-02-23T12:00:00Z&known_on=2026-02-23T12:00:00Z", "HUB_CLIN", ""), http.StatusOK, "")
	at := b.views.asked[0].(AsOf)
	if at.TrueOn.Format("2006-01-02T15:04:05Z07:00") != "2026-02-23T12:00:00Z" || !at.KnownOn.Equal(at.TrueOn) || at.KnownAt != 0 {
		t.Errorf("as of: got %+v", at)
	}
	look := b.looks.all()[0].Data
	if look.TrueOn.String() != "2026-02-23T12:00:00Z" || look.KnownOn.String() != "2026-02-23T12:00:00Z" {
		t.Errorf("the look does not say what time was asked about: %+v", look)
	}
	token := b.api.tokens.seal(entryToken, event.NHS, event.UUID{}, 17)
	want(t, b.ask("GET", path+"?known_at_entry="+token, "HUB_CLIN", ""), http.StatusOK, "")
	if at := b.views.asked[1].(AsOf); at.KnownAt != 17 {
		t.Errorf("as of an entry: got %+v, want position 17", at)
	}
	// A day is the whole day: what was recorded on it counts as known.
	want(t, b.ask("GET", path+"?known_on=2026-02-23", "HUB_CLIN", ""), http.StatusOK, "")
	if at := b.views.asked[2].(AsOf); at.KnownOn.Format("2006-01-02T15:04:05.999999Z07:00") != "2026-02-23T23:59:59.999999Z" {
		t.Errorf("known on a day: got %v, want its last moment", at.KnownOn)
	}
}

func TestQueriesAreStrict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	person := of("/api/v1/people/{p}", person1)
	for _, c := range []struct{ path, code string }{
		{person + "?expand=all", "parameter-unknown"},
		{person + "?9990001014=1", "parameter-unknown"},
		{person + "?a=%zz", "query-malformed"},
		{person + "/consents?true_on=yesterday", "parameter-malformed"},
		{person + "/consents?true_on=", "parameter-malformed"},
		{person + "/consents?true_on=2026-02-30", "parameter-malformed"},
		{person + "/consents?true_on=2027-01-01", "in-the-future"},
		{person + "/consents?known_on=2027-01-01T00:00:00Z", "in-the-future"},
		{person + "/consents?true_on=2026-01-01&true_on=2026-01-02", "parameter-repeated"},
		{person + "/consents?known_at_entry=17", "parameter-malformed"},
		{person + "/consents?known_at_entry=Xoe_GIfYPJZOkG1LihPPUg&known_on=2026-01-01", "parameters-exclude-each-other"},
		{person + "/timeline?type=consent.imagined", "parameter-unknown-code"},
		{person + "/timeline?page=0", "parameter-out-of-range"},
		{person + "/timeline?perPage=501", "parameter-out-of-range"},
		{person + "/timeline?perPage=ten", "parameter-out-of-range"},
		{"/api/v1/events?after=10", "cursor-invalid"},
		{"/api/v1/events?limit=0", "parameter-out-of-range"},
		{"/api/v1/events?person=9990001014", "parameter-malformed"},
		{"/api/v1/caseload?site=NOWHERE", "parameter-unknown-code"},
		{"/api/v1/disclosures?outcome=MAYBE", "parameter-unknown-code"},
	} {
		w := b.ask("GET", c.path, "HUB_CLIN", "")
		want(t, w, http.StatusBadRequest, c.code)
		if strings.Contains(w.Body.String(), "9990001014") {
			t.Errorf("%s: the value is echoed", c.path)
		}
	}
	if looks := b.looks.all(); len(looks) != 0 {
		t.Errorf("refused reads left %d looks", len(looks))
	}
}

// The feed has no gaps and no repeats, whatever the page size.
func TestTheFeedIsReadInPages(t *testing.T) {
	t.Parallel()
	for _, limit := range []string{"1", "3", "10", "11"} {
		b := newBench(t)
		path, seen := "/api/v1/events?limit="+limit, 0
		for range 20 {
			w := b.ask("GET", path, "HUB_CLIN", "")
			want(t, w, http.StatusOK, "")
			var page struct {
				Data []struct{ Entry string }
				Page struct {
					Next string
					More bool
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &page, json.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatal(err)
			}
			seen += len(page.Data)
			path = "/api/v1/events?limit=" + limit + "&after=" + page.Page.Next
			if !page.Page.More {
				break
			}
		}
		if seen != 10 {
			t.Errorf("pages of %s: read %d entries, want 10", limit, seen)
		}
	}
}

func TestACursorIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	cursor := b.api.tokens.showPlace(Caller{Actor: event.Actor{ID: nobody, Side: event.NHS, Role: "HUB_CLIN"}}, Place{Position: 5})
	want(t, b.ask("GET", "/api/v1/events?after="+cursor, "HUB_CLIN", ""), http.StatusBadRequest, "cursor-invalid")
}

func TestAnEventIsRevalidatedAndStillRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := "/api/v1/events/" + event1.String()
	first := b.ask("GET", path, "HUB_CLIN", "")
	want(t, first, http.StatusOK, "")
	again := b.ask("GET", path, "HUB_CLIN", "", "If-None-Match", first.Header().Get("ETag"))
	if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Fatalf("asked again: got %d with %d bytes, want 304 without a body", again.Code, again.Body.Len())
	}
	if looks := b.looks.all(); len(looks) != 2 {
		t.Errorf("looks: got %d, want 2", len(looks))
	}
	// A person's own ETag is a precondition for commands and saves no reading.
	person := b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "")
	want(t, b.ask("GET", of("/api/v1/people/{p}", person1), "HUB_CLIN", "", "If-None-Match", person.Header().Get("ETag")), http.StatusOK, "")
	want(t, b.ask("GET", "/api/v1/events/"+nobody.String(), "HUB_CLIN", ""), http.StatusNotFound, "no-such-event")
	want(t, b.ask("GET", "/api/v1/events/9990001014", "HUB_CLIN", ""), http.StatusNotFound, "no-such-event")
}

func TestSearchesAreStrict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, c := range []struct{ body, code, pointer string }{
		{`{}`, "invalid-body", ""},
		{`{"identifier":{"type":"CRN","value":"X990101"},"familyName":"Alpha","birthDate":"1991-05-17"}`, "invalid-body", ""},
		{`{"identifier":{"type":"CRN","value":"malformed"}}`, "identifier-malformed", "/identifier/value"},
		{`{"identifier":{"type":"CRN"}}`, "member-missing", "/identifier/value"},
		{`{"familyName":"Alpha"}`, "invalid-body", "/birthDate"},
		{`{"familyName":"Alpha","birthDate":"1991-02-30"}`, "invalid-body", "/birthDate"},
		{`{"birthDate":"1991-02-03"}`, "invalid-body", "/familyName"},
		{`{"familyName":"` + strings.Repeat("a", 201) + `","birthDate":"1991-02-03"}`, "invalid-body", "/familyName"},
	} {
		w := b.ask("POST", "/api/v1/people/search", "HUB_CLIN", c.body)
		want(t, w, http.StatusBadRequest, c.code)
		if p := problemIn(t, w); len(p.Errors) != 1 || p.Errors[0].Pointer != c.pointer {
			t.Errorf("%s: errors: got %+v, want one at %q", c.body, p.Errors, c.pointer)
		}
	}
}
