package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"caseledger/domain/access"
	"caseledger/domain/event"
)

const (
	theWorking   = "PP SPO HUB_CLIN HUB_NURSE NAVIGATOR GP TX_PROV PRISON_HC LD"
	theGoverning = "IG_LEAD CALDICOTT DPO AUDITOR"
)

// careReads are the operations of [Care], with the look that each leaves and
// who may ask. The roles are written by hand from the domain reference,
// section 1.
var careReads = []struct {
	path     string
	view     access.View
	class    access.Class
	subjects []event.UUID
	items    int
	as, may  string
}{
	{"/api/v1/people/{p}/appointments", "appointments", access.ReadOne, []event.UUID{person1}, 1, "HUB_CLIN", theWorking + " " + theGoverning},
	{"/api/v1/appointments", "appointment-list", access.ReadList, []event.UUID{person1}, 1, "HUB_CLIN", theWorking},
	{"/api/v1/people/{p}/screenings", "screenings", access.ReadOne, []event.UUID{person1}, 3, "HUB_CLIN", theWorking + " " + theGoverning},
	{"/api/v1/people/{p}/requirements", "requirements", access.ReadOne, []event.UUID{person1}, 2, "HUB_CLIN", theWorking + " " + theGoverning},
	{"/api/v1/hubs/metrics", "hub-metrics", access.ReadList, nil, 1, "HUB_CLIN", theWorking + " SIRO " + theGoverning},
}

func TestEachReadOfCareLeavesOneAccessEvent(t *testing.T) {
	t.Parallel()
	for _, r := range careReads {
		b := newBench(t)
		path := of(r.path, person1)
		w := b.ask("GET", path, r.as, "")
		want(t, w, http.StatusOK, "")
		looks := b.looks.all()
		if len(looks) != 1 {
			t.Fatalf("%s: %d looks on the record, want 1", r.path, len(looks))
		}
		if got := looks[0].Data; got.View != r.view || got.Class != r.class || !slices.Equal(got.Subjects, r.subjects) || got.Items != r.items || got.Bytes != w.Body.Len() {
			t.Errorf("%s: look %+v", r.path, got)
		}
		b.looks.broken = true
		want(t, b.ask("GET", path, r.as, ""), http.StatusServiceUnavailable, "access-log-unavailable")
		b.looks.broken = false
		want(t, b.ask("GET", path, r.as, "", "X-Purpose-Of-Use", ""), http.StatusBadRequest, "purpose-required")
		want(t, b.ask("GET", path+"?expand=all", r.as, ""), http.StatusBadRequest, "parameter-unknown")
		if strings.Contains(r.path, "{p}") {
			want(t, b.ask("GET", of(r.path, person2), r.as, ""), http.StatusNotFound, "no-such-person")
		}
		if looks := b.looks.all(); len(looks) != 1 {
			t.Errorf("%s: refused reads left %d looks", r.path, len(looks)-1)
		}
	}
}

func TestCareIsReadByThoseWhoMay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, r := range careReads {
		for _, role := range callers {
			org := oracle[string(role)].org
			b.views.holder[person1] = organisations[org].ID
			w := b.askOf("GET", of(r.path, person1), string(role), org, "")
			if slices.Contains(strings.Fields(r.may), string(role)) {
				want(t, w, http.StatusOK, "")
			} else {
				want(t, w, http.StatusForbidden, "role-may-not")
			}
		}
	}
}

const accessLogPath = "/api/v1/people/{p}/access-log"

// Whoever reads who looked says for which purpose of section 62(4), and is on
// the record for it before anything is answered.
func TestReadingTheAccessLogIsAReadOfTheLedger(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := of(accessLogPath, person1)
	for _, query := range []string{"", "?purpose=", "?purpose=DIRECT_CARE", "?purpose=audit"} {
		want(t, b.ask("GET", path+query, "IG_LEAD", ""), http.StatusBadRequest, "purpose-not-allowed")
	}
	want(t, b.ask("GET", of(accessLogPath, person2)+"?purpose=AUDIT", "IG_LEAD", ""), http.StatusNotFound, "no-such-person")
	if len(b.looks.all()) != 0 {
		t.Fatal("refused reads left looks")
	}
	b.looks.broken = true
	want(t, b.ask("GET", path+"?purpose=AUDIT", "IG_LEAD", ""), http.StatusServiceUnavailable, "access-log-unavailable")
	b.looks.broken = false
	for _, purpose := range access.Purposes {
		want(t, b.ask("GET", path+"?purpose="+string(purpose), "IG_LEAD", "", "X-Access-Reason", "complaint 17"), http.StatusOK, "")
		look := b.looks.all()[len(b.looks.all())-1]
		got := look.Ledger
		if got.View != "access-log" || got.Purpose != purpose || !slices.Equal(got.Subjects, []event.UUID{person1}) || got.Items != 1 || got.Reason.Value() != "complaint 17" {
			t.Errorf("%s: recorded %+v", purpose, got)
		}
	}
	for _, role := range callers {
		org := oracle[string(role)].org
		b.views.holder[person1] = organisations[org].ID
		w := b.askOf("GET", path+"?purpose=AUDIT", string(role), org, "")
		if slices.Contains(strings.Fields(theGoverning), string(role)) {
			want(t, w, http.StatusOK, "")
		} else {
			want(t, w, http.StatusForbidden, "role-may-not")
		}
	}
}

func TestTheFilterOfLooksReachesTheView(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := of(accessLogPath, person1) + "?purpose=AUDIT"
	want(t, b.ask("GET", path+"&from=2026-02-01&until=2026-02-28&class=READ_ONE&by="+person2.String(), "IG_LEAD", ""), http.StatusOK, "")
	f := b.views.asked[0].(LookFilter)
	if f.Person != person1 || f.By != person2 || f.Class != "READ_ONE" || f.From.Format(time.DateTime) != "2026-02-01 00:00:00" || f.Until.Format(time.DateTime) != "2026-02-28 23:59:59" {
		t.Errorf("filter: %+v", f)
	}
	for query, code := range map[string]string{"&from=soon": "parameter-malformed", "&until=soon": "parameter-malformed",
		"&by=NUR1": "parameter-malformed", "&class=GLANCE": "parameter-unknown-code", "&page=0": "parameter-out-of-range", "&view=x": "parameter-unknown"} {
		want(t, b.ask("GET", path+query, "IG_LEAD", ""), http.StatusBadRequest, code)
	}
}

func TestQueriesOfCareAreStrict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for path, code := range map[string]string{
		"/api/v1/appointments?site=NOWHERE":         "parameter-unknown-code",
		"/api/v1/appointments?on=soon":              "parameter-malformed",
		"/api/v1/appointments?on=2026-02-30":        "parameter-malformed",
		"/api/v1/appointments?perPage=501":          "parameter-out-of-range",
		"/api/v1/appointments?on=2026-02-04&on=now": "parameter-repeated",
		"/api/v1/hubs/metrics?weeks=54":             "parameter-out-of-range",
		"/api/v1/hubs/metrics?weeks=0":              "parameter-out-of-range",
		"/api/v1/hubs/metrics?until=now":            "parameter-malformed",
		"/api/v1/hubs/metrics?site=CAMBRIDGE":       "parameter-unknown",
	} {
		want(t, b.ask("GET", path, "HUB_CLIN", ""), http.StatusBadRequest, code)
	}
	if looks := b.looks.all(); len(looks) != 0 {
		t.Errorf("refused reads left %d looks", len(looks))
	}
}

func TestTheAppointmentsOfADayAreThoseOfLondon(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	want(t, b.ask("GET", "/api/v1/appointments?site=CAMBRIDGE&on=2026-06-30", "HUB_CLIN", ""), http.StatusOK, "")
	f := b.views.asked[0].(AppointmentFilter)
	if f.Site != "CAMBRIDGE" || f.From.UTC().Format(time.RFC3339) != "2026-06-29T23:00:00Z" || f.Until.UTC().Format(time.RFC3339) != "2026-06-30T23:00:00Z" {
		t.Errorf("filter: %+v", f)
	}
	want(t, b.ask("GET", "/api/v1/appointments", "HUB_CLIN", ""), http.StatusOK, "")
	if f := b.views.asked[2].(AppointmentFilter); f.Site != "" || !f.From.Equal(event.DayOf(now).Start()) {
		t.Errorf("the standard filter: %+v", f)
	}
}

func TestAMatrixNeedsARecipientAndAPersonWhoIsThere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	path := of("/api/v1/people/{p}/lawfulness-matrix", person1)
	for _, query := range []string{"", "?recipient=", "?recipient=NOWHERE"} {
		want(t, b.ask("GET", path+query, "HUB_CLIN", ""), http.StatusBadRequest, "parameter-unknown-code")
	}
	want(t, b.ask("GET", of("/api/v1/people/{p}/lawfulness-matrix", person2)+"?recipient=OFFICE", "HUB_CLIN", ""), http.StatusNotFound, "no-such-person")
	if looks := b.looks.all(); len(looks) != 0 {
		t.Errorf("refused reads left %d looks", len(looks))
	}
	want(t, b.ask("GET", path+"?recipient=OFFICE", "HUB_CLIN", ""), http.StatusOK, "")
	if looks := b.looks.all(); len(looks) != 1 || looks[0].Data.Class != access.Evaluate || looks[0].Data.View != "lawfulness-matrix" || !slices.Equal(looks[0].Data.Subjects, []event.UUID{person1}) {
		t.Errorf("looks: %+v", looks)
	}
	for _, role := range []string{"HOUSING", "COURT", "SIRO", "AUDITOR"} {
		want(t, b.askOf("GET", path+"?recipient=OFFICE", role, oracle[role].org, ""), http.StatusForbidden, "role-may-not")
	}
}
