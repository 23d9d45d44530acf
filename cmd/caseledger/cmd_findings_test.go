package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/finding"
)

// listedFindings is the answer of `findings list --json`.
func listedFindings(t *testing.T, args ...string) (all []standingFinding) {
	t.Helper()
	for line := range strings.Lines(mustCommand(t, append([]string{"findings", "list", "--json"}, args...)...)) {
		var one standingFinding
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, one)
	}
	return all
}

// TestBlackBoxFindings judges a journey, reads what was found, and judges it
// again, also from nothing: that records nothing.
func TestBlackBoxFindings(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	all := listedFindings(t, "--data", data)
	late := slices.IndexFunc(all, func(f standingFinding) bool { return f.Monitor == "L01" && f.About == personID("A") })
	if late < 0 {
		t.Fatalf("the disclosure after the withdrawal was not found among %d findings", len(all))
	}
	one := all[late]
	if one.Status != finding.Open || one.Severity != finding.Critical || !one.AsKnown || one.At.String() != "2026-02-24T10:00:00Z" ||
		len(one.History) != 1 || one.History[0].Role != "SYSTEM" || one.Evidence[0] != one.Item {
		t.Errorf("found %+v", one)
	}
	for _, monitor := range []string{"L01", "L02"} {
		for _, f := range listedFindings(t, "--data", data, "--monitor", monitor, "--person", "A", "--since", "2026-02-23") {
			if string(f.Monitor) != monitor || f.About != personID("A") {
				t.Errorf("asked for %s of A: %+v", monitor, f)
			}
		}
	}
	for args, want := range map[string]int{"--severity LOW --person A --monitor L01": 0, "--status RESOLVED": 0, "--person nobody": 0,
		"--since 2026-02-24T10:00:00Z --monitor L01": 1, "--since 2026-02-24T10:00:01Z --monitor L01": 0} {
		if got := listedFindings(t, append(strings.Fields(args), "--data", data)...); len(got) != want {
			t.Errorf("%s: %d findings, want %d", args, len(got), want)
		}
	}

	var shown shownFinding
	if err := json.Unmarshal([]byte(mustCommand(t, "findings", "show", "--json", "--data", data, one.Finding.String())), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown.Entries) != len(one.Evidence) || shown.Entries[0].Type != "disclosure.made" || shown.Entries[0].Position == 0 || shown.Source == "" || shown.Title == "" {
		t.Errorf("shown %+v", shown)
	}
	text := mustCommand(t, "findings", "show", "--data", data, one.Finding.String())
	for _, want := range []string{"L01  CRITICAL  OPEN", "disclosure.made", "consent.withdrawn", "finding.raised", "With what is known now: yes"} {
		if !strings.Contains(text, want) {
			t.Errorf("findings show lacks %q:\n%s", want, text)
		}
	}

	before := mustCommand(t, "events", "list", "--json", "--data", data)
	for _, again := range []func(){
		func() {},
		func() { mustCommand(t, "findings", "run", "--all", "--quiet", "--data", data) },
		func() {
			if err := os.Remove(filepath.Join(data, monitorsFile)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		again()
		var sum ran
		if err := json.Unmarshal([]byte(mustCommand(t, "findings", "run", "--json", "--quiet", "--data", data)), &sum); err != nil {
			t.Fatal(err)
		}
		if sum.Recorded != 0 || sum.JudgedTo == 0 {
			t.Errorf("judging again: %+v", sum)
		}
	}
	if after := mustCommand(t, "events", "list", "--json", "--data", data); after != before {
		t.Error("judging again changed the ledger")
	}
}

// unanswered is a data directory with the journey alpha up to a day after
// which a general practice has still time to give its reasons: until the end
// of 25 February.
func unanswered(t *testing.T) string {
	t.Helper()
	text := journeyText(t, "alpha")
	var cut strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, `"clock":"2026-02-2`) && !strings.Contains(line, `"clock":"2026-03`) && !strings.Contains(line, `"clock":"2026-04`) {
			cut.WriteString(line)
		}
	}
	path, data := filepath.Join(t.TempDir(), "cut.jsonl"), filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, []byte(cut.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	mustCommand(t, "simulate", "--quiet", "--data", data, "--journal", path)
	return data
}

// TestBlackBoxFindingsAreTimely checks that what becomes due without an event
// is found when it does, and dated so however late it is looked for.
func TestBlackBoxFindingsAreTimely(t *testing.T) {
	t.Parallel()
	data := unanswered(t)
	for _, c := range []struct {
		at   string
		want int
	}{{"2026-02-25", 0}, {"2026-03-09T12:00:00Z", 1}, {"2026-03-10", 1}} {
		mustCommand(t, "findings", "run", "--quiet", "--at", c.at, "--data", data)
		got := listedFindings(t, "--monitor", "L43", "--data", data)
		if len(got) != c.want {
			t.Fatalf("by %s: %d findings, want %d", c.at, len(got), c.want)
		}
		if c.want > 0 && (got[0].At.String() != "2026-02-26T00:00:00Z" || got[0].History[0].OccurredAt != got[0].At) {
			t.Errorf("by %s: so from %s on", c.at, got[0].At)
		}
	}
}

// TestBlackBoxFindingsRefuse checks that what cannot be asked is refused, and
// that open findings fail a check.
func TestBlackBoxFindingsRefuse(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	for args, want := range map[string]exit{
		"findings run --at yesterday":                                 exitUsage,
		"findings run --at 2026-02-01":                                exitUsage, // before the last entry
		"findings list --severity GRAVE":                              exitUsage,
		"findings list --status open":                                 exitUsage,
		"findings list --monitor L99":                                 exitUsage,
		"findings list --since soon":                                  exitUsage,
		"findings list --check":                                       exitFindings,
		"findings list --check --monitor L01 --status WAIVED":         exitOK,
		"findings show x":                                             exitUsage,
		"findings show 5eed0000-0000-8000-8000-000000000001":          exitNotFound,
		"findings run --data " + filepath.Join(t.TempDir(), "nobody"): exitNotFound,
	} {
		fields := strings.Fields(args)
		if !slices.Contains(fields, "--data") {
			fields = append(fields, "--data", data)
		}
		if f := command(t, fields...); f.code != int(want) {
			t.Errorf("%s: ended with %d, want %d\n%s", args, f.code, want, f.errs)
		}
	}
}

// TestBlackBoxServeJudges checks that a server judges what is recorded while
// it serves, and that nobody else does meanwhile.
func TestBlackBoxServeJudges(t *testing.T) {
	t.Parallel()
	data := unanswered(t)
	found := func() int { return len(listedFindings(t, "--monitor", "L43", "--data", data)) }
	if found() != 0 {
		t.Fatal("it is found before it is due")
	}
	r := serveData(t, data)
	// The journey ended long ago: what was due since is found at once.
	waitFor(t, func() bool { return found() == 1 && judgedAll(t, data) })
	if f := command(t, "findings", "run", "--data", data); f.code != int(exitConflict) {
		t.Errorf("beside a server: ended with %d, want %d\n%s", f.code, exitConflict, f.errs)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	settled := mustCommand(t, "events", "list", "--json", "--data", data)
	r = serveData(t, data)
	if code := r.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	if after := mustCommand(t, "events", "list", "--json", "--data", data); after != settled {
		t.Error("a second start recorded something")
	}
}
