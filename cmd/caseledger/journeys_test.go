package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/finding"
)

// expected is one finding of domain reference section 12.4: the line it is
// about, and lines that show it.
type expected struct {
	monitor finding.Monitor
	item    string
	shown   []string
	known   bool // it was so as known at the time
	now     bool // it is so as known now
}

// journeyFindings are the 27 findings of the three journeys, by person.
var journeyFindings = map[string][]expected{
	"A": {
		{"L05", "A9.2", []string{"A9.1"}, true, true},
		{"L03", "A9.2", []string{"A6"}, true, true},
		{"L10", "A9.2", []string{"A9.1"}, true, true},
		{"L43", "A10.1", nil, true, true},
		{"L27", "A12.2", []string{"A11.1"}, true, true},
		{"L02", "A13.2", []string{"A13.3"}, false, true},
		{"L01", "A14", []string{"A13.3"}, true, true},
		{"L34", "A16.1", nil, true, true},
	},
	"B": {
		{"L25", "B5.2", []string{"B5.1"}, true, true},
		{"L11", "B5.2", []string{"B5.1"}, true, true},
		{"L10", "B5.2", []string{"B5.1"}, true, true},
		{"L05", "B5.2", []string{"B5.1"}, true, true},
		{"L08", "B5.2", []string{"B5.1"}, true, true},
		{"L14", "B5.2", []string{"B5.1"}, true, true},
		{"L20", "B6.0", nil, true, true},
		{"L22", "B8", []string{"B1.10"}, true, true},
		{"L21", "B8", nil, true, true},
		{"L46", "B8", nil, true, true},
		{"L04", "B9.2", []string{"B9.1"}, true, true},
		{"L12", "B10.2", []string{"B10.1"}, true, true},
		{"L06", "B12", []string{"B3.1"}, true, true},
	},
	"C": {
		{"L07", "C4.2", []string{"C3.5"}, true, true},
		{"L32", "C6.2", []string{"C6.1"}, true, true},
		{"L31", "C6.2", []string{"C6.1", "C6.3"}, false, true},
		{"L33", "C7.1", nil, true, true},
		{"L19", "C8.3", []string{"C8.1"}, true, true},
		{"L21", "C9.2", nil, true, true},
	},
}

// controls are the lines on which nothing may be found.
var controls = []string{"A8", "A15", "A17", "B4", "B7", "B11", "C1", "C5", "C12", "C13"}

// lineEvents returns what lines of journeys recorded: the ref of each event.
func lineEvents(t *testing.T, text io.Reader) map[event.ID]string {
	t.Helper()
	refs := map[event.ID]string{}
	j := readJournal(text)
	for {
		e, err := j.next()
		if errors.Is(err, io.EOF) {
			return refs
		}
		if err != nil {
			t.Fatal(err)
		}
		stream := e.request.Stream
		if stream == (event.StreamID{}) {
			stream = event.Case(e.request.Person)
		}
		for i := range 8 {
			refs[event.DeriveID(e.request.Actor.ID, stream, e.request.ID, i)] = e.ref
		}
	}
}

// TestBlackBoxJourneysHaveTheirFindings runs the three journeys and holds what
// the monitors find to domain reference section 12.4: by monitor, person, item
// and evidence, and nothing else.
func TestBlackBoxJourneysHaveTheirFindings(t *testing.T) {
	t.Parallel()
	kinds, total := map[finding.Monitor]bool{}, 0
	for i, name := range journeyNames {
		person := string(rune('A' + i))
		for _, e := range journeyFindings[person] {
			kinds[e.monitor] = true
			total++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			mustCommand(t, "simulate", "--data", data, "--journal", name)
			refs := lineEvents(t, bytes.NewReader(journeyText(t, name)))
			found := foundIn(t, data, refs)
			if want := wantedFindings(map[string][]expected{person: journeyFindings[person]}); !slices.Equal(found, want) {
				t.Errorf("found:\n%s\nwant:\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
			}
			if again := mustCommand(t, "findings", "run", "--all", "--json", "--data", data); !strings.Contains(again, `"recorded":0`) {
				t.Errorf("judging again from the beginning recorded something: %s", again)
			}
		})
	}
	if len(kinds) != 24 || total != 27 {
		t.Errorf("the table holds %d findings of %d kinds, want 27 of 24", total, len(kinds))
	}
}

// wantedFindings writes a table as [foundIn] writes what was found.
func wantedFindings(of map[string][]expected) []string {
	var lines []string
	for person, all := range of {
		for _, e := range all {
			lines = append(lines, fmt.Sprintf("%s %s %s known=%t now=%t", person, e.monitor, e.item, e.known, e.now))
		}
	}
	slices.Sort(lines)
	return lines
}

// foundIn lists the findings of a data directory, and checks the evidence of
// each and that no control has any.
func foundIn(t *testing.T, data string, refs map[event.ID]string) []string {
	t.Helper()
	var lines []string
	for line := range strings.Lines(mustCommand(t, "findings", "list", "--json", "--data", data)) {
		var f standingFinding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		person := "?"
		for _, label := range []string{"A", "B", "C"} {
			if f.About == personID(label) {
				person = label
			}
		}
		item := refs[f.Item]
		lines = append(lines, fmt.Sprintf("%s %s %s known=%t now=%t", person, f.Monitor, item, f.AsKnown, f.Hindsight))
		if slices.ContainsFunc(controls, func(c string) bool { return item == c || strings.HasPrefix(item, c+".") }) {
			t.Errorf("%s is found on the control %s", f.Monitor, item)
		}
		if f.Status != finding.Open || len(f.Evidence) == 0 || f.Evidence[0] != f.Item {
			t.Errorf("%s on %s: status %s, evidence %v", f.Monitor, item, f.Status, f.Evidence)
		}
		var shown []string
		for _, id := range f.Evidence {
			if refs[id] == "" {
				t.Errorf("%s on %s: evidence %s is of no line", f.Monitor, item, id)
			}
			shown = append(shown, refs[id])
		}
		for _, e := range journeyFindings[person] {
			if e.monitor != f.Monitor || e.item != item {
				continue
			}
			for _, ref := range e.shown {
				if !slices.Contains(shown, ref) {
					t.Errorf("%s on %s: %s does not show it, only %v", f.Monitor, item, ref, shown)
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// journeyText is a journey with the baseline that it begins with.
func journeyText(t testing.TB, name string) []byte {
	t.Helper()
	in, err := openJourney(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
