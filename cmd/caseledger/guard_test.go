package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"caseledger/domain/event"
)

// sees is the status with which somebody gets a person.
func (s *staff) sees(who event.UUID) int {
	s.r.t.Helper()
	a, err := s.try(http.MethodGet, "/api/v1/people/"+who.String(), nil, nil)
	if err != nil {
		s.r.t.Fatal(err)
	}
	return a.status
}

// inCaseload reports whether somebody's caseload names a person.
func (s *staff) inCaseload(who event.UUID) bool {
	s.r.t.Helper()
	var rows []struct {
		Person event.UUID `json:"person"`
	}
	s.get("/api/v1/caseload?perPage=500", &rows)
	for _, row := range rows {
		if row.Person == who {
			return true
		}
	}
	return false
}

// TestBlackBoxLimitedAccess checks that a restriction holds for every way to
// find a person, from the moment it is acknowledged and over restarts and
// kills, for everybody it does not list, and that lifting it ends it.
func TestBlackBoxLimitedAccess(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "bravo")
	b := personID("B")
	check := func(r *running, when string) {
		t.Helper()
		for label, may := range map[string]bool{"NUR2": true, "CG1": true, "PP2": true, "NUR1": false, "CLI1": false, "PP1": false, "SPO2": false} {
			want := http.StatusNotFound
			if may {
				want = http.StatusOK
			}
			who := r.as(label)
			if got := who.sees(b); got != want {
				t.Errorf("%s, %s gets status %d, want %d", when, label, got, want)
			}
			if label != "CG1" && who.inCaseload(b) != may {
				t.Errorf("%s, %s has the person in the caseload: %t, want %t", when, label, !may, may)
			}
			a, err := who.try(http.MethodPost, "/api/v1/people/search", nil, body{"identifier": body{"type": "NHS_NUMBER", "value": "9990002010"}})
			if err != nil || a.status != http.StatusOK {
				t.Fatalf("%s, %s searches: status %d, %v", when, label, a.status, err)
			}
			var found []any
			if a.into(t, &found); (len(found) == 1) != may {
				t.Errorf("%s, %s finds %d by number, and may: %t", when, label, len(found), may)
			}
		}
	}
	r := serveData(t, data)
	check(r, "as loaded")
	if code := r.stop(); code != 0 {
		t.Fatalf("the server stopped with %d:\n%s", code, r.errs)
	}
	if _, err := os.Stat(filepath.Join(data, viewsFolder, notedFile)); err != nil {
		t.Errorf("nothing is noted for the next start: %v", err)
	}
	r = serveData(t, data)
	check(r, "after a restart")

	spo := r.as("SPO2")
	pp := r.as("PP1")
	other := pp.registers(body{"name": body{"family": "OSCAR"}, "dateOfBirth": "1970-01-02", "sex": "M", "region": "N56"})
	spo.consistency = pp.consistency
	if got := spo.sees(other); got != http.StatusOK {
		t.Fatalf("a colleague gets status %d before there is a restriction", got)
	}
	spo.does(other, "set-access-restriction", "restriction", body{"mode": "EXCLUDED", "users": []event.UUID{actorID("PP1")}, "reason": "Related."})
	if got := pp.sees(other); got != http.StatusNotFound {
		t.Errorf("right after being excluded, the practitioner gets status %d", got)
	}
	r.kill()
	r = serveData(t, data)
	check(r, "after a kill")
	if got := r.as("PP1").sees(other); got != http.StatusNotFound {
		t.Errorf("after a kill, the excluded practitioner gets status %d", got)
	}
	if got := r.as("PP2").sees(other); got != http.StatusOK {
		t.Errorf("a colleague who is not excluded gets status %d", got)
	}

	// Break-glass lets its invoker in, and nobody else, until it is ended. Who
	// cannot read the record cannot have its ETag either.
	nurse := r.as("NUR1")
	key := newKey()
	a, err := nurse.try(http.MethodPost, "/api/v1/people/"+b.String()+"/commands/invoke-break-glass", map[string]string{"Idempotency-Key": key.String()},
		body{"reasonCode": "RISK_TO_LIFE", "reason": "Found unconscious, an invented emergency."})
	if err != nil {
		t.Fatal(err)
	}
	nurse.recorded(a, "invoke-break-glass")
	if got := nurse.sees(b); got != http.StatusOK || !nurse.inCaseload(b) {
		t.Errorf("having broken the glass, the nurse gets status %d", got)
	}
	if got := r.as("CLI1").sees(b); got != http.StatusNotFound {
		t.Errorf("a colleague of whoever broke the glass gets status %d", got)
	}
	nurse.does(b, "end-break-glass", "", body{"breakGlass": event.Context{Person: b, Command: key}.NewID("break-glass")})
	if got := nurse.sees(b); got != http.StatusNotFound {
		t.Errorf("having ended it, the nurse gets status %d", got)
	}
}
