package api

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

// registers are the operations of information governance, with the look that
// each leaves and who may ask. The roles are written by hand from the domain
// reference, sections 1 and 9.
var registers = []struct {
	path     string
	view     access.View
	class    access.Class
	subjects []event.UUID
	items    int
	may      string
}{
	{"/api/v1/findings", "findings", access.ReadList, []event.UUID{person1}, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/agreements", "agreements", access.ReadList, nil, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/agreements/" + event1.String(), "agreement", access.ReadList, nil, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/rights-requests", "rights-requests", access.ReadList, []event.UUID{person1}, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/retention", "retention", access.ReadList, []event.UUID{person1}, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/reviews", "reviews", access.ReadList, nil, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/reviews/" + event1.String(), "review", access.ReadOne, []event.UUID{person1}, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/governance?register=BREACH", "governance", access.ReadList, nil, 1, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
	{"/api/v1/findings/" + event1.String(), "finding", access.ReadOne, []event.UUID{person1}, 3, "IG_LEAD DPO SIRO CALDICOTT AUDITOR"},
}

func TestEachReadOfARegisterLeavesOneAccessEvent(t *testing.T) {
	t.Parallel()
	for _, r := range registers {
		b := newBench(t)
		w := b.ask("GET", r.path, "IG_LEAD", "", "X-Purpose-Of-Use", "AUDIT")
		want(t, w, http.StatusOK, "")
		looks := b.looks.all()
		if len(looks) != 1 {
			t.Fatalf("%s: %d looks on the record, want 1", r.path, len(looks))
		}
		if got := looks[0].Data; got.View != r.view || got.Class != r.class || !slices.Equal(got.Subjects, r.subjects) || got.Items != r.items || got.Bytes != w.Body.Len() {
			t.Errorf("%s: look %+v", r.path, got)
		}
		b.looks.broken = true
		want(t, b.ask("GET", r.path, "IG_LEAD", "", "X-Purpose-Of-Use", "AUDIT"), http.StatusServiceUnavailable, "access-log-unavailable")
		want(t, b.ask("GET", r.path, "IG_LEAD", "", "X-Purpose-Of-Use", ""), http.StatusBadRequest, "purpose-required")
		want(t, b.ask("GET", and(r.path, "expand=all"), "IG_LEAD", ""), http.StatusBadRequest, "parameter-unknown")
	}
}

// and adds a parameter to a path.
func and(path, parameter string) string {
	if strings.Contains(path, "?") {
		return path + "&" + parameter
	}
	return path + "?" + parameter
}

func TestARegisterIsForThoseWhoGovern(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, r := range registers {
		for _, role := range callers {
			w := b.askOf("GET", r.path, string(role), oracle[string(role)].org, "")
			if slices.Contains(strings.Fields(r.may), string(role)) {
				want(t, w, http.StatusOK, "")
			} else {
				want(t, w, http.StatusForbidden, "role-may-not")
			}
		}
	}
}

func TestQueriesOfRegistersAreStrict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, code := range map[string]string{
		"/api/v1/findings?monitor=L50":           "parameter-unknown-code",
		"/api/v1/findings?monitor=L01,":          "parameter-unknown-code",
		"/api/v1/findings?severity=GRAVE":        "parameter-unknown-code",
		"/api/v1/findings?status=open":           "parameter-unknown-code",
		"/api/v1/findings?side=NOWHERE":          "parameter-unknown-code",
		"/api/v1/findings?sort=person":           "parameter-unknown-code",
		"/api/v1/findings?person=9990001014":     "parameter-malformed",
		"/api/v1/findings?organisation=HUB":      "parameter-malformed",
		"/api/v1/findings?from=soon":             "parameter-malformed",
		"/api/v1/findings?until=":                "parameter-malformed",
		"/api/v1/findings?perPage=501":           "parameter-out-of-range",
		"/api/v1/findings?page=1&page=2":         "parameter-repeated",
		"/api/v1/findings/" + key1 + "?status=X": "parameter-unknown",

		"/api/v1/agreements?status=LIVE":                      "parameter-unknown-code",
		"/api/v1/agreements?party=HUB":                        "parameter-malformed",
		"/api/v1/agreements?expiring=0":                       "parameter-out-of-range",
		"/api/v1/agreements?true_on=2027-01-01":               "in-the-future",
		"/api/v1/agreements/" + key1 + "?true_on=soon":        "parameter-malformed",
		"/api/v1/rights-requests?status=LATE":                 "parameter-unknown-code",
		"/api/v1/rights-requests?kind=SAR":                    "parameter-unknown-code",
		"/api/v1/rights-requests?person=9990001014":           "parameter-malformed",
		"/api/v1/retention?kind=ALL":                          "parameter-unknown-code",
		"/api/v1/retention?class=EVER":                        "parameter-unknown-code",
		"/api/v1/retention?dueBy=soon":                        "parameter-malformed",
		"/api/v1/retention?kind=HOLD&dueBy=2026-01-01":        "parameters-exclude-each-other",
		"/api/v1/reviews?status=OPEN":                         "parameter-unknown-code",
		"/api/v1/reviews/" + key1 + "?person=1":               "parameter-unknown",
		"/api/v1/governance":                                  "parameter-missing",
		"/api/v1/governance?register=STAFF":                   "parameter-unknown-code",
		"/api/v1/governance?register=BREACH&overdue=yes":      "parameter-unknown-code",
		"/api/v1/governance?register=BREACH&organisation=HUB": "parameter-malformed",
		"/api/v1/governance?register=STAFF_ROLE&staff=NUR1":   "parameter-malformed",
	} {
		w := b.ask("GET", path, "IG_LEAD", "")
		want(t, w, http.StatusBadRequest, code)
		if strings.Contains(w.Body.String(), "9990001014") {
			t.Errorf("%s: the value is echoed", path)
		}
	}
	if looks := b.looks.all(); len(looks) != 0 {
		t.Errorf("refused reads left %d looks", len(looks))
	}
}

func TestTheFilterOfFindingsReachesTheView(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want(t, b.ask("GET", "/api/v1/findings?monitor=L01,L49&severity=HIGH&status=SUPERSEDED,OPEN&side=NHS&person="+person1.String()+
		"&organisation="+hub.String()+"&from=2026-02-01&until=2026-02-28&sort=-severity", "IG_LEAD", ""), http.StatusOK, "")
	f := b.views.asked[0].(FindingFilter)
	if !slices.Equal(f.Monitors, []string{"L01", "L49"}) || !slices.Equal(f.Severities, []string{"HIGH"}) || !slices.Equal(f.Statuses, []string{"SUPERSEDED", "OPEN"}) ||
		f.Side != "NHS" || f.Person != person1 || f.Organisation != hub || f.Sort != (Sort{"severity", true}) ||
		f.From.Format("2006-01-02T15:04") != "2026-02-01T00:00" || f.Until.Format("2006-01-02T15:04:05") != "2026-02-28T23:59:59" {
		t.Errorf("filter: %+v", f)
	}
	want(t, b.ask("GET", "/api/v1/findings", "IG_LEAD", ""), http.StatusOK, "")
	if f := b.views.asked[2].(FindingFilter); slices.Contains(f.Statuses, "SUPERSEDED") || len(f.Statuses) != 4 || f.Sort != (Sort{"at", true}) {
		t.Errorf("the standard filter: %+v", f)
	}
}

func TestAFindingIsShownWithItsMonitorAndItsETag(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.ask("GET", "/api/v1/findings/"+event1.String(), "IG_LEAD", "")
	want(t, w, http.StatusOK, "")
	var whole envelope[FindingDetail]
	if err := json.Unmarshal(w.Body.Bytes(), &whole); err != nil {
		t.Fatal(err)
	}
	f := whole.Data
	if f.Title == "" || f.Source == "" || f.Entry != "37" || f.Steps[0].Entry != "37" || f.Entries[0].Entry != "36" ||
		f.Entries[0].DetailURL != "/api/v1/events/"+event1.String() || f.Entries[1].DetailURL != "" {
		t.Errorf("%+v", f)
	}
	// The ETag is what a command on the finding needs in If-Match.
	acknowledge := "/api/v1/findings/" + person1.String() + "/commands/acknowledge-finding"
	body := `{"finding":"` + event1.String() + `"}`
	want(t, b.ask("POST", acknowledge, "IG_LEAD", body, "If-Match", w.Header().Get("ETag")), http.StatusCreated, "")
	want(t, b.ask("POST", acknowledge, "IG_LEAD", body, "If-Match", `"x"`), http.StatusPreconditionFailed, "stale-precondition")
	officer := b.ask("GET", "/api/v1/findings/"+event1.String(), "DPO", "")
	want(t, officer, http.StatusOK, "")
	for _, number := range []string{`"37"`, `"36"`, `"41"`, `"3"`} {
		if strings.Contains(officer.Body.String()+officer.Header().Get("ETag"), number) {
			t.Errorf("a data protection officer sees %s", number)
		}
	}
	var answers []string
	for _, id := range []string{nobody.String(), "9990001014"} {
		w := b.ask("GET", "/api/v1/findings/"+id, "IG_LEAD", "", "X-Request-Id", key1, "traceparent", "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
		want(t, w, http.StatusNotFound, "no-such-finding")
		answers = append(answers, dump(w))
	}
	if answers[0] != answers[1] {
		t.Errorf("absent and malformed differ:\n%s\n%s", answers[0], answers[1])
	}
}

func TestTheQueueOfReviewsNamesNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	w := b.ask("GET", "/api/v1/reviews", "IG_LEAD", "")
	want(t, w, http.StatusOK, "")
	if strings.Contains(w.Body.String(), person1.String()) {
		t.Errorf("the queue names the person: %s", w.Body)
	}
	w = b.ask("GET", "/api/v1/reviews/"+event1.String(), "IG_LEAD", "")
	want(t, w, http.StatusOK, "")
	if !strings.Contains(w.Body.String(), person1.String()) {
		t.Errorf("the review does not say whose record it was: %s", w.Body)
	}
}

func TestWhatIsNotInARegisterIsAbsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, code := range map[string]string{"/api/v1/agreements/": "no-such-agreement", "/api/v1/reviews/": "no-such-review"} {
		for _, id := range []string{nobody.String(), "9990001014"} {
			want(t, b.ask("GET", path+id, "IG_LEAD", ""), http.StatusNotFound, code)
		}
	}
}

func TestFiltersOfRegistersReachTheView(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, filter := range map[string]any{
		"/api/v1/agreements?status=DRAFT,IN_FORCE&expiring=60&party=" + hub.String():    AgreementFilter{TrueOn: now, Statuses: []string{"DRAFT", "IN_FORCE"}, Expiring: 60, Party: hub},
		"/api/v1/rights-requests?status=OVERDUE&kind=ACCESS&person=" + person1.String(): RightsFilter{TrueOn: now, Status: "OVERDUE", Kind: "ACCESS", Person: person1},
		"/api/v1/retention?class=ADULT_HEALTH&dueBy=2026-03-02":                         RetentionFilter{Kind: "PERIOD", Class: "ADULT_HEALTH", DueBy: event.MustDay("2026-03-02")},
		"/api/v1/retention?kind=HOLD&person=" + person1.String():                        RetentionFilter{Kind: "HOLD", Person: person1},
		"/api/v1/reviews?status=OVERDUE":                                                ReviewFilter{Statuses: []string{"OVERDUE"}},
		"/api/v1/governance?register=TRAINING&overdue=true&staff=" + key1 + "&organisation=" + hub.String(): GovernanceFilter{Register: "TRAINING", Overdue: true,
			Staff: event.MustUUID(key1), Organisation: hub},
	} {
		before := len(b.views.asked)
		want(t, b.ask("GET", path, "IG_LEAD", ""), http.StatusOK, "")
		if got := b.views.asked[before]; !reflect.DeepEqual(got, filter) {
			t.Errorf("%s: %+v, want %+v", path, got, filter)
		}
	}
	// The status of an agreement is asked at a time, which the look says.
	want(t, b.ask("GET", "/api/v1/agreements/"+event1.String()+"?true_on=2026-02-01T00:00:00Z", "IG_LEAD", ""), http.StatusOK, "")
	looks := b.looks.all()
	if got := looks[len(looks)-1].Data.TrueOn.String(); got != "2026-02-01T00:00:00Z" {
		t.Errorf("the look is of %s", got)
	}
}
