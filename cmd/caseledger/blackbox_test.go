package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/reference"
)

// consentRow is what these tests read of a consent.
type consentRow struct {
	Consent event.UUID `json:"consent"`
	Kind    string     `json:"kind"`
	Status  string     `json:"status"`
}

func statusOf(t *testing.T, rows []consentRow, id event.UUID) string {
	t.Helper()
	for _, r := range rows {
		if r.Consent == id {
			return r.Status
		}
	}
	t.Fatalf("consent %s is not among %v", id, rows)
	return ""
}

// TestBlackBoxJourneyA runs journey A's journal, serves that data, and reads
// over REST what the domain reference section 12.4 expects of the consent cA2.
// Then a person nobody knew is taken through the whole of it over REST, each
// step read back at once.
func TestBlackBoxJourneyA(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--data", data, "--journal", "alpha")
	r := serveData(t, data)
	a, moment := personID("A").String(), "2026-02-23T12:00:00Z"
	cA2 := event.Context{Person: personID("A"), Command: event.DeriveUUID("journal-command", []byte("A5"))}.NewID("consent")

	nurse := r.as("NUR1")
	for _, c := range []struct{ name, query, want string }{
		{"as known", "true_on=" + moment + "&known_on=" + moment, "ACTIVE"},
		{"in hindsight", "true_on=" + moment, "WITHDRAWN"},
		{"once it was recorded", "true_on=" + moment + "&known_on=2026-02-23T16:00:01Z", "WITHDRAWN"},
		{"before she said so", "true_on=2026-02-23T09:00:00Z", "ACTIVE"},
		{"now", "", "WITHDRAWN"},
	} {
		var rows []consentRow
		nurse.get("/api/v1/people/"+a+"/consents?"+c.query, &rows)
		if got := statusOf(t, rows, cA2); got != c.want {
			t.Errorf("cA2 %s is %s, want %s", c.name, got, c.want)
		}
	}
	newPerson(t, r)
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d, want 0:\n%s", code, r.errs)
	}
}

// newPerson takes a person through registration, identifier, notice, consent,
// screening, referral, decision and disclosure.
func newPerson(t *testing.T, r *running) event.UUID {
	t.Helper()
	pp, nurse := r.as("PP1"), r.as("NUR1")
	who := pp.registers(body{"name": body{"given": "TEST", "family": "YANKEE"}, "dateOfBirth": "1990-01-02", "sex": "F", "site": "CAMBRIDGE", "region": "N56"})
	at := "/api/v1/people/" + who.String()
	var person struct {
		FamilyName  string `json:"familyName"`
		Identifiers []struct {
			Type  string `json:"type"`
			Value string `json:"value"`
		} `json:"identifiers"`
	}
	if pp.get(at, &person); person.FamilyName != "YANKEE" {
		t.Errorf("the person just registered is read back as %+v", person)
	}
	if a, err := nurse.try(http.MethodGet, at, nil, nil); err != nil || a.status != http.StatusNotFound {
		t.Errorf("a nurse who was told nothing gets status %d, want 404 (%v)", a.status, err)
	}
	org := func(code string) string {
		o, _ := theRegister.ByCode(reference.OrganisationCode(code))
		return o.ID.String()
	}
	until := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	pact := agree(t, r, org("PROB-N56"), org("HUB-CAM"), until)
	told := pp.does(who, "decide-disclosure", "decision", body{"fromOrg": org("PROB-N56"), "toOrg": org("HUB-CAM"), "toRole": "HUB_NURSE",
		"direction": body{"from": "PROBATION", "to": "NHS"}, "purpose": "DIRECT_CARE", "categories": []string{"ID.DEMOG"}, "detailLevel": "SUMMARY",
		"rule": "R06", "ruleVersion": 1, "art6": "P3X", "gateway": "G-HMPPSFUNC", "necessityNote": "The hub must know who is coming.", "dsa": pact, "dsaVersion": 1,
		"personInformed": "YES", "validUntil": until})
	pp.does(who, "make-disclosure", "disclosure", body{"decision": told, "method": "SYSTEM"})

	waitFor(t, func() bool {
		a, err := nurse.try(http.MethodGet, at, nil, nil)
		return err == nil && a.status == http.StatusOK
	})
	if nurse.get(at, &person); person.FamilyName != "YANKEE" {
		t.Errorf("the hub was told of %+v", person)
	}

	nurse.does(who, "link-identifier", "link", body{"type": "NHS_NUMBER", "value": "999 012 3454", "source": "TRACE", "status": "01"})
	person.Identifiers = nil
	if nurse.get(at, &person); len(person.Identifiers) != 1 || person.Identifiers[0].Value != "9990123454" {
		t.Errorf("the number just linked is read back as %+v", person.Identifiers)
	}
	nurse.does(who, "give-privacy-notice", "", body{"notice": "v1", "format": "STANDARD"})
	nurse.does(who, "grant-consent", "consent", body{"kind": "SCREENING", "form": "EXPLICIT_ORAL"})
	granted := nurse.does(who, "grant-consent", "consent", body{"kind": "DISCLOSURE", "form": "EXPLICIT_WRITTEN", "scope": body{"from": "NHS",
		"recipients": []body{{"side": "PROBATION", "org": org("PROB-N56")}}, "purposes": []string{"REHAB_SUPPORT"}, "categories": []string{"H.REFERRAL"}}})
	var consents []consentRow
	if nurse.get(at+"/consents", &consents); statusOf(t, consents, granted) != "ACTIVE" {
		t.Errorf("the consent just given is read back as %v", consents)
	}
	nurse.does(who, "complete-screening", "screening", body{"instrument": "PHQ-9", "items": []int{1, 1, 1, 1, 1, 1, 1, 1, 0}, "total": 8})
	var entries []struct {
		Type    string `json:"type"`
		Details struct {
			Total int `json:"total"`
		} `json:"details"`
	}
	if nurse.get(at+"/timeline?type=screening.completed", &entries); len(entries) != 1 || entries[0].Details.Total != 8 {
		t.Errorf("the screening just completed is read back as %+v", entries)
	}
	decided := nurse.does(who, "decide-disclosure", "decision", body{"fromOrg": org("HUB-CAM"), "toOrg": org("GP1"), "toRole": "GP",
		"direction": body{"from": "NHS", "to": "NHS"}, "purpose": "DIRECT_CARE", "categories": []string{"ID.DEMOG", "ID.NHSNO", "H.REFERRAL"},
		"detailLevel": "SUMMARY", "rule": "R01", "ruleVersion": 1, "art6": "A6E", "art9": "A9H", "sch1": "p2", "confidenceBasis": "C-IMP", "gateway": "G-251B",
		"necessityNote": "The practice is to register the person.", "personInformed": "YES", "validUntil": until})
	sent := nurse.does(who, "send-referral", "referral", body{"destination": "GP_REGISTRATION", "priority": "ROUTINE", "toOrg": org("GP1"), "decision": decided})
	var referrals []struct {
		Referral event.UUID `json:"referral"`
		Status   string     `json:"status"`
	}
	if nurse.get(at+"/referrals", &referrals); len(referrals) != 1 || referrals[0].Referral != sent || referrals[0].Status != "SENT" {
		t.Errorf("the referral just sent is read back as %+v", referrals)
	}
	made := nurse.does(who, "make-disclosure", "disclosure", body{"decision": decided, "method": "SYSTEM"})
	var register []struct {
		Decision   event.UUID `json:"decision"`
		Disclosure event.UUID `json:"disclosure"`
		Status     string     `json:"status"`
		Rule       string     `json:"rule"`
	}
	nurse.get(at+"/disclosures", &register)
	found := false
	for _, d := range register {
		found = found || d.Decision == decided && d.Disclosure == made && d.Status == "MADE" && d.Rule == "R01"
	}
	if !found {
		t.Errorf("the disclosure just made is not in the register: %+v", register)
	}
	return who
}

// TestBlackBoxDemo runs the demo and the three lines it prints, as they are
// printed.
func TestBlackBoxDemo(t *testing.T) {
	t.Parallel()
	r := start(t, "demo", "--people", "15", "--addr", "127.0.0.1:0")
	r.line("Stop with")
	out := r.out.String()
	if !strings.Contains(out, "Serving http://127.0.0.1:") {
		t.Fatalf("the demo does not print its address:\n%s", out)
	}
	for _, m := range personas() {
		if !strings.Contains(out, m.label+"  "+string(m.role)) {
			t.Errorf("the demo gives no token for %s", m.role)
		}
	}
	if got := strings.Count(out, "\neyJ"); got != len(personas()) {
		t.Errorf("the demo prints %d tokens for %d personas", got, len(personas()))
	}
	var tries []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "curl ") {
			tries = append(tries, strings.TrimSpace(line))
		}
	}
	if len(tries) != 3 {
		t.Fatalf("the demo prints %d lines to try, want 3", len(tries))
	}
	for i, want := range []string{`"familyName":"ALPHA"`, `"status":"ACTIVE"`, `"familyName":"ALPHA"`} {
		answer := runLine(t, tries[i])
		var whole struct {
			Data []map[string]any `json:"data"`
		}
		if err := json.Unmarshal([]byte(answer), &whole); err != nil || len(whole.Data) == 0 {
			t.Errorf("line %d answers %q (%v)", i+1, answer, err)
		}
		if !strings.Contains(answer, want) {
			t.Errorf("line %d answers without %s:\n%s", i+1, want, answer)
		}
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the demo stopped with %d, want 0:\n%s", code, r.errs)
	}
}

// runLine runs a printed line in a shell, with curl where there is one and
// with this test's own reading of the line where there is none.
func runLine(t *testing.T, line string) string {
	t.Helper()
	if _, err := exec.LookPath("curl"); err == nil {
		out, err := exec.Command("sh", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		return string(out)
	}
	var words []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	method, says := http.MethodGet, ""
	q, err := http.NewRequest(method, words[len(words)-1], nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range words[:len(words)-1] {
		if name, value, ok := strings.Cut(w, ": "); ok && !strings.HasPrefix(w, "{") {
			q.Header.Set(name, value)
			continue
		}
		method, says = http.MethodPost, w
	}
	if says != "" {
		header := q.Header
		if q, err = http.NewRequest(method, words[len(words)-1], strings.NewReader(says)); err != nil {
			t.Fatal(err)
		}
		q.Header = header
	}
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Body.Close() }()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, answer, _ := strings.Cut(b.String(), "\r\n\r\n")
	return answer
}

// TestBlackBoxRetry repeats a command with the same key, and uses the key for
// another one.
func TestBlackBoxRetry(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--data", data, "--people", "1")
	r := serveData(t, data)
	pp, key := r.as("PP1"), newKey().String()
	says := body{"name": body{"family": "XRAY"}, "dateOfBirth": "1980-05-06", "sex": "M", "region": "N56"}
	send := func(says any) reply {
		a, err := pp.try(http.MethodPost, "/api/v1/people/commands/register-person", map[string]string{"Idempotency-Key": key}, says)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first, again := send(says), send(says)
	if first.status != http.StatusCreated || again.status != http.StatusCreated || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same command twice: %d, then %d replayed %q", first.status, again.status, again.header.Get("Idempotent-Replayed"))
	}
	says["sex"] = "F"
	if other := send(says); other.status != http.StatusUnprocessableEntity {
		t.Errorf("the key for another command: status %d, want 422", other.status)
	}
	if _, err := os.Stat(filepath.Join(data, "SYNTHETIC")); err != nil {
		t.Errorf("a simulated data folder is not marked: %v", err)
	}
}

// agree has probation and a hub sign that somebody is referred in, from today
// until a day, and returns the agreement.
func agree(t *testing.T, r *running, probation, hub, until string) string {
	t.Helper()
	gives := func(who *staff, path string, says body) string {
		headers := map[string]string{"Idempotency-Key": newKey().String()}
		if at, _, given := strings.Cut(path, "/commands/sign"); given {
			headers["If-Match"] = who.get(at, nil).header.Get("ETag")
		}
		a, err := who.try(http.MethodPost, path, headers, says)
		if err != nil {
			t.Fatal(err)
		}
		if a.status != http.StatusCreated {
			t.Fatalf("%s: %s: status %d\n%s", who.label, path, a.status, a.body)
		}
		who.consistency = a.consistency(t)
		var data struct {
			Stream string `json:"stream"`
		}
		a.into(t, &data)
		return strings.TrimPrefix(data.Stream, "agreement-")
	}
	lead, other := r.as("IGL2"), r.as("IGL1")
	id := gives(lead, "/api/v1/agreements/commands/draft-agreement", body{"label": "DSA-T", "title": "Referring in",
		"parties":  []body{{"org": probation, "side": "PROBATION", "controllerRole": "SOLE"}, {"org": hub, "side": "NHS", "controllerRole": "SOLE"}},
		"purposes": []string{"DIRECT_CARE"}, "flows": []body{{"from": "PROBATION", "to": "NHS", "categories": []string{"ID.*", "J.SUPERVISION"}}},
		"onward": false, "from": time.Now().AddDate(0, 0, -1).Format(time.DateOnly), "to": until})
	sign := "/api/v1/agreements/" + id + "/commands/sign-agreement"
	gives(lead, sign, body{"version": 1, "org": probation, "role": "IAO"})
	other.consistency = lead.consistency
	gives(other, sign, body{"version": 1, "org": hub, "role": "SIRO"})
	return id
}
