package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/eventstore/casepack"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/verdict"
	"caseledger/projections/boundary"
)

// packOf makes a pack and reads it.
func packOf(t *testing.T, data, who string, more ...string) (*casepack.Pack, packed, []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pack.zip")
	out := mustCommand(t, append([]string{"pack", "create", who, "--data", data, "--out", file, "--reason", "complaint 17", "--json"}, more...)...)
	var made packed
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := casepack.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	mustCommand(t, "pack", "inspect", file)
	mustVerify(t, data, b, verdict.Intact)
	return p, made, b
}

// mustVerify has the offline verifier check a pack with the public keys of the
// ledger.
func mustVerify(t *testing.T, data string, pack []byte, want verdict.Verdict) {
	t.Helper()
	keys := strings.Fields(mustCommand(t, "keys", "export-public", "--data", data))
	trust, err := offline.NewTrust(keys, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	report, err := offline.Pack(pack, trust)
	if err != nil || report.Verdict() != want {
		t.Errorf("the verifier: %v, %+v, want %s", err, report, want)
	}
}

// said is every member but the sealed entries.
func said(p *casepack.Pack) (all string) {
	for _, m := range p.Members {
		if !strings.HasPrefix(m.Name, "entries/") {
			all += string(m.Bytes)
		}
	}
	return all
}

// journeysOf is a data directory with two people in it.
func journeysOf(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--journal", "alpha", "--journal", "bravo")
	return data
}

// TestPackCreate makes packs of the journeys, as different people may.
func TestPackCreate(t *testing.T) {
	t.Parallel()
	data := journeysOf(t)
	count := func(kind string) int {
		return strings.Count(mustCommand(t, "events", "list", "--data", data, "--type", kind, "--json"), "\n")
	}
	exports, looks := count("record.replay-exported"), count("record.accessed")
	before := time.Now()
	whole, made, raw := packOf(t, data, "A", "--as", "AUD1/AUDITOR/REGULATOR1")
	t.Logf("%d bytes, %d entries, in %s", len(raw), made.Entries, time.Since(before))
	if made.Withheld != 0 || made.Opened == 0 || made.Streams != 2 {
		t.Errorf("an auditor's pack: %+v", made)
	}
	if text := said(whole); strings.Contains(text, "ALPHA") || strings.Contains(text, "BRAVO") || strings.Contains(text, personID("B").String()) {
		t.Error("an auditor's pack says who the person is, or anything of another")
	}
	hub, made, _ := packOf(t, data, "A", "--as", "DPO1/DPO/HUB-CAM", "--kind", "subject-access")
	if made.Withheld == 0 || made.Opened == 0 || made.Streams != 1 {
		t.Errorf("a subject access pack: %+v", made)
	}
	text := said(hub)
	if !strings.Contains(text, "ALPHA") || strings.Contains(text, "BRAVO") {
		t.Error("the hub's pack does not say what the hub holds, or says something of another person")
	}
	for _, m := range hub.Members {
		if !strings.HasPrefix(m.Name, "entries/") {
			continue
		}
		s, err := codec.ParseStored(m.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if meta, err := codec.Peek(s.Body); err != nil || meta.Actor.Side != "NHS" && meta.Actor.Side != "SHARED" && meta.Type != "disclosure.made" {
			t.Errorf("%s was recorded by %s and is in the hub's pack: %s, %v", m.Name, meta.Actor.Side, meta.Type, err)
		}
	}
	log, _ := hub.Member("access-log.csv")
	if bytes.Contains(log, []byte(actorID("DPO1").String())) || !bytes.Contains(log, []byte("subject-access-pack")) {
		t.Errorf("who looked: %s", log)
	}
	nobody, made, _ := packOf(t, data, "NOBODY", "--as", "AUD1/AUDITOR/REGULATOR1")
	if made.Entries != 1 || !strings.Contains(said(nobody), "Nothing is held about this person") {
		t.Errorf("a pack about nobody: %+v", made)
	}
	// It is on the record that packs were made, each before it was there.
	if n, m := count("record.replay-exported")-exports, count("record.accessed")-looks; n != 2 || m != 1 {
		t.Errorf("%d exports and %d looks were recorded, want 2 and 1", n, m)
	}
}

// A pack of a record that has witnesses is cosigned by them, or there is none.
func TestAPackIsWitnessed(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), journeyData(t, "alpha")
	file := func(name, content string) string {
		t.Helper()
		at := filepath.Join(dir, name)
		if content != "" {
			if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return at
	}
	key := strings.TrimSpace(mustCommand(t, "witness", "keygen", file("key", ""), "--name", "witness.example/probation"))
	public := mustCommand(t, "keys", "export-public", "--data", data)
	address, stop := runWitness(t, "--logs", file("logs", public), "--key", file("key", ""), "--data", file("data", ""))
	policy := "log " + public + "witness probation " + key + " http://" + address + "\nquorum probation\n"
	pack := file("pack.zip", "")
	mustCommand(t, "pack", "create", "A", "--data", data, "--out", pack, "--as", "AUD1/AUDITOR/REGULATOR1", "--reason", "x", "--witnesses", file("policy", policy))
	if errs, code := stop(); code != 0 {
		t.Errorf("the witness ended with %d: %s", code, errs)
	}
	b, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	asked, err := offline.ParsePolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := offline.NewTrust(nil, "", asked)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := offline.Pack(b, trust); err != nil || report.Verdict() != verdict.Intact {
		t.Errorf("the verifier: %v, %+v", err, report)
	}
}

// What was erased is in no pack, which says so and is intact all the same.
func TestPackOfSomebodyWhoWasErased(t *testing.T) {
	t.Parallel()
	d, who, request := asked(t)
	if _, errs, code := types(t, "", "keys", "shred", who, "--request", request, "--classes", "identity", "--actor", "SIR1", "--reason", "They asked.",
		"--yes", "--rewrap-every", "0s", "--data", d.dir); code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	file := filepath.Join(t.TempDir(), "pack.zip")
	mustCommand(t, "pack", "create", who, "--data", d.dir, "--out", file, "--kind", "subject-access", "--as", "DPO1/DPO/HUB-CAM", "--reason", "request 4")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mustVerify(t, d.dir, b, verdict.IntactErased)
	p, err := casepack.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	if text := said(p); strings.Contains(text, "CANARY") || !strings.Contains(text, "identity: unreadable, key destroyed") || !strings.Contains(text, `"identity":"erased"`) {
		t.Error("the pack does not say what was erased, or says what it was")
	}
}

func TestPackCreateRefuses(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	there := filepath.Join(t.TempDir(), "there.zip")
	if err := os.WriteFile(there, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := filepath.Join(t.TempDir(), "free.zip")
	good := []string{"--as", "AUD1/AUDITOR/REGULATOR1", "--reason", "x"}
	for name, c := range map[string]struct {
		args []string
		code exit
	}{
		"no reason":              {[]string{"--out", free, "--as", good[1]}, exitUsage},
		"nobody asks":            {[]string{"--out", free, "--reason", "x"}, exitUsage},
		"a nurse asks":           {[]string{"--out", free, "--reason", "x", "--as", "NUR1/HUB_NURSE/HUB-CAM"}, exitUsage},
		"an auditor for them":    {append([]string{"--out", free, "--kind", "subject-access"}, good...), exitUsage},
		"another kind":           {append([]string{"--out", free, "--kind", "all"}, good...), exitUsage},
		"another purpose":        {append([]string{"--out", free, "--purpose", "RESEARCH"}, good...), exitUsage},
		"no position":            {append([]string{"--out", free, "--withhold", "x"}, good...), exitUsage},
		"the file is there":      {append([]string{"--out", there}, good...), exitError},
		"not theirs to know of":  {[]string{"--out", free, "--reason", "x", "--as", "IGL1/IG_LEAD/POLICE1"}, exitNotFound},
		"nothing of such a name": {[]string{"--out", free, "--reason", "x", "--as", "IGL1/IG_LEAD/HOUSE-HAM", "--kind", "subject-access"}, exitNotFound},
	} {
		if f := command(t, append([]string{"pack", "create", "A", "--data", data}, c.args...)...); f.code != int(c.code) {
			t.Errorf("%s: ended with %d, want %d\n%s", name, f.code, c.code, f.errs)
		}
	}
	if b, err := os.ReadFile(there); err != nil || string(b) != "precious" {
		t.Errorf("a file that was there: %q, %v", b, err)
	}
	if _, err := os.Stat(free); err == nil {
		t.Error("a pack was left that was refused")
	}
	if f := command(t, "pack", "inspect", there); f.code != int(exitIntegrity) {
		t.Errorf("no pack: ended with %d", f.code)
	}
}

// TestPacksAreServed makes packs of a record that is served.
func TestPacksAreServed(t *testing.T) {
	t.Parallel()
	r := serveData(t, journeysOf(t))
	path := "/api/v1/people/" + personID("A").String() + "/packs"
	reason := map[string]string{"X-Access-Reason": "complaint 17"}
	ask := func(who, purpose, path string, says any) reply {
		t.Helper()
		s := r.as(who)
		s.purpose = purpose
		a, err := s.try(http.MethodPost, path, reason, says)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	evidence := body{"kind": "evidence", "logPurpose": "AUDIT"}
	whole := ask("AUD1", "AUDIT", path, evidence)
	if whole.status != http.StatusOK || whole.header.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", whole.status, whole.body)
	}
	p, err := casepack.Read(whole.body)
	if err != nil {
		t.Fatal(err)
	}
	if log, _ := p.Member("access-log.csv"); !bytes.Contains(log, []byte("REPLAY_EXPORTED")) || !bytes.Contains(log, []byte("complaint 17")) {
		t.Errorf("the pack does not say that it was made: %s", log)
	}
	var all sync.WaitGroup
	for range 4 { // at once
		all.Go(func() {
			s := r.as("AUD1")
			s.purpose = "AUDIT"
			if a, err := s.try(http.MethodPost, path, reason, evidence); err != nil || a.status != http.StatusOK {
				t.Errorf("one of several at once: %d %.200s, %v", a.status, a.body, err)
			}
		})
	}
	all.Wait()
	theirs := ask("DPO1", "SUBJECT_RIGHTS", path, body{"kind": "subject-access"})
	if p, err = casepack.Read(theirs.body); err != nil || theirs.status != http.StatusOK || !strings.Contains(said(p), "ALPHA") || strings.Contains(said(p), "BRAVO") {
		t.Errorf("a subject access pack: %d, %v", theirs.status, err)
	}
	for what, c := range map[string]struct {
		who, path string
		says      body
		status    int
	}{
		"evidence for a data protection officer": {"DPO1", path, evidence, http.StatusForbidden},
		"access for an auditor":                  {"AUD1", path, body{"kind": "subject-access"}, http.StatusForbidden},
		"a nurse":                                {"NUR1", path, evidence, http.StatusForbidden},
		"nobody, for one controller":             {"IGL1", "/api/v1/people/" + newKey().String() + "/packs", evidence, http.StatusNotFound},
		"nobody, for the regulator":              {"AUD1", "/api/v1/people/" + newKey().String() + "/packs", evidence, http.StatusOK},
	} {
		if a := ask(c.who, "AUDIT", c.path, c.says); a.status != c.status {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
}

// An organisation that does not know a person learns nothing of them from a pack,
// not even what another side recorded for every organisation of its own.
func TestPackForAnOrganisationThatDoesNotKnowThePerson(t *testing.T) {
	t.Parallel()
	data := journeysOf(t)
	for _, org := range []string{"HUB-CAM", "WALES-LHB", "PRISON-HC"} {
		file := filepath.Join(t.TempDir(), "pack.zip")
		_, errs, code := types(t, "", "pack", "create", "A", "--data", data, "--out", file, "--kind", "subject-access", "--as", "DPO9/DPO/"+org, "--reason", "request 4")
		want := int(exitNotFound)
		if org == "HUB-CAM" {
			want = int(exitOK)
		}
		if code != want {
			t.Errorf("for %s it ends with %d, want %d: %s", org, code, want, errs)
		}
	}
}

func TestWhatAnotherSideRecordedIsForWhoKnowsThePerson(t *testing.T) {
	t.Parallel()
	hub, prison := event.DeriveUUID("hub"), event.DeriveUUID("prison")
	v := boundary.Viewer{Side: event.NHS, Controller: func(org event.UUID) event.UUID { return org }}
	officer := event.Actor{ID: event.DeriveUUID("officer"), Side: event.Probation, Org: event.DeriveUUID("office")}
	of := func(by event.Actor, kind string) event.Recorded {
		return event.Recorded{Meta: event.Meta{Type: kind, Actor: by}, Operational: event.Open}
	}
	for _, c := range []struct {
		what                 string
		e                    event.Recorded
		stranger, knows, its bool
	}{
		{"another side's, for this one", of(officer, "consent.withdrawn"), false, true, true},
		{"another side's destruction", of(officer, "key.destroyed"), false, false, false},
		{"the hub's destruction", of(event.Actor{Side: event.NHS, Org: hub}, "key.destroyed"), false, false, true},
		{"the hub's", of(event.Actor{Side: event.NHS, Org: hub}, "consent.withdrawn"), false, false, true},
	} {
		for who, got := range map[string][2]bool{
			"who does not know the person": {forController(v, prison, false)(c.e), c.stranger},
			"who knows the person":         {forController(v, prison, true)(c.e), c.knows},
			"the hub":                      {forController(v, hub, true)(c.e), c.its},
		} {
			if got[0] != got[1] {
				t.Errorf("%s is shown to %s: %v, want %v", c.what, who, got[0], got[1])
			}
		}
	}
}
