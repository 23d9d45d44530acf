package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
)

// plantPeople are the populations of a test of what is planted: those of
// --people, where the environment asks for many. In few, every monitor has its
// turn once, and they are followed for 200 days.
func plantPeople(t *testing.T, seed uint64) (planted, clean invention) {
	t.Helper()
	text, many := os.LookupEnv("CASELEDGER_TEST_PLANT_PEOPLE")
	if !many {
		return invention{people: 100, seed: seed, days: 200, breaches: 0.1}, inventedYears(12, seed, 1, 0)
	}
	people, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return inventedYears(people, seed, 1, 0.1), inventedYears(people, seed, 1, 0)
}

// judgedInvention plays an invention as a journal and returns what the monitors
// found. The program does it: the race detector would find nothing here.
func judgedInvention(t *testing.T, in invention) []standingFinding {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	simulate := exec.CommandContext(t.Context(), binary(t), "simulate", "--quiet", "--data", data, "--journal", "-")
	simulate.Stdin = inventing(in)
	if out, err := simulate.CombinedOutput(); err != nil {
		t.Fatalf("simulate: %v\n%s", err, out)
	}
	return listedFindings(t, "--data", data)
}

// key is the answers of an invention.
func key(t *testing.T, in invention) (all []answer) {
	t.Helper()
	if err := in.answers(func(a answer) error { all = append(all, a); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// differences compares what was found with the key, by monitor, whom it is
// about and the item, whether it was so as known and is so now, and by the
// evidence that the key names.
func differences(key []answer, found []standingFinding) (wrong []string) {
	one := func(monitor string, about event.UUID, item event.ID) string {
		return fmt.Sprintf("%s about %s on %s", monitor, about, item)
	}
	by := map[string]standingFinding{}
	for _, f := range found {
		name := one(string(f.Monitor), f.About, f.Item)
		if _, twice := by[name]; twice {
			wrong = append(wrong, "found twice: "+name)
		}
		by[name] = f
	}
	for _, a := range key {
		name := one(a.Monitor, a.About, a.Item)
		f, ok := by[name]
		delete(by, name)
		switch {
		case !ok:
			wrong = append(wrong, "not found: "+name+" at "+a.Ref)
		case f.AsKnown != a.AsKnown || f.Hindsight != a.Hindsight:
			wrong = append(wrong, fmt.Sprintf("%s at %s: as known %t, now %t", name, a.Ref, f.AsKnown, f.Hindsight))
		}
		for _, e := range a.Evidence {
			if ok && !slices.Contains(f.Evidence, e) {
				wrong = append(wrong, fmt.Sprintf("%s at %s: %s does not show it", name, a.Ref, e))
			}
		}
	}
	for name, f := range by {
		wrong = append(wrong, fmt.Sprintf("not planted: %s, %v at %s", name, f.Notes, f.At))
	}
	slices.Sort(wrong)
	return wrong
}

// TestBlackBoxPlantedIsFoundAndNothingElse invents people with something unlawful
// planted, and people without: the monitors find what the key says, of every
// monitor, and nothing else. If one monitor had been silent, it would fail.
func TestBlackBoxPlantedIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 3} {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			planted, clean := plantPeople(t, seed)
			all, found := key(t, planted), judgedInvention(t, planted)
			for _, wrong := range differences(all, found) {
				t.Error(wrong)
			}
			for _, m := range lawfulness.Monitors() {
				silent := slices.DeleteFunc(slices.Clone(found), func(f standingFinding) bool { return f.Monitor == m.ID })
				if len(differences(all, silent)) == 0 {
					t.Errorf("nobody would notice if %s found nothing", m.ID)
				}
			}
			for _, f := range judgedInvention(t, clean) {
				t.Errorf("found where nothing is planted: %s about %s, %v at %s", f.Monitor, f.About, f.Notes, f.At)
			}
		})
	}
}

// TestBlackBoxAnswers runs a small population with its key.
func TestBlackBoxAnswers(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, answers := filepath.Join(folder, "data"), filepath.Join(folder, "answers.jsonl")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--people", "12", "--seed", "5", "--breaches", "0.5", "--answers", answers)
	text, err := os.ReadFile(answers)
	if err != nil {
		t.Fatal(err)
	}
	var all []answer
	for line := range bytes.Lines(text) {
		var a answer
		if err := json.Unmarshal(line, &a, json.RejectUnknownMembers(true)); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if len(all) < 6 || all[0].Person == "" || all[0].Ref == "" {
		t.Errorf("the key holds %d answers: %+v", len(all), all)
	}
	for _, wrong := range differences(all, listedFindings(t, "--data", data)) {
		t.Error(wrong)
	}
}

// TestEveryMonitorHasItsPlant checks the table of plants, and that each is
// planted where there are enough people.
func TestEveryMonitorHasItsPlant(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, p := range plants {
		ids = append(ids, p.monitor)
	}
	var monitors []string
	for _, m := range lawfulness.Monitors() {
		monitors = append(monitors, string(m.ID))
	}
	if !slices.Equal(ids, monitors) {
		t.Errorf("there are plants for %v, and monitors %v", ids, monitors)
	}
	for _, c := range []struct {
		people uint64
		share  float64
		want   int // people with a plant
		all    bool
	}{{100, 0.01, len(plants), true}, {1000, 0.2, 200, true}, {99, 0.1, 10, false}, {100, 0, 0, false}, {20, 1, 20, false}} {
		in := inventedYears(c.people, 9, 1, c.share)
		seen, carriers := map[string]int{}, 0
		for i := range int(c.people) {
			if p, ok := in.plantOf(i); ok {
				carriers++
				seen[p.monitor]++
				if p.once && seen[p.monitor] > 1 {
					t.Errorf("%d people at %v: %s is planted again, and found once", c.people, c.share, p.monitor)
				}
			}
		}
		if carriers != c.want || c.all != (len(seen) == len(plants)) {
			t.Errorf("%d people at %v: %d carry a plant, of %d monitors", c.people, c.share, carriers, len(seen))
		}
	}
}
