package main

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"caseledger/domain/event"
)

// TestBlackBoxCare runs journey A, serves it, and reads over REST what each
// side may know of the care of its person, and nothing more.
func TestBlackBoxCare(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--data", data, "--journal", "alpha")
	r := serveData(t, data)
	at := "/api/v1/people/" + personID("A").String()
	for name, check := range map[string]func(*testing.T, *running, string){
		"appointments": appointmentsOfA,
	} {
		t.Run(name, func(t *testing.T) { check(t, r, at) })
	}
	// Somebody of another controller is not told that the person is there.
	for label, paths := range map[string][]string{"PHC1": {"/appointments"}} {
		for _, path := range paths {
			if status := r.as(label).status(t, at+path); status != http.StatusNotFound {
				t.Errorf("%s gets %s with status %d, want 404", label, path, status)
			}
		}
	}
}

// status is what a request to read is answered with.
func (s *staff) status(t *testing.T, path string) int {
	t.Helper()
	a, err := s.try(http.MethodGet, path, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a.status
}

// readAppointment is what these tests read of an appointment.
type readAppointment struct {
	ID       event.UUID `json:"appointment"`
	Person   event.UUID `json:"person"`
	Kind     string     `json:"kind"`
	Status   string     `json:"status"`
	Attended string     `json:"attended"`
	Code     string     `json:"code"`
	From     event.When `json:"from"`
	Told     event.UUID `json:"toldBy"`
	Entry    string     `json:"entry"`
}

// appointmentsOfA: the hub sees that its clinic was missed; probation sees its
// own appointment and the one at the treatment provider, of which it was told
// under a decision.
func appointmentsOfA(t *testing.T, r *running, at string) {
	kinds := func(label string) map[string]readAppointment {
		var rows []readAppointment
		r.as(label).get(at+"/appointments", &rows)
		byKind := map[string]readAppointment{}
		for _, row := range rows {
			byKind[row.Kind] = row
		}
		if len(byKind) != len(rows) {
			t.Errorf("%s sees %d appointments of %d kinds", label, len(rows), len(byKind))
		}
		return byKind
	}
	hub := kinds("NUR1")
	if c := hub["HUB_CLINIC"]; len(hub) != 1 || c.Attended != "NO" || c.Code != "3" || c.Status != "RECORDED" || !c.Told.IsZero() || c.Entry == "" {
		t.Errorf("the hub sees %+v", hub)
	}
	office := kinds("PP1")
	if s, q := office["CO_LOCATED"], office["REQ_TREATMENT"]; len(office) != 2 || s.Attended != "YES" || s.Code != "ATTC" ||
		q.Attended != "YES" || q.Told.IsZero() || q.From.String() != "2026-02-20" {
		t.Errorf("probation sees %+v", office)
	}
	var day []readAppointment
	if r.as("NUR1").get("/api/v1/appointments?site=CAMBRIDGE&on=2026-02-13", &day); len(day) != 1 || day[0].Kind != "HUB_CLINIC" || day[0].Person != personID("A") {
		t.Errorf("the hub's day: %+v", day)
	}
	for label, path := range map[string]string{"PP1": "?on=2026-02-13", "NUR1": "?site=MIDDLESBROUGH&on=2026-02-13", "PP2": "?on=2026-02-20",
		"NUR2": "?on=" + time.Now().Format(time.DateOnly)} {
		if r.as(label).get("/api/v1/appointments"+path, &day); len(day) != 0 {
			t.Errorf("%s sees on %s: %+v", label, path, day)
		}
	}
	if status := r.as("CRT1").status(t, at+"/appointments"); status != http.StatusForbidden {
		t.Errorf("a court gets status %d, want 403", status)
	}
}
