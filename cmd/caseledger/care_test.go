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
		"appointments": appointmentsOfA, "screenings": screeningsOfA, "access log": looksAtA, "requirements": requirementsOfA, "hub metrics": metricsOfHubs, "matrix": matrixOfA,
	} {
		t.Run(name, func(t *testing.T) { check(t, r, at) })
	}
	// Somebody of another controller is not told that the person is there.
	for label, paths := range map[string][]string{"PHC1": {"/appointments", "/screenings", "/requirements", "/lawfulness-matrix?recipient=PROB-N56"}} {
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

type readScreening struct {
	Instrument string     `json:"instrument"`
	Status     string     `json:"status"`
	Band       string     `json:"band"`
	Table      string     `json:"bandTableVersion"`
	Positive   string     `json:"positive"`
	Total      *int       `json:"total"`
	Told       event.UUID `json:"toldBy"`
}

// screeningsOfA: the hub has its four screenings and the programme it assessed;
// probation has only what was said to it on the phone.
func screeningsOfA(t *testing.T, r *running, at string) {
	type summary struct {
		Screenings []readScreening `json:"screenings"`
		RiskFlags  []struct{}      `json:"riskFlags"`
		Programmes []struct {
			Programme string `json:"programme"`
			Eligible  string `json:"eligible"`
		} `json:"programmes"`
	}
	var hub, office summary
	r.as("NUR1").get(at+"/screenings", &hub)
	if len(hub.Screenings) != 4 || len(hub.RiskFlags) != 0 || len(hub.Programmes) != 1 || hub.Programmes[0].Programme != "CERVICAL" || hub.Programmes[0].Eligible != "ELIGIBLE" {
		t.Fatalf("the hub reads %+v", hub)
	}
	if s := hub.Screenings[0]; s.Instrument != "PHQ-9" || s.Status != "COMPLETE" || s.Band == "" || s.Table == "" || s.Positive != "YES" || s.Total == nil || *s.Total != 17 {
		t.Errorf("PHQ-9: %+v", s)
	}
	r.as("PP1").get(at+"/screenings", &office)
	for _, s := range office.Screenings {
		if s.Status != "TOLD" || s.Told.IsZero() {
			t.Errorf("probation reads a screening that it was not told of: %+v", s)
		}
	}
	if len(office.Screenings) > 1 || len(office.Programmes) > 0 {
		t.Errorf("probation reads %+v", office)
	}
	if status := r.as("HOU1").status(t, at+"/screenings"); status != http.StatusForbidden {
		t.Errorf("a housing officer gets status %d, want 403", status)
	}
}

// looksAtA: whoever governs the hub sees the looks of its staff and not those
// of probation's; and that they looked is the next thing to be seen.
func looksAtA(t *testing.T, r *running, at string) {
	type look struct {
		View  string `json:"view"`
		Class string `json:"class"`
		Use   string `json:"logPurpose"`
		By    struct {
			Actor event.UUID `json:"actor"`
			Side  event.Side `json:"side"`
		} `json:"by"`
		Purpose event.Purpose `json:"purpose"`
		Reason  string        `json:"reason"`
	}
	for _, label := range []string{"NUR1", "PP1"} {
		if _, err := r.as(label).try(http.MethodGet, at, map[string]string{"X-Access-Reason": "seen by " + label}, nil); err != nil {
			t.Fatal(err)
		}
	}
	var rows []look
	lead := r.as("IGL1")
	lead.purpose = "AUDIT"
	path := at + "/access-log?purpose=SELF_MONITORING&perPage=500"
	waitFor(t, func() bool {
		lead.get(path, &rows)
		nurse, self := false, false
		for _, l := range rows {
			nurse = nurse || l.By.Actor == actorID("NUR1") && l.Class == "READ_ONE" && l.View == "person" && l.Reason == "seen by NUR1" && l.Purpose == "DIRECT_CARE"
			self = self || l.By.Actor == actorID("IGL1") && l.Class == "LEDGER_READ" && l.Use == "SELF_MONITORING" && l.View == "access-log"
		}
		return nurse && self
	})
	for _, l := range rows {
		if l.By.Side != event.NHS {
			t.Errorf("the hub's lead sees a look of %s", l.By.Side)
		}
	}
	var auditors []look
	r.as("AUD1").get(path+"&by="+actorID("PP1").String(), &auditors)
	if len(auditors) == 0 {
		t.Error("the auditor sees no look of probation's")
	}
	for label, want := range map[string]int{"NUR1": http.StatusForbidden, "PP1": http.StatusForbidden} {
		if status := r.as(label).status(t, path); status != want {
			t.Errorf("%s gets status %d, want %d", label, status, want)
		}
	}
	if status := lead.status(t, at+"/access-log"); status != http.StatusBadRequest {
		t.Errorf("without a purpose: status %d, want 400", status)
	}
	if status := lead.status(t, "/api/v1/people/"+newKey().String()+"/access-log?purpose=AUDIT"); status != http.StatusNotFound {
		t.Errorf("of nobody: status %d, want 404", status)
	}
}

// requirementsOfA: probation has its two requirements, the warning, and that the
// treatment was attended, which it was told; the hub was told of none of it.
func requirementsOfA(t *testing.T, r *running, at string) {
	type compliance struct {
		Requirements []struct {
			Kind     string     `json:"kind"`
			Status   string     `json:"status"`
			To       string     `json:"to"`
			Provider event.UUID `json:"provider"`
		} `json:"requirements"`
		Warnings      []struct{} `json:"warnings"`
		WarningActive bool       `json:"warningActive"`
		Attendance    []struct {
			On       event.When `json:"on"`
			Attended string     `json:"attended"`
			Told     event.UUID `json:"toldBy"`
		} `json:"attendance"`
		Tests []struct{} `json:"tests"`
	}
	var office, hub compliance
	r.as("PP1").get(at+"/requirements", &office)
	trust, _ := theRegister.ByCode("TRUST")
	live := time.Now().Before(event.MustDay("2027-01-26").End())
	if len(office.Requirements) != 2 || len(office.Warnings) != 1 || len(office.Attendance) != 1 || len(office.Tests) != 0 {
		t.Fatalf("probation reads %+v", office)
	}
	if q := office.Requirements[0]; q.Kind != "MHTR" || q.Provider != trust.ID || q.To != "2027-01-26" || (q.Status == "LIVE") != live {
		t.Errorf("the mental health treatment requirement: %+v", q)
	}
	if a := office.Attendance[0]; a.On.String() != "2026-02-20" || a.Attended != "YES" || a.Told.IsZero() {
		t.Errorf("attendance: %+v", a)
	}
	if until := event.MustDay("2027-02-16").Start().Add(10 * time.Hour); office.WarningActive != time.Now().Before(until) {
		t.Errorf("the warning counts: %t", office.WarningActive)
	}
	if r.as("NUR1").get(at+"/requirements", &hub); len(hub.Requirements)+len(hub.Warnings)+len(hub.Attendance) != 0 || hub.WarningActive {
		t.Errorf("the hub reads %+v", hub)
	}
	if status := r.as("HOU1").status(t, at+"/requirements"); status != http.StatusForbidden {
		t.Errorf("a housing officer gets status %d, want 403", status)
	}
}

// metricsOfHubs: of one person no count is published, wherever the threshold
// keeps it back; a server that is told of another threshold publishes by that.
func metricsOfHubs(t *testing.T, r *running, _ string) {
	type figures struct {
		Threshold int `json:"threshold"`
		Weeks     []struct {
			Week     string `json:"week"`
			Measures []struct {
				Measure string `json:"measure"`
				Sites   []struct {
					Site       string `json:"site"`
					Count      *int   `json:"count"`
					Suppressed bool   `json:"suppressed"`
				} `json:"sites"`
			} `json:"measures"`
		} `json:"weeks"`
	}
	var of figures
	r.as("IGL1").get("/api/v1/hubs/metrics?until=2026-02-04&weeks=2", &of)
	if of.Threshold != 10 || len(of.Weeks) != 2 || of.Weeks[1].Week != "2026-02-02" || len(of.Weeks[1].Measures) != 9 {
		t.Fatalf("the hubs' figures: %+v", of)
	}
	for _, m := range of.Weeks[1].Measures {
		if len(m.Sites) != 4 {
			t.Errorf("%s is counted at %d sites, want 4", m.Measure, len(m.Sites))
		}
		for _, s := range m.Sites {
			if !s.Suppressed || s.Count != nil {
				t.Errorf("%s at %s is published", m.Measure, s.Site)
			}
		}
	}
	if status := r.as("CRT1").status(t, "/api/v1/hubs/metrics"); status != http.StatusForbidden {
		t.Errorf("a court gets status %d, want 403", status)
	}
}

// TestBlackBoxTheThresholdOfSmallNumbersIsASetting serves one person with a threshold of
// none.
func TestBlackBoxTheThresholdOfSmallNumbersIsASetting(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--data", data, "--journal", "alpha")
	r := serveData(t, data, "--small-numbers", "0")
	type counted struct {
		Weeks []struct {
			Measures []struct {
				Measure string `json:"measure"`
				Total   struct {
					Count *int `json:"count"`
				} `json:"total"`
				Sites []struct {
					Site  string `json:"site"`
					Count *int   `json:"count"`
				} `json:"sites"`
			} `json:"measures"`
		} `json:"weeks"`
	}
	for label, measures := range map[string]map[string]int{
		"NUR1": {"SCREENED": 1, "CONSENT_GIVEN": 2, "CONSENT_ASKED": 3, "MISSED_HUB_CLINIC": 0},
		"AUD1": {"SCREENED": 1},
		"PP1":  {"REGISTERED": 1, "SCREENED": 0},
	} {
		var of counted
		r.as(label).get("/api/v1/hubs/metrics?until=2026-02-08&weeks=1", &of)
		for _, m := range of.Weeks[0].Measures {
			if want, asked := measures[m.Measure]; asked && (m.Sites[0].Site != "CAMBRIDGE" || *m.Sites[0].Count != want || *m.Total.Count != want) {
				t.Errorf("%s: %s at %s is %d, want %d", label, m.Measure, m.Sites[0].Site, *m.Sites[0].Count, want)
			}
		}
	}
	if f := command(t, "serve", "--data", data, "--addr", "127.0.0.1:0", "--small-numbers", "1"); f.code != 2 {
		t.Errorf("a threshold of 1 ends with %d, want 2", f.code)
	}
}

// matrixOfA: the consent to tell probation was taken back, the score was
// refused, and no score may ever be told to manage a requirement.
func matrixOfA(t *testing.T, r *running, at string) {
	var cells []struct {
		Purpose  string     `json:"purpose"`
		Category string     `json:"category"`
		Answer   string     `json:"answer"`
		Why      string     `json:"why"`
		Events   []event.ID `json:"events"`
	}
	r.as("NUR1").get(at+"/lawfulness-matrix?recipient=PROB-N56", &cells)
	answers := map[string]string{}
	for _, c := range cells {
		answers[c.Purpose+" "+c.Category] = c.Answer
		if c.Why == "" || (c.Answer == "WITHDRAWN" || c.Answer == "REFUSED") && len(c.Events) == 0 {
			t.Errorf("a cell without its reason: %+v", c)
		}
	}
	for cell, want := range map[string]string{"REHAB_SUPPORT H.ATTENDANCE": "WITHDRAWN", "REHAB_SUPPORT H.REFERRAL": "WITHDRAWN",
		"REQ_MGMT H.SCREEN_SCORE": "NEVER"} {
		if answers[cell] != want {
			t.Errorf("%s: %q, want %s", cell, answers[cell], want)
		}
	}
	if status := r.as("CRT1").status(t, at+"/lawfulness-matrix?recipient=PROB-N56"); status != http.StatusForbidden {
		t.Errorf("a court gets status %d, want 403", status)
	}
}
