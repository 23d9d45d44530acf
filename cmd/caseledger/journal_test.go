package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/access"
	"caseledger/domain/casefile"
	"caseledger/domain/event"
	"caseledger/domain/fault"
)

const goodLine = `{"ref":"R1","clock":"2026-02-02T09:00:00+00:00","command":"register-person","person":"P","actor":"PP1","purpose":"CARE_ADMIN",` +
	`"body":{"name":{"family":"ROMEO"},"dateOfBirth":"1990-01-02","sex":"F","region":"N56"}}`

// TestJournalIsStrict gives a good line, and the same with one thing wrong.
func TestJournalIsStrict(t *testing.T) {
	t.Parallel()
	if e, err := readJournal(strings.NewReader("\n" + goodLine + "\n")).next(); err != nil || e.number != 2 || e.request.Person != personID("P") {
		t.Fatalf("a good line is read as %+v, %v", e, err)
	}
	change := func(old, with string) string {
		if !strings.Contains(goodLine, old) {
			t.Fatalf("the good line holds no %s", old)
		}
		return strings.Replace(goodLine, old, with, 1)
	}
	for name, line := range map[string]string{
		"no JSON":                `{"ref":`,
		"an unknown member":      change(`"ref"`, `"extra":1,"ref"`),
		"a member twice":         change(`"ref":"R1"`, `"ref":"R1","ref":"R2"`),
		"no ref":                 change(`"ref":"R1",`, ``),
		"a ref with spaces":      change(`"R1"`, `"R 1"`),
		"no clock":               change(`"clock":"2026-02-02T09:00:00+00:00",`, ``),
		"a clock without offset": change(`09:00:00+00:00`, `09:00:00`),
		"an unknown command":     change(`register-person`, `destroy-person`),
		"an unknown actor":       change(`"PP1"`, `"PP99"`),
		"an actor of no side":    change(`"PP1"`, `{"label":"X","role":"PP","org":"HUB-CAM"}`),
		"an unknown purpose":     change(`CARE_ADMIN`, `CURIOSITY`),
		"nobody":                 change(`"person":"P",`, ``),
		"somebody and a stream":  change(`"person":"P"`, `"person":"P","stream":"case-11111111-1111-4111-8111-111111111111"`),
		"another kind of stream": change(`"person":"P"`, `"stream":"org-11111111-1111-4111-8111-111111111111"`),
		"a stream of looks":      change(`"person":"P"`, `"stream":"access-11111111-1111-4111-8111-111111111111"`),
		"an agreement's command": change(`register-person`, `suspend-agreement`),
		"an unknown stream":      change(`"person":"P"`, `"stream":"consent:P"`),
		"an unknown office":      change(`"person":"P"`, `"stream":"org:NOWHERE"`),
		"a command and a look":   change(`"person"`, `"access":{"view":"person.timeline","class":"READ_ONE"},"person"`),
		"a system, but live":     change(`"purpose"`, `"sourceSystem":"X","purpose"`),
		"a system of two words":  change(`"purpose"`, `"origin":"IMPORTED","importReason":"x","sourceSystem":"A B","purpose"`),
		"a reason without end":   change(`"purpose"`, `"origin":"IMPORTED","importReason":"`+strings.Repeat("x", maxReason+1)+`","purpose"`),
		"an unknown origin":      change(`"purpose"`, `"origin":"GUESSED","purpose"`),
		"imported, no reason":    change(`"purpose"`, `"origin":"IMPORTED","purpose"`),
		"live, with a reason":    change(`"purpose"`, `"importReason":"X","purpose"`),
		"an impossible day":      change(`"purpose"`, `"effectiveAt":"2026-02-30","purpose"`),
		"no body":                strings.Replace(goodLine, goodLine[strings.Index(goodLine, `,"body"`):], "}", 1),
		"an unknown body member": change(`"sex"`, `"sexe":"F","sex"`),
		"a body of wrong types":  change(`"sex":"F"`, `"sex":7`),
		"a mention of nothing":   change(`"ROMEO"`, `"@made:Q1:link"`),
		"a malformed mention":    change(`"ROMEO"`, `"@everybody"`),
		"invalid UTF-8":          change(`ROMEO`, "RO\xffMEO"),
	} {
		_, err := readJournal(strings.NewReader(goodLine + "\n\n" + strings.ReplaceAll(line, `"R1"`, `"R2"`) + "\n")).line(2)
		var at *lineError
		if !errors.As(err, &at) || at.line != 3 || exitFor(err) != exitUsage {
			t.Errorf("%s: got %v, want a misuse in line 3", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "ROMEO") {
			t.Errorf("%s: the error says what the line holds: %v", name, err)
		}
	}
	for name, second := range map[string]string{"the same ref": goodLine, "a clock that runs backwards": strings.NewReplacer(`"R1"`, `"R2"`, "T09:00", "T08:59").Replace(goodLine)} {
		if _, err := readJournal(strings.NewReader(goodLine + "\n" + second)).line(2); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := readJournal(strings.NewReader(strings.Repeat("x", maxLineBytes+1))).next(); exitFor(err) != exitUsage {
		t.Errorf("a line without end: got %v", err)
	}
}

const goodLook = `{"ref":"L1","clock":"2026-02-02T09:00:00+00:00","person":"P","actor":"NAV1","purpose":"DIRECT_CARE",` +
	`"access":{"view":"person.timeline","class":"READ_ONE"}}`

// TestALookInAJournalIsStrict gives good looks, and the same with one thing
// wrong.
func TestALookInAJournalIsStrict(t *testing.T) {
	t.Parallel()
	change := func(old, with string) string {
		if !strings.Contains(goodLook, old) {
			t.Fatalf("the good look holds no %s", old)
		}
		return strings.Replace(goodLook, old, with, 1)
	}
	const whole = `{"view":"person.timeline","class":"READ_ONE"}`
	for name, c := range map[string]struct {
		line string
		want any
	}{
		"a record": {goodLook, access.RecordAccessed{View: "person.timeline", Class: access.ReadOne, Subjects: []event.UUID{personID("P")}, Items: 1}},
		"a list": {strings.Replace(change(whole, `{"view":"caseload","class":"READ_LIST","items":7}`), `"person":"P",`, "", 1),
			access.RecordAccessed{View: "caseload", Class: access.ReadList, Items: 7}},
		"the ledger": {change(whole, `{"view":"ledger","ledger":true,"purpose":"AUDIT"}`),
			access.LedgerRead{View: "ledger", Purpose: "AUDIT", Subjects: []event.UUID{personID("P")}, Items: 1}},
		"the ledger, for what it may not be": {change(whole, `{"view":"ledger","ledger":true,"purpose":"PERFORMANCE"}`),
			access.LedgerRead{View: "ledger", Purpose: "PERFORMANCE", Subjects: []event.UUID{personID("P")}, Items: 1}},
		"a replay": {change(whole, `{"view":"replay","export":true,"purpose":"AUDIT"}`),
			access.ReplayExported{Purpose: "AUDIT", Subjects: []event.UUID{personID("P")}, Items: 1}},
	} {
		e, err := readJournal(strings.NewReader(c.line)).next()
		if err != nil || !reflect.DeepEqual(e.look, c.want) || e.request.Stream.Kind != event.AccessStream {
			t.Errorf("%s is read as %+v (%s), %v", name, e.look, e.request.Stream, err)
		}
	}
	for name, line := range map[string]string{
		"nobody":                  change(`"person":"P",`, ""),
		"no purpose":              change(`"purpose":"DIRECT_CARE",`, ""),
		"no view":                 change(`"view":"person.timeline",`, ""),
		"a view of two words":     change(`person.timeline`, `person timeline`),
		"no class":                change(`,"class":"READ_ONE"`, ""),
		"an unknown class":        change(`READ_ONE`, `GLANCE`),
		"a class and a ledger":    change(`"class"`, `"ledger":true,"class"`),
		"both":                    change(whole, `{"view":"ledger","ledger":true,"export":true,"purpose":"AUDIT"}`),
		"the ledger, for nothing": change(whole, `{"view":"ledger","ledger":true}`),
		"a body":                  change(`"access"`, `"body":{},"access"`),
		"a refusal":               change(`"access"`, `"expectRejected":"x","access"`),
		"fewer than nothing":      change(`"class"`, `"items":-1,"class"`),
		"an unknown member":       change(`"class"`, `"who":"P","class"`),
		"an agreement":            change(`"person":"P"`, `"stream":"agreement:DSA-1"`),
	} {
		if e, err := readJournal(strings.NewReader(line)).next(); exitFor(err) != exitUsage {
			t.Errorf("%s: read as %+v, %v", name, e.look, err)
		}
	}
}

// TestALineNamesItsStream checks what the names of streams stand for.
func TestALineNamesItsStream(t *testing.T) {
	t.Parallel()
	hub, _ := theRegister.ByCode("HUB-CAM")
	j := readJournal(strings.NewReader(""))
	for name, want := range map[string]event.StreamID{
		"agreement:DSA-1": event.Agreement(agreementID("DSA-1")),
		"org:HUB-CAM":     event.Organisation(hub.ID),
		"finding:A":       event.Findings(personID("A")),
		"policy":          event.Policy,
		"case-11111111-1111-4111-8111-111111111111":      event.Case(event.MustUUID("11111111-1111-4111-8111-111111111111")),
		"agreement-11111111-1111-4111-8111-111111111111": event.Agreement(event.MustUUID("11111111-1111-4111-8111-111111111111")),
		"finding:11111111-1111-4111-8111-111111111111":   event.Findings(event.MustUUID("11111111-1111-4111-8111-111111111111")),
	} {
		if got, err := j.streamOf(journalLine{Stream: name}); err != nil || got != want {
			t.Errorf("%s stands for %s (%v), want %s", name, got, err, want)
		}
	}
}

// line returns the n-th entry.
func (j *journal) line(n int) (e entry, err error) {
	for range n {
		if e, err = j.next(); err != nil {
			return e, err
		}
	}
	return e, nil
}

func TestMentionsStandForIdentifiers(t *testing.T) {
	t.Parallel()
	j := readJournal(strings.NewReader(goodLine))
	first, err := j.next()
	if err != nil {
		t.Fatal(err)
	}
	hub, _ := theRegister.ByCode("HUB-CAM")
	for text, want := range map[string]event.UUID{
		"@person:P":        personID("P"),
		"@actor:NUR1":      actorID("NUR1"),
		"@org:HUB-CAM":     hub.ID,
		"@org:ZZH01":       hub.ID,
		"@agreement:DSA-1": event.DeriveUUID("journal-agreement", []byte("DSA-1")),
		"@made:R1:link":    event.Context{Person: personID("P"), Command: first.request.ID}.NewID("link"),
		"@event:R1:0":      event.DeriveID(actorID("PP1"), event.Case(personID("P")), first.request.ID, 0).UUID,
	} {
		if got, err := j.identifier(text); err != nil || got != want {
			t.Errorf("%s stands for %s (%v), want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"@org:NOWHERE", "@made:R1", "@made:R9:link", "@event:R1:x", "@event:R1:-1", "@:", "@person"} {
		if _, err := j.identifier(text); err == nil {
			t.Errorf("%s stands for something", text)
		}
	}
}

// FuzzJournal checks that no text breaks the reader, and that whatever it
// refuses it refuses by line.
func FuzzJournal(f *testing.F) {
	f.Add(goodLine)
	f.Add(goodLine + "\n" + goodLine)
	f.Add(`{"ref":"@","body":{"a":"@made:x:y"}}`)
	f.Add(goodLook)
	f.Add(strings.Replace(goodLine, `"person":"P"`, `"stream":"finding:P"`, 1))
	f.Add("\x00\n{}\n[]\n\"\"")
	for _, name := range journeyNames {
		text := journeyText(f, name)
		f.Add(string(text[:2000]))
	}
	f.Fuzz(func(t *testing.T, text string) {
		j := readJournal(strings.NewReader(text))
		for {
			e, err := j.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				var at *lineError
				if !errors.As(err, &at) || at.line < 1 {
					t.Fatalf("an error without its line: %v", err)
				}
				return
			}
			if (e.request.Body == nil) == (e.look == nil) || e.request.ID.IsZero() || e.request.Stream == (event.StreamID{}) {
				t.Fatalf("an entry lacks a part: %+v", e.ref)
			}
		}
	})
}

// runJournal runs text as a journal inside the test.
func runJournal(t *testing.T, text string) (data, errs string, code int) {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "journal.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(folder, "data")
	_, errs, code = call(t, nil, "simulate", "--quiet", "--data", data, "--journal", path)
	return data, errs, code
}

// count is how many events a data directory holds.
func count(t *testing.T, data string) int {
	t.Helper()
	out, errs, code := call(t, nil, "events", "list", "--data", data)
	if code != 0 {
		t.Fatalf("events list ended with %d: %s", code, errs)
	}
	return strings.Count(out, "\n")
}

// TestLineThatCannotBeApplied checks that a run stops at such a line, names
// it, and leaves the record as it was before it.
func TestLineThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	good, _, code := runJournal(t, goodLine)
	if code != 0 {
		t.Fatal("the good line is not applied")
	}
	want := count(t, good)
	again := strings.NewReplacer(`"R1"`, `"R2"`, "T09:00", "T09:01").Replace(goodLine)
	notice := strings.NewReplacer(`"R1"`, `"R2"`, "T09:00", "T09:01", "register-person", "give-privacy-notice",
		goodLine[strings.Index(goodLine, `"body"`):], `"body":{"notice":"v1","format":"STANDARD"}}`).Replace(goodLine)
	expect := func(line, with string) string {
		return strings.Replace(line, `"purpose"`, fmt.Sprintf(`"expectRejected":%q,"purpose"`, with), 1)
	}
	for _, c := range []struct {
		name, second, says string
		code               exit
	}{
		{"a case opened twice", again, "case-already-open", exitConflict},
		{"a role that may not", strings.Replace(again, "PP1", "AUD1", 1), "role-may-not", exitDenied},
		{"an organisation that knows nobody", strings.Replace(notice, "PP1", "NUR2", 1), "no-such-person", exitNotFound},
		{"not rejected as it must be", expect(notice, "case-already-open"), "accepted, where it must be refused", exitError},
		{"rejected with another code", expect(again, "lacks-capacity"), `refused with "case-already-open"`, exitError},
		{"unreadable", "{", "line 2", exitUsage},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data, errs, code := runJournal(t, goodLine+"\n"+c.second+"\n")
			if code != int(c.code) || !strings.Contains(errs, "line 2") || !strings.Contains(errs, c.says) {
				t.Errorf("ended with %d and %q, want %d, line 2 and %q", code, errs, c.code, c.says)
			}
			if got := count(t, data); got != want {
				t.Errorf("the record holds %d events, want the %d of before", got, want)
			}
		})
	}
	if _, errs, code := runJournal(t, goodLine+"\n"+expect(again, "case-already-open")); code != 0 {
		t.Errorf("a line rejected as it must be ended with %d: %s", code, errs)
	}
}

// refusedLive is how each imported line is refused where it is given live.
var refusedLive = map[string]string{
	"A12.2": "cites-voluntary-health-appointment",
	"A14":   "consent-not-active",
	"B5.1":  "decision-incomplete",
	"B5.2":  "decision-incomplete",
	"B9.2":  "disclosure-before-decision",
	"B10.1": "wrong-gateway",
	"B10.2": "wrong-gateway",
	"B12":   "consent-not-active",
	"C4.2":  "lacks-capacity",
	"C6.2":  "identifier-not-traced",
	"C8.3":  "no-co-presence-agreement",
}

// TestJourneysAreTheDomainReferences loads the three journeys together and
// holds them to domain reference section 12.4: A12 and C4 are rejected, and
// every imported item given as a live command would be.
func TestJourneysAreTheDomainReferences(t *testing.T) {
	t.Parallel()
	clock := &handClock{at: event.MustDay("2026-01-01").Start()}
	dir := dataDir(filepath.Join(t.TempDir(), "data"))
	if err := dir.markSynthetic(); err != nil {
		t.Fatal(err)
	}
	r, err := opening{dir: dir, mode: writing, now: clock.now, random: newRandom()}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.close() }()
	p := r.player(clock, clock.now, everybody())
	var rejected, imported []string
	for _, name := range journeyNames {
		text := journeyText(t, name)
		clock.set(event.MustDay("2026-01-01").Start())
		j := readJournal(bytes.NewReader(text))
		for {
			e, err := j.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if e.expectRejected != "" {
				rejected = append(rejected, e.ref)
			}
			if e.request.Origin == event.Imported {
				imported = append(imported, e.ref)
				live := *p.recorder
				live.Store = tried{r.store}
				clock.set(e.clock)
				asked := e.request
				asked.Origin, asked.Import = event.Live, event.Provenance{}
				if told, ok := asked.Body.(casefile.MakeDisclosure); ok { // live, the case says what is told
					told.Items = nil
					asked.Body = told
				}
				_, err := live.Record(t.Context(), asked)
				if f, want := fault.Of(err), refusedLive[e.ref]; f == nil || f.Code != want && !hasField(f, want) || want == "" {
					t.Errorf("%s, given as a live command: %v, want the refusal %q", e.ref, err, want)
				}
			}
			if _, _, err := p.apply(t.Context(), e); err != nil {
				t.Fatalf("%s: %v", e.ref, err)
			}
		}
	}
	if got := strings.Join(rejected, " "); got != "A12.1 C4.1" {
		t.Errorf("the journeys expect %s to be rejected, want A12.1 C4.1", got)
	}
	if len(imported) != len(refusedLive) {
		t.Errorf("%v are imported, want the %d of the table", imported, len(refusedLive))
	}
	if head, err := r.head(t.Context()); err != nil || head < 100 {
		t.Errorf("the journeys recorded %d events (%v)", head, err)
	}
}

// TestJournalSchemaKnowsEveryCommand checks that the printed schema is of the
// lines that are read.
func TestJournalSchemaKnowsEveryCommand(t *testing.T) {
	t.Parallel()
	out, errs, code := call(t, nil, "events", "catalogue", "--journal-schema")
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, errs)
	}
	var schema struct {
		Required   []string                  `json:"required"`
		Properties map[string]map[string]any `json:"properties"`
	}
	if err := json.Unmarshal([]byte(out), &schema); err != nil {
		t.Fatal(err)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(goodLine), &line); err != nil {
		t.Fatal(err)
	}
	for member := range line {
		if schema.Properties[member] == nil {
			t.Errorf("the schema does not know %s", member)
		}
	}
	for _, member := range []string{"access", "stream", "effectiveAt", "origin", "importReason", "sourceSystem", "expectRejected"} {
		if schema.Properties[member] == nil {
			t.Errorf("the schema does not know %s", member)
		}
	}
	for _, name := range []string{"register-person", "grant-consent", "make-disclosure", "send-referral", "draft-agreement", "detect-breach", "resolve-finding"} {
		if !strings.Contains(out, `"`+name+`"`) {
			t.Errorf("the schema does not know the command %s", name)
		}
	}
}
