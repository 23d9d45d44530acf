package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// findingRow is what these tests read of a finding.
type findingRow struct {
	Finding   event.UUID `json:"finding"`
	Monitor   string     `json:"monitor"`
	Severity  string     `json:"severity"`
	Status    string     `json:"status"`
	Person    event.UUID `json:"person"`
	Side      string     `json:"side"`
	At        string     `json:"at"`
	AsKnown   bool       `json:"asKnown"`
	Hindsight bool       `json:"hindsight"`
	Entry     string     `json:"entry"`
	Steps     []struct {
		Status string     `json:"status"`
		By     event.UUID `json:"by"`
	} `json:"steps"`
	Entries []struct {
		Type string `json:"type"`
		Item bool   `json:"item"`
	} `json:"entries"`
}

// refused checks that something is not to be had.
func (s *staff) refused(path string, status int) {
	s.r.t.Helper()
	a, err := s.try(http.MethodGet, path, nil, nil)
	if err != nil || a.status != status {
		s.r.t.Errorf("%s: GET %s: status %d, want %d (%v)", s.label, path, a.status, status, err)
	}
}

// TestBlackBoxRegisters serves the three journeys and reads what information
// governance has of them, as those who may, and as those who may not.
func TestBlackBoxRegisters(t *testing.T) {
	t.Parallel()
	data, path := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "together.jsonl")
	if err := os.WriteFile(path, together(t), 0o600); err != nil {
		t.Fatal(err)
	}
	mustCommand(t, "simulate", "--quiet", "--data", data, "--journal", path)
	r := serveData(t, data)
	findingsBoard(t, r)
	disclosureVerdicts(t, r)
	agreementRegister(t, r)
	rightsAndRetention(t, r)
	reviewQueue(t, r)
	governanceRegisters(t, r)
}

// together is the three journeys as one journal, and then what keeps a record
// and holds it.
func together(t *testing.T) []byte {
	t.Helper()
	type line struct {
		clock time.Time
		text  string
	}
	var lines []line
	add := func(text string) {
		var l struct {
			Clock time.Time `json:"clock"`
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line{l.Clock, text})
	}
	for i, name := range []string{"alpha", "bravo", "charlie"} {
		text := journeyText(t, name)
		if i > 0 {
			base, err := io.ReadAll(journeyBaseline())
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.TrimPrefix(text, base)
		}
		for l := range strings.Lines(string(text)) {
			add(strings.TrimSpace(l))
		}
	}
	add(`{"ref":"X1","clock":"2026-06-01T09:00:00Z","command":"set-retention-period","person":"A","actor":"IGL1","purpose":"AUDIT","body":{"class":"ADULT_HEALTH","from":"2010-01-04"}}`)
	add(`{"ref":"X2","clock":"2026-06-01T09:01:00Z","command":"place-legal-hold","person":"A","actor":"IGL1","purpose":"AUDIT","body":{"reason":"An inquiry asked for it."}}`)
	add(`{"ref":"X3","clock":"2026-06-01T09:02:00Z","command":"set-retention-period","person":"C","actor":"IGL1","purpose":"AUDIT","body":{"class":"ADULT_HEALTH","from":"2010-01-04"}}`)
	slices.SortStableFunc(lines, func(a, b line) int { return a.clock.Compare(b.clock) })
	var out bytes.Buffer
	for _, l := range lines {
		out.WriteString(l.text + "\n")
	}
	return out.Bytes()
}

// agreementRegister reads the agreements as a party to them, and as nobody to
// most of them.
func agreementRegister(t *testing.T, r *running) {
	t.Helper()
	type row struct {
		Agreement event.UUID `json:"agreement"`
		Label     string     `json:"label"`
		Status    string     `json:"status"`
		Version   int        `json:"version"`
		Used      int        `json:"usedBy"`
		Parties   []struct{} `json:"parties"`
		Signed    []struct{} `json:"signed"`
		Versions  []struct{} `json:"versions"`
	}
	auditor, lead, other := r.as("AUD1"), r.as("IGL1"), r.as("IGL2")
	labels := func(rows []row) (all []string) {
		for _, a := range rows {
			all = append(all, a.Label)
		}
		return all
	}
	var rows []row
	if auditor.get("/api/v1/agreements", &rows); !slices.Equal(labels(rows), []string{"DSA-1", "DSA-2", "DSA-3", "DSA-4"}) {
		t.Errorf("an auditor reads %v", labels(rows))
	}
	if other.get("/api/v1/agreements", &rows); !slices.Equal(labels(rows), []string{"DSA-1", "DSA-2"}) {
		t.Errorf("probation's lead reads %v", labels(rows))
	}
	lead.get("/api/v1/agreements?true_on=2026-02-10", &rows)
	i := slices.IndexFunc(rows, func(a row) bool { return a.Label == "DSA-1" })
	if i < 0 || !slices.Equal(labels(rows), []string{"DSA-1", "DSA-3", "DSA-4"}) {
		t.Fatalf("the hubs' lead reads %v", labels(rows))
	}
	one := rows[i]
	if one.Status != "IN_FORCE" || one.Version != 1 || one.Used == 0 || len(one.Parties) < 6 || len(one.Signed) != len(one.Parties) {
		t.Errorf("%+v", one)
	}
	if auditor.get("/api/v1/agreements?true_on=2026-02-10&expiring=30", &rows); !slices.Equal(labels(rows), []string{"DSA-2"}) {
		t.Errorf("ending within 30 days of 10 February: %v", labels(rows))
	}
	if auditor.get("/api/v1/agreements?true_on=2026-02-10&status=DRAFT", &rows); !slices.Equal(labels(rows), []string{"DSA-4"}) {
		t.Errorf("not yet in force: %v", labels(rows))
	}
	if auditor.get("/api/v1/agreements?perPage=3&page=2", &rows); !slices.Equal(labels(rows), []string{"DSA-4"}) {
		t.Errorf("the second page of three: %v", labels(rows))
	}
	path := "/api/v1/agreements/" + one.Agreement.String()
	var shown row
	if a := lead.get(path+"?true_on=2026-02-10", &shown); shown.Status != "IN_FORCE" || len(shown.Versions) != 1 || shown.Used != one.Used || a.header.Get("ETag") == "" {
		t.Errorf("%+v", shown)
	}
	lead.refused("/api/v1/agreements/"+agreementID("DSA-2").String(), http.StatusNotFound)
	r.as("NUR1").refused(path, http.StatusForbidden)
	var used []struct{}
	if lead.get("/api/v1/disclosures?perPage=500&agreement="+one.Agreement.String(), &used); len(used) != one.Used {
		t.Errorf("%d rows of the register rest on it, and it says %d", len(used), one.Used)
	}
}

// rightsAndRetention reads what people asked for, and what is kept how long.
func rightsAndRetention(t *testing.T, r *running) {
	t.Helper()
	auditor, lead, other := r.as("AUD1"), r.as("IGL1"), r.as("IGL2")
	var asked []struct {
		Person event.UUID `json:"person"`
		Kind   string     `json:"kind"`
		Status string     `json:"status"`
		Due    string     `json:"due"`
		Late   bool       `json:"late"`
	}
	lead.get("/api/v1/rights-requests", &asked)
	if len(asked) != 2 || asked[0].Person != personID("A") || asked[0].Kind != "ACCESS" || asked[0].Status != "ANSWERED" || asked[0].Due != "2026-04-02" || !asked[0].Late ||
		asked[1].Person != personID("C") || asked[1].Kind != "ERASURE" || asked[1].Late {
		t.Errorf("asked for: %+v", asked)
	}
	for query, want := range map[string]int{"status=ANSWERED": 2, "status=OVERDUE": 0, "status=OPEN": 0, "status=PAUSED": 0, "kind=ERASURE": 1, "person=" + personID("A").String(): 1} {
		if auditor.get("/api/v1/rights-requests?"+query, &asked); len(asked) != want {
			t.Errorf("%s: %d requests, want %d", query, len(asked), want)
		}
	}
	if other.get("/api/v1/rights-requests", &asked); len(asked) != 0 {
		t.Errorf("probation's lead reads %+v", asked)
	}
	r.as("PP1").refused("/api/v1/rights-requests", http.StatusForbidden)

	type kept struct {
		Kind   string     `json:"kind"`
		Person event.UUID `json:"person"`
		Class  string     `json:"class"`
		Due    bool       `json:"due"`
		Held   bool       `json:"held"`
	}
	var rows []kept
	lead.get("/api/v1/retention", &rows)
	if len(rows) != 2 || !slices.Contains(rows, kept{"PERIOD", personID("A"), "ADULT_HEALTH", false, true}) || !slices.Contains(rows, kept{"PERIOD", personID("C"), "ADULT_HEALTH", true, false}) {
		t.Errorf("periods: %+v", rows)
	}
	if lead.get("/api/v1/retention?kind=HOLD", &rows); len(rows) != 1 || !rows[0].Held || rows[0].Person != personID("A") {
		t.Errorf("holds: %+v", rows)
	}
	for query, want := range map[string]int{"dueBy=2026-06-01": 2, "dueBy=2010-01-04": 0, "class=PROBATION_CASE": 0, "person=" + personID("C").String(): 1} {
		if auditor.get("/api/v1/retention?"+query, &rows); len(rows) != want {
			t.Errorf("%s: %d periods, want %d", query, len(rows), want)
		}
	}
	if other.get("/api/v1/retention", &rows); len(rows) != 0 {
		t.Errorf("probation's lead reads %+v", rows)
	}
	r.as("NUR1").refused("/api/v1/retention", http.StatusForbidden)
}

// reviewQueue reads the one use of break-glass, which was reviewed late.
func reviewQueue(t *testing.T, r *running) {
	t.Helper()
	lead, other := r.as("IGL1"), r.as("IGL2")
	var queue []struct {
		Review    event.UUID `json:"review"`
		Reference string     `json:"reference"`
		Status    string     `json:"status"`
		Verdict   string     `json:"verdict"`
		Due       string     `json:"due"`
	}
	for query, want := range map[string]int{"": 0, "?status=WAITING": 0, "?status=OVERDUE": 0, "?status=REVIEWED,WAITING": 1, "?status=REVIEWED,OVERDUE": 1, "?status=REVIEWED": 1} {
		a := lead.get("/api/v1/reviews"+query, &queue)
		if len(queue) != want {
			t.Errorf("%q: %d reviews, want %d", query, len(queue), want)
		}
		if strings.Contains(string(a.body), personID("B").String()) {
			t.Errorf("the queue says whose record it was: %s", a.body)
		}
	}
	lead.get("/api/v1/reviews?status=REVIEWED", &queue)
	one := queue[0]
	if one.Status != "REVIEWED" || one.Verdict != "APPROPRIATE" || one.Due != "2026-03-12T22:10:00Z" || one.Reference == "" {
		t.Errorf("%+v", one)
	}
	var shown struct {
		Person event.UUID `json:"person"`
		By     struct {
			Actor event.UUID `json:"actor"`
		} `json:"by"`
	}
	path := "/api/v1/reviews/" + one.Review.String()
	if lead.get(path, &shown); shown.Person != personID("B") || shown.By.Actor != actorID("CLI1") {
		t.Errorf("%+v", shown)
	}
	other.refused(path, http.StatusNotFound)
	if other.get("/api/v1/reviews?status=REVIEWED", &queue); len(queue) != 0 {
		t.Errorf("probation's lead reads %+v", queue)
	}
	r.as("CLI1").refused(path, http.StatusForbidden)
}

// governanceRegisters reads the registers of the hubs and of probation.
func governanceRegisters(t *testing.T, r *running) {
	t.Helper()
	type row struct {
		Organisation event.UUID `json:"organisation"`
		Code         string     `json:"code"`
		Staff        event.UUID `json:"staff"`
		Overdue      bool       `json:"overdue"`
		Breach       *struct {
			NotifyBy string `json:"notifyBy"`
			Late     bool   `json:"notifiedLate"`
			People   int    `json:"people"`
		} `json:"breach"`
	}
	auditor, lead, other := r.as("AUD1"), r.as("IGL1"), r.as("IGL2")
	for _, register := range []string{"DPIA", "POLICY_DOCUMENT", "ROPA", "STAFF_ROLE", "TRAINING", "UNDERTAKING"} {
		path := "/api/v1/governance?perPage=500&register=" + register
		var all, mine, theirs []row
		auditor.get(path, &all)
		lead.get(path, &mine)
		other.get(path, &theirs)
		if len(mine) == 0 || len(mine)+len(theirs) > len(all) {
			t.Errorf("%s: %d entries, of which the hubs have %d and probation %d", register, len(all), len(mine), len(theirs))
		}
		for _, e := range mine {
			if o, _ := theRegister.ByID(e.Organisation); o.Controller != theRegister.Controller(memberOrg(t, "IGL1")) {
				t.Errorf("%s: the hubs' lead reads an entry of %s", register, o.Label)
			}
		}
	}
	var rows []row
	if lead.get("/api/v1/governance?register=TRAINING&staff="+actorID("NUR1").String(), &rows); len(rows) == 0 || slices.ContainsFunc(rows, func(e row) bool { return e.Staff != actorID("NUR1") || e.Code != "DATA_SECURITY" }) {
		t.Errorf("NUR1's training: %+v", rows)
	}
	ilf, _ := theRegister.ByCode("HUB-ILF")
	a := lead.get("/api/v1/governance?register=BREACH&organisation="+ilf.ID.String(), &rows)
	if len(rows) != 1 || rows[0].Overdue || rows[0].Breach == nil || rows[0].Breach.NotifyBy != "2026-03-05T10:00:00Z" || !rows[0].Breach.Late || rows[0].Breach.People != 1 {
		t.Errorf("breaches: %+v", rows)
	}
	if strings.Contains(string(a.body), personID("C").String()) || strings.Contains(string(a.body), "Scores were sent") {
		t.Errorf("the register says whom a breach is about, or in words what: %s", a.body)
	}
	// The regulator was told, though late: that is nothing to be done any more.
	if lead.get("/api/v1/governance?register=BREACH&overdue=true", &rows); len(rows) != 0 {
		t.Errorf("overdue: %+v", rows)
	}
	if auditor.get("/api/v1/governance?register=TRAINING&overdue=true&perPage=500", &rows); slices.ContainsFunc(rows, func(e row) bool { return !e.Overdue }) {
		t.Errorf("overdue: %+v", rows)
	}
	if other.get("/api/v1/governance?register=BREACH", &rows); len(rows) != 0 {
		t.Errorf("probation's lead reads %+v", rows)
	}
	r.as("NUR3").refused("/api/v1/governance?register=BREACH", http.StatusForbidden)
}

// memberOrg is the organisation of one of the cast.
func memberOrg(t *testing.T, label string) event.UUID {
	t.Helper()
	m, ok := memberNamed(label)
	if !ok {
		t.Fatalf("%s is not one of the cast", label)
	}
	return m.actor().Org
}

// disclosureVerdicts reads the register with what the monitors found of each
// row.
func disclosureVerdicts(t *testing.T, r *running) {
	t.Helper()
	type row struct {
		Decision event.UUID `json:"decision"`
		MadeAt   string     `json:"madeAt"`
		Rule     string     `json:"rule"`
		Verdict  *struct {
			AsKnown   string       `json:"asKnown"`
			Hindsight string       `json:"hindsight"`
			Findings  []findingRow `json:"findings"`
		} `json:"verdict"`
	}
	var rows []row
	auditor := r.as("AUD1")
	auditor.get("/api/v1/disclosures?perPage=500", &rows)
	late, clean := 0, 0
	for _, d := range rows {
		switch {
		case d.Verdict == nil:
			t.Errorf("an auditor reads no verdict on %s", d.Decision)
		case d.MadeAt == "2026-02-24T10:00:00Z":
			late++
			if d.Verdict.AsKnown != "UNLAWFUL" || d.Verdict.Hindsight != "UNLAWFUL" ||
				!slices.ContainsFunc(d.Verdict.Findings, func(f findingRow) bool { return f.Monitor == "L01" }) {
				t.Errorf("the disclosure after the withdrawal: %+v", d.Verdict)
			}
		case d.Verdict.AsKnown == "LAWFUL" && len(d.Verdict.Findings) == 0:
			clean++
		}
	}
	if late != 1 || clean == 0 {
		t.Errorf("%d late and %d clean among %d rows", late, clean, len(rows))
	}
	nurse := r.as("NUR1")
	if nurse.get("/api/v1/disclosures", &rows); len(rows) == 0 || slices.ContainsFunc(rows, func(d row) bool { return d.Verdict != nil }) {
		t.Errorf("a nurse reads %+v", rows)
	}
	if nurse.get("/api/v1/disclosures?rule=R03", &rows); len(rows) == 0 || slices.ContainsFunc(rows, func(d row) bool { return d.Rule != "R03" }) {
		t.Errorf("by rule R03: %+v", rows)
	}
	if nurse.get("/api/v1/disclosures?agreement="+newKey().String(), &rows); len(rows) != 0 {
		t.Errorf("by an agreement that is not there: %+v", rows)
	}
}

// findingsBoard reads the disclosure after the withdrawal, and acknowledges it
// with the ETag that was read.
func findingsBoard(t *testing.T, r *running) {
	t.Helper()
	auditor, lead, other := r.as("AUD1"), r.as("IGL1"), r.as("IGL2")
	for _, s := range []*staff{auditor, lead, other} {
		s.purpose = "AUDIT"
	}
	var all []findingRow
	auditor.get("/api/v1/findings?perPage=500", &all)
	late := slices.IndexFunc(all, func(f findingRow) bool { return f.Monitor == "L01" && f.Person == personID("A") })
	if late < 0 {
		t.Fatalf("the disclosure after the withdrawal is not among %d findings", len(all))
	}
	one := all[late]
	if one.Severity != "CRITICAL" || one.Status != "OPEN" || one.Side != "NHS" || !one.AsKnown || !one.Hindsight || one.At != "2026-02-24T10:00:00Z" {
		t.Errorf("found %+v", one)
	}
	var some []findingRow
	if auditor.get("/api/v1/findings?monitor=L01&severity=CRITICAL&status=OPEN&side=NHS&from=2026-02-24&until=2026-02-24&sort=severity&person="+personID("A").String(), &some); len(some) != 1 || some[0].Finding != one.Finding {
		t.Errorf("the same by every filter: %+v", some)
	}
	for _, none := range []string{"monitor=L02&severity=LOW", "status=WAIVED", "until=2026-02-23&monitor=L01", "from=2026-02-25&monitor=L01", "person=" + personID("nobody").String()} {
		if auditor.get("/api/v1/findings?"+none, &some); len(some) != 0 {
			t.Errorf("%s: %+v", none, some)
		}
	}

	path := "/api/v1/findings/" + one.Finding.String()
	var shown findingRow
	answer := lead.get(path, &shown)
	if len(shown.Steps) != 1 || len(shown.Entries) < 2 || !shown.Entries[0].Item || shown.Entries[0].Type != "disclosure.made" ||
		!slices.ContainsFunc(shown.Entries, func(e struct {
			Type string `json:"type"`
			Item bool   `json:"item"`
		}) bool {
			return e.Type == "consent.withdrawn"
		}) {
		t.Errorf("shown %+v", shown)
	}
	// Another controller's finding is not there, and clinicians have no board.
	other.refused(path, http.StatusNotFound)
	if other.get("/api/v1/findings?perPage=500", &some); slices.ContainsFunc(some, func(f findingRow) bool { return f.Finding == one.Finding || f.Side == "NHS" }) {
		t.Errorf("probation's lead reads %+v", some)
	}
	r.as("NUR1").refused(path, http.StatusForbidden)
	r.as("NUR1").refused("/api/v1/findings", http.StatusForbidden)

	says := body{"finding": one.Finding.String()}
	done, err := lead.try(http.MethodPost, "/api/v1/findings/"+personID("A").String()+"/commands/acknowledge-finding",
		map[string]string{"Idempotency-Key": newKey().String(), "If-Match": answer.header.Get("ETag")}, says)
	if err != nil {
		t.Fatal(err)
	}
	lead.recorded(done, "acknowledge-finding")
	if lead.get(path, &shown); shown.Status != "ACKNOWLEDGED" || len(shown.Steps) != 2 || shown.Steps[1].By == shown.Steps[0].By {
		t.Errorf("acknowledged: %+v", shown)
	}
}
