package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"caseledger/domain/event"
)

// TestBlackBoxErasure erases a person's health and identity of the hub's record
// while the record is served: the server carries it out by itself, every answer
// about the person says that it is gone and none fails, nothing of it is left in the
// files, and probation's record of the same person is what it was.
func TestBlackBoxErasure(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if err := (dataDir(data)).markSynthetic(); err != nil {
		t.Fatal(err)
	}
	r := serveData(t, data, "--rewrap-every", "0s")
	nurse, officer, dpo, siro := r.as("NUR1"), r.as("PP1"), r.as("DPO1"), r.as("SIR1")
	dpo.purpose, siro.purpose = "AUDIT", "AUDIT"
	const hidden, kept = "ZQX-SERVED-HUB", "ZQX-SERVED-PROBATION"
	who := nurse.registers(body{"name": body{"given": "TEST", "family": hidden}, "dateOfBirth": "1990-01-02", "sex": "F", "site": "CAMBRIDGE", "region": "N56"})
	at := "/api/v1/people/" + who.String()
	nurse.does(who, "link-identifier", "link", body{"type": "NHS_NUMBER", "value": "999 012 3454", "source": "TRACE", "status": "01"})
	nurse.does(who, "record-communication-need", "", body{"adjustments": []string{"EASY_READ"}, "note": hidden})
	request := nurse.does(who, "receive-rights-request", "request", body{"kind": "ERASURE", "identityConfirmed": true, "wording": hidden})
	search := func(s *staff, want int) {
		t.Helper()
		a, err := s.try(http.MethodPost, "/api/v1/people/search", nil, body{"identifier": body{"type": "NHS_NUMBER", "value": "9990123454"}})
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("search: status %d, %v\n%s", a.status, err, a.body)
		}
		var found []body
		if a.into(t, &found); len(found) != want {
			t.Errorf("search finds %d, want %d: %s", len(found), want, a.body)
		}
	}
	search(nurse, 1)

	// Somebody of probation registers the same person's file of their own.
	theirs := officer.registers(body{"name": body{"given": "TEST", "family": kept}, "dateOfBirth": "1990-01-02", "sex": "F", "site": "CAMBRIDGE", "region": "N56"})

	var needles needles
	needles.putForms(hidden, []byte(hidden))
	if found := needles.in(t, data); len(found) == 0 {
		t.Fatal("the files do not hold what this test looks for")
	}
	var entries []struct {
		Event event.ID `json:"event"`
		Type  string   `json:"type"`
	}
	nurse.get(at+"/timeline", &entries)
	dpo.does(who, "respond-to-rights-request", "", body{"request": request, "outcome": "GRANTED"})

	gives := func(command string, says body, status int) string {
		t.Helper()
		var a reply
		waitFor(t, func() (done bool) {
			read := dpo.get(at, nil) // a senior risk owner decides and does not read
			var err error
			a, err = siro.try(http.MethodPost, at+"/commands/"+command, map[string]string{"Idempotency-Key": newKey().String(), "If-Match": read.header.Get("ETag")}, says)
			if err != nil {
				t.Fatal(err)
			}
			return a.status != http.StatusPreconditionFailed
		})
		if a.status != status {
			t.Fatalf("%s: status %d, want %d\n%s", command, a.status, status, a.body)
		}
		return string(a.body)
	}
	gives("erase-record", body{"request": request, "data": []string{"operational"}}, http.StatusBadRequest)
	hold := dpo.does(who, "place-legal-hold", "legal-hold", body{"reason": "An invented inquiry."})
	if said := gives("erase-record", body{"request": request, "data": []string{"health"}}, http.StatusUnprocessableEntity); !strings.Contains(said, "hold-active") || !strings.Contains(said, hold.String()) {
		t.Errorf("the refusal does not name the hold: %s", said)
	}
	gives("lift-legal-hold", body{"hold": hold, "reason": "It has reported."}, http.StatusCreated)
	gives("erase-record", body{"request": request, "data": []string{"health", "identity"}, "reason": "They asked."}, http.StatusCreated)

	var erasures []struct {
		ErasedAt string   `json:"erasedAt"`
		Disposed []string `json:"disposed"`
		Keys     int      `json:"keysDestroyed"`
		Copies   string   `json:"copiesUntil"`
	}
	waitFor(t, func() bool {
		erasures = nil
		siro.get("/api/v1/retention?kind=ERASURE&person="+who.String(), &erasures)
		return len(erasures) == 1 && erasures[0].ErasedAt != ""
	})
	if e := erasures[0]; e.Keys != 2 || !slices.Equal(e.Disposed, []string{"health", "identity"}) || e.Copies == "" {
		t.Errorf("the retention list says %+v", e)
	}
	for _, s := range []*staff{nurse, dpo, siro} {
		for _, path := range []string{at, at + "/timeline", at + "/consents", at + "/referrals", at + "/disclosures", at + "/appointments", at + "/screenings", at + "/requirements",
			at + "/access-log", at + "/lawfulness-matrix", at + "?trueOn=2026-01-01T00:00:00Z", at + "/timeline?knownOn=2026-01-01T00:00:00Z", "/api/v1/events", "/api/v1/caseload",
			"/api/v1/findings", "/api/v1/rights-requests", "/api/v1/retention"} {
			a, err := s.try(http.MethodGet, path, nil, nil)
			if err != nil || a.status >= http.StatusInternalServerError {
				t.Errorf("%s: GET %s: status %d, %v\n%s", s.label, path, a.status, err, a.body)
			}
			if strings.Contains(string(a.body), hidden) {
				t.Errorf("%s: GET %s tells what was erased", s.label, path)
			}
		}
	}
	gaps := 0
	for _, e := range entries {
		var detail struct {
			Erased []struct {
				Class    string `json:"class"`
				ErasedAt string `json:"erasedAt"`
				Under    string `json:"under"`
			} `json:"erased"`
		}
		a := nurse.get("/api/v1/events/"+e.Event.String(), &detail)
		if strings.Contains(string(a.body), hidden) {
			t.Errorf("%s tells what was erased", e.Type)
		}
		for _, g := range detail.Erased {
			gaps++
			if g.ErasedAt == "" || g.Under == "" || g.Class != "health" && g.Class != "identity" {
				t.Errorf("%s: the gap is %+v", e.Type, g)
			}
		}
	}
	if gaps < 4 {
		t.Errorf("%d gaps are shown, want those of a name, a number, a need and a request", gaps)
	}
	search(nurse, 0)
	if a := officer.get("/api/v1/people/"+theirs.String(), nil); !strings.Contains(string(a.body), kept) {
		t.Errorf("probation's record lacks its name: %s", a.body)
	}
	if found := needles.in(t, data); len(found) != 0 {
		t.Errorf("while it is served, the files hold:%s", say(found))
	}
	nurse.does(who, "record-communication-need", "", body{"adjustments": []string{"EASY_READ"}, "note": "recorded since"})

	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
	if out, errs, code := call(t, nil, "keys", "receipts", who.String(), "--json", "--data", data); code != 0 || !strings.Contains(out, `"receipt"`) || !strings.Contains(out, `"READ_MODELS"`) {
		t.Errorf("keys receipts ended with %d: %s%s", code, out, errs)
	}
	if out, _, code := call(t, nil, "replay", who.String(), "--data", data, "--quiet"); code != 0 || !strings.Contains(out, "health: erased on ") || !strings.Contains(out, "under the request to erase decided in ") {
		t.Errorf("replay ended with %d:\n%s", code, out)
	}
	if _, errs, code := call(t, nil, "project", "check", "--quiet", "--data", data); code != 0 {
		t.Errorf("project check ended with %d: %s", code, errs)
	}
}
