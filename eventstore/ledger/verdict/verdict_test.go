package verdict_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/ledger/verdict"
)

func TestAVerdictIsTheWorstThatWasFound(t *testing.T) {
	t.Parallel()
	entry := verdict.Finding{Code: verdict.EntryAltered, Entry: 17, Detail: "its bytes are not those that were signed"}
	tile := verdict.Finding{Code: verdict.TileAltered, Object: "tile/0/000", Detail: "it is not what the entries make"}
	several := verdict.Finding{Code: verdict.HistoryOther, Entry: 1, UpTo: 20, Detail: "another history"}
	key := verdict.Finding{Code: verdict.KeyAbsent, Entry: 3, Key: "k", Detail: "it is not in the keystore"}
	for name, c := range map[string]struct {
		report verdict.Report
		want   verdict.Verdict
		line   string
	}{
		"nothing":            {verdict.Report{Entries: 20}, verdict.Intact, "intact: 20 entries are as they were signed"},
		"an erasure":         {verdict.Report{Entries: 20, Erased: 1}, verdict.IntactErased, "intact-erased: 20 entries are as they were signed; 1 key was destroyed, on the record"},
		"a key":              {verdict.Report{Erased: 2, Findings: []verdict.Finding{key}}, verdict.KeyMissing, "KEY-MISSING at entry 3: it is not in the keystore"},
		"an entry and a key": {verdict.Report{Findings: []verdict.Finding{tile, entry, key}}, verdict.Tampered, "TAMPERED at entry 17: its bytes are not those that were signed"},
		"a tile":             {verdict.Report{Findings: []verdict.Finding{tile}}, verdict.Tampered, "TAMPERED at tile/0/000: it is not what the entries make"},
		"a history":          {verdict.Report{Findings: []verdict.Finding{entry, several}}, verdict.Tampered, "TAMPERED at entries 1 to 20: another history"},
	} {
		c.report.Sort()
		if got := c.report.Verdict(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := c.report.Headline(); got != c.line {
			t.Errorf("%s: %q, want %q", name, got, c.line)
		}
		if c.want.Holds() != strings.HasPrefix(string(c.want), "intact") {
			t.Errorf("%s: holds %t", name, c.want.Holds())
		}
	}
	if !several.Names(1) || !several.Names(20) || several.Names(21) || entry.Names(18) || tile.Names(1) {
		t.Error("a finding names other entries than it says")
	}
}

func TestAReportSaysTheSameInWordsAndAsJSON(t *testing.T) {
	t.Parallel()
	r := verdict.Report{Origin: "hub.example/ledger", Entries: 20, Unsealed: 2, Notices: []string{"an alarm is raised"}, More: true}
	r.Step("entries", "%d were read", 22)
	r.Find(verdict.Finding{Code: verdict.EntryMissing, Entry: 7, Detail: "there is none"})
	var text strings.Builder
	if err := r.Print(&text); err != nil {
		t.Fatal(err)
	}
	const want = `entries      22 were read
note         an alarm is raised
WRONG        entry 7: there is none [entry-missing]
WRONG        the verification ended here; there may be more

TAMPERED at entry 7: there is none
This shows the entries were not altered. It does not show they were correct.
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	raw, err := json.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	const form = `{"verdict":"TAMPERED","headline":"TAMPERED at entry 7: there is none","origin":"hub.example/ledger","entries":20,"unsealed":2,"erased":0,` +
		`"steps":[{"name":"entries","says":"22 were read"}],"notices":["an alarm is raised"],` +
		`"findings":[{"code":"entry-missing","entry":7,"detail":"there is none"}],"more":true,` +
		`"limits":"This shows the entries were not altered. It does not show they were correct."}`
	if string(raw) != form {
		t.Errorf("got\n%s\nwant\n%s", raw, form)
	}
}
