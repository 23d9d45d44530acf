package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/event"
	"caseledger/domain/fault"
)

// fakePacks makes files that are no packs.
type fakePacks struct {
	asked []PackQuery
	err   error
}

func (f *fakePacks) Make(_ context.Context, _ Caller, q PackQuery) ([]byte, []event.UUID, int, error) {
	f.asked = append(f.asked, q)
	return []byte("PK"), []event.UUID{q.Person}, 7, f.err
}

const packPath = "/api/v1/people/{p}/packs"

// A pack is answered as a file once the look is on the record, and only whoever
// may, with a reason, gets one.
func TestAPackIsAFileAndALook(t *testing.T) {
	t.Parallel()
	f := &fakePacks{}
	b := newBench(t, func(c *Config) { c.Packs = f })
	path, good := of(packPath, person1), `{"kind":"evidence","logPurpose":"AUDIT","from":"2026-02-01","to":"2026-02-28","withhold":[31]}`
	w := b.ask("POST", path, "AUDITOR", good, "X-Access-Reason", "complaint 17")
	want(t, w, http.StatusOK, "")
	if w.Body.String() != "PK" || w.Header().Get("Content-Type") != "application/zip" || w.Header().Get("Cache-Control") != "no-store" ||
		!strings.Contains(w.Header().Get("Content-Disposition"), "case-proof-pack.zip") {
		t.Errorf("got %q, %v", w.Body, w.Header())
	}
	q := f.asked[0]
	if q.Person != person1 || q.Subject || q.Use != "AUDIT" || q.Reason != "complaint 17" || !q.To.After(q.From) || !slices.Equal(q.Withhold, []event.Position{31}) {
		t.Errorf("asked for %+v", q)
	}
	if look := b.looks.all()[0].Data; look.View != "pack" || look.Items != 7 || look.Bytes != 2 || !slices.Equal(look.Subjects, []event.UUID{person1}) {
		t.Errorf("recorded %+v", look)
	}
	for body, code := range map[string]string{
		`{"kind":"all"}`:                                   "validation-failed",
		`{"kind":"evidence"}`:                              "validation-failed",
		`{"kind":"evidence","logPurpose":"RESEARCH"}`:      "validation-failed",
		`{"kind":"subject-access","logPurpose":"AUDIT"}`:   "validation-failed",
		`{"kind":"subject-access","everything":"please"}`:  "",
		`{"kind":"evidence","logPurpose":"AUDIT"} trailer`: "",
	} {
		w := b.ask("POST", path, "AUDITOR", body, "X-Access-Reason", "x")
		if w.Code != http.StatusBadRequest || code != "" && !strings.Contains(w.Body.String(), "/kind") && !strings.Contains(w.Body.String(), "/logPurpose") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body)
		}
	}
	want(t, b.ask("POST", path, "AUDITOR", good), http.StatusBadRequest, "reason-required")
	for _, role := range callers {
		w := b.askOf("POST", path, string(role), oracle[string(role)].org, good, "X-Access-Reason", "x")
		if slices.Contains([]event.Role{"AUDITOR", "IG_LEAD", "DPO"}, role) {
			want(t, w, http.StatusOK, "")
		} else {
			want(t, w, http.StatusForbidden, "role-may-not")
		}
	}
	f.err = fault.New(fault.Absent, "no-such-person", "not for you")
	want(t, b.ask("POST", path, "AUDITOR", good, "X-Access-Reason", "x"), http.StatusNotFound, "no-such-person")
	f.err = errors.New("the disk of host-17 is full")
	if w := b.ask("POST", path, "AUDITOR", good, "X-Access-Reason", "x"); w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "host-17") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	f.err = nil
	b.looks.fail()
	want(t, b.ask("POST", path, "AUDITOR", good, "X-Access-Reason", "x"), http.StatusServiceUnavailable, "access-log-unavailable")
	want(t, newBench(t).ask("POST", path, "AUDITOR", good, "X-Access-Reason", "x"), http.StatusServiceUnavailable, "not-yet-sealed")
}
