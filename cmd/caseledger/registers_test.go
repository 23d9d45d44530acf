package main

import (
	"net/http"
	"slices"
	"testing"

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

// TestBlackBoxRegisters serves journey A and reads what information governance
// has of it, as those who may, and as those who may not.
func TestBlackBoxRegisters(t *testing.T) {
	t.Parallel()
	r := serveData(t, journeyData(t, "alpha"))
	findingsBoard(t, r)
	disclosureVerdicts(t, r)
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
