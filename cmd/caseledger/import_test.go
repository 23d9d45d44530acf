package main

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
)

// facts is what another system knew of somebody who is on the record, and of
// somebody else.
const facts = `{"ref":"F1","clock":"2025-03-01T10:00:00Z","command":"register-person","person":"Q","actor":"PP1","purpose":"CARE_ADMIN","importReason":"kept on paper","sourceSystem":"OLD-SYSTEM","body":{"name":{"family":"QUEBEC"},"dateOfBirth":"1990-01-02","sex":"F","region":"N56"}}
{"ref":"F2","clock":"2025-03-01T10:05:00Z","command":"link-identifier","person":"Q","actor":"PP1","purpose":"CARE_ADMIN","effectiveAt":"2025-02-28","origin":"IMPORTED","importReason":"kept on paper","sourceSystem":"OLD-SYSTEM","body":{"type":"CRN","value":"X990909","source":"SYSTEM"}}
{"ref":"F3","clock":"2025-03-02T10:00:00Z","person":"P","actor":"NAV2","purpose":"DIRECT_CARE","importReason":"log of the old system","sourceSystem":"OLD-SYSTEM","access":{"view":"person.timeline","class":"READ_ONE"}}
`

// someData is a data folder with somebody in it: one fact about them was
// decided here, and one was invented elsewhere.
func someData(t *testing.T) string {
	t.Helper()
	data, errs, code := runJournal(t, goodLine+"\n"+strings.NewReplacer(`"R1"`, `"R2"`, "register-person", "give-privacy-notice",
		`"purpose"`, `"origin":"IMPORTED","importReason":"told by telephone","purpose"`,
		goodLine[strings.Index(goodLine, `"body"`):], `"body":{"notice":"v1","format":"STANDARD"}}`).Replace(goodLine))
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	return data
}

// importing runs the program on a text.
func importing(t *testing.T, data, text string, more ...string) (out, errs string, code int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "facts.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return call(t, nil, append([]string{"import", path, "--quiet", "--data", data}, more...)...)
}

func asLead() []string { return []string{"--as", "IGL1/IG_LEAD"} }

// TestBlackBoxImport records the facts of another system into a record that is
// there, in two runs of which the first stops, and looks at what it holds.
func TestBlackBoxImport(t *testing.T) {
	t.Parallel()
	data := someData(t)
	path := filepath.Join(t.TempDir(), "facts.jsonl")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := count(t, data)
	run := func(more ...string) finished {
		return command(t, append([]string{"import", path, "--data", data, "--as", "IGL1/IG_LEAD"}, more...)...)
	}
	write(facts)
	if f := run("--dry-run"); f.code != 0 || !strings.HasPrefix(f.out, "3 lines could be recorded, 0 are already") {
		t.Fatalf("a dry run ended with %d:\n%s%s", f.code, f.out, f.errs)
	}
	if got := count(t, data); got != before {
		t.Fatalf("a dry run recorded %d events", got-before)
	}
	lines := strings.SplitAfter(facts, "\n")
	write(lines[0] + strings.Replace(lines[1], "X990909", "nonsense", 1) + lines[2])
	if f := run(); f.code != int(exitUsage) || !strings.Contains(f.errs, "line 2 (F2)") || strings.Contains(f.errs, "nonsense") {
		t.Fatalf("a line that cannot be recorded ended with %d:\n%s", f.code, f.errs)
	}
	write(facts)
	if f := run(); f.code != 0 || !strings.Contains(f.out, "3 lines, ") || !strings.Contains(f.out, "1 lines were recorded before") {
		t.Fatalf("the second run ended with %d:\n%s%s", f.code, f.out, f.errs)
	}
	whole := count(t, data)
	if f := run(); f.code != 0 || !strings.Contains(f.out, "3 lines, 0 events; 3 lines were recorded before") {
		t.Errorf("the third run ended with %d:\n%s%s", f.code, f.out, f.errs)
	}
	if got := count(t, data); got != whole {
		t.Errorf("importing again recorded %d events", got-whole)
	}
	type listed struct {
		Type     string      `json:"type"`
		Origin   string      `json:"origin"`
		At       event.When  `json:"effectiveAt"`
		Actor    event.Actor `json:"actor"`
		Recorded string      `json:"recordedAt"`
	}
	found := map[string]listed{}
	for line := range strings.Lines(mustCommand(t, "events", "list", "--json", "--quiet", "--data", data)) {
		var e listed
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Origin == "IMPORTED" && e.Actor.Client == actorID("IGL1") {
			found[e.Type] = e
		}
	}
	for kind, at := range map[string]string{"person.registered": "2025-03-01T10:00:00Z", "person.identifier-linked": "2025-02-28", "record.accessed": "2025-03-02T10:00:00Z"} {
		if e, ok := found[kind]; !ok || e.At.String() != at || strings.HasPrefix(e.Recorded, "2025-03") {
			t.Errorf("%s was true at %s and recorded at %s, want true at %s and recorded today", kind, e.At, e.Recorded, at)
		}
	}
}

// TestAnImportIsStrict gives what is not a fact of another system, and what
// nobody may.
func TestAnImportIsStrict(t *testing.T) {
	t.Parallel()
	data := someData(t)
	before := count(t, data)
	first, _, _ := strings.Cut(facts, "\n")
	for name, c := range map[string]struct {
		text string
		as   []string
		code exit
	}{
		"a live line":             {strings.Replace(first, `"importReason"`, `"origin":"LIVE","importReason"`, 1), asLead(), exitUsage},
		"no reason":               {strings.Replace(first, `"importReason":"kept on paper",`, "", 1), asLead(), exitUsage},
		"no system":               {strings.Replace(first, `"sourceSystem":"OLD-SYSTEM",`, "", 1), asLead(), exitUsage},
		"something expected":      {strings.Replace(first, `"importReason"`, `"expectRejected":"x","importReason"`, 1), asLead(), exitUsage},
		"what is yet to happen":   {strings.Replace(first, "2025-03-01T10:00", "2225-03-01T10:00", 1), asLead(), exitUsage},
		"somebody unnamed":        {first, nil, exitUsage},
		"somebody without a role": {first, []string{"--as", "IGL1"}, exitUsage},
		"a practitioner":          {first, []string{"--as", "PP1/PP"}, exitDenied},
	} {
		if _, errs, code := importing(t, data, c.text, c.as...); code != int(c.code) {
			t.Errorf("%s: ended with %d: %s", name, code, errs)
		}
	}
	if _, errs, code := importing(t, filepath.Join(t.TempDir(), "nothing"), first, asLead()...); code != int(exitNotFound) {
		t.Errorf("into a record that is not there: ended with %d: %s", code, errs)
	}
	if got := count(t, data); got != before {
		t.Errorf("%d events were recorded all the same", got-before)
	}
	if _, errs, code := importing(t, data, first, "--as", "PP1/PP", "--importers", "IGL9/DPO,PP1/PP"); code != 0 {
		t.Errorf("a practitioner who is let: ended with %d: %s", code, errs)
	}
}

// TestLabelsOfAnotherSystemTellNothing checks what labels stand for in a record
// of real people: the same for ever, and known to nobody without its keys.
func TestLabelsOfAnotherSystemTellNothing(t *testing.T) {
	t.Parallel()
	r := opened(t, dataDir(filepath.Join(t.TempDir(), "data")), "2026-02-02T09:00:00Z")
	defer func() { _ = r.close() }()
	other := opened(t, dataDir(filepath.Join(t.TempDir(), "data")), "2026-02-02T09:00:00Z")
	defer func() { _ = other.close() }()
	n := r.names("OLD", theRegister)
	who := n.person("A")
	if who != r.names("OLD", theRegister).person("A") {
		t.Error("a label stands for two people")
	}
	for name, not := range map[string]event.UUID{"another system": r.names("NEW", theRegister).person("A"), "another record": other.names("OLD", theRegister).person("A"),
		"a journal": personID("A"), "another label": n.person("B")} {
		if who == not {
			t.Errorf("%s has the same person", name)
		}
	}
	id := event.MustUUID("11111111-1111-4111-8111-111111111111")
	if got := of(id.String(), n.person); got != id {
		t.Errorf("an identifier stands for %s", got)
	}
	j := readImport(strings.NewReader(strings.Split(facts, "\n")[0]), func(string) names { return n })
	if _, err := j.next(); !errors.Is(err, errUsage) {
		t.Errorf("one of the cast acts in a record of real people: %v", err)
	}
}

// TestWhyAFactWasImportedIsKept reads an imported event back.
func TestWhyAFactWasImportedIsKept(t *testing.T) {
	t.Parallel()
	data := someData(t)
	if _, errs, code := importing(t, data, facts, asLead()...); code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	r := opened(t, dataDir(data), "2026-09-02T09:00:00Z")
	defer func() { _ = r.close() }()
	history, err := r.history(t.Context(), r.codec.Reader, personID("Q"))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, e := range history {
		if e.Type == "key.created" {
			continue
		}
		seen++
		if got := e.Import.Value(); got != (event.Provenance{Reason: "kept on paper", System: "OLD-SYSTEM"}) || e.Policy != [32]byte{} {
			t.Errorf("%s came from %+v, by the rules %s", e.Type, got, hex.EncodeToString(e.Policy[:]))
		}
	}
	if seen < 2 {
		t.Errorf("%d facts were recorded", seen)
	}
	journey, err := r.history(t.Context(), r.codec.Reader, personID("P"))
	if err != nil {
		t.Fatal(err)
	}
	if len(journey) < 3 {
		t.Errorf("the journal recorded %d events", len(journey))
	}
	for _, e := range journey {
		if e.Type != "key.created" && (e.Origin == event.Live) != (e.Policy != [32]byte{}) {
			t.Errorf("%s, %s: decided by the rules %x", e.Type, e.Origin, e.Policy)
		}
		if e.Origin == event.Imported && e.Type != "key.created" && e.Import.Value().System != inventedSystem {
			t.Errorf("%s came from %+v", e.Type, e.Import.Value())
		}
	}
}
