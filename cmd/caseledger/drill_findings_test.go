package main

import (
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/domain/rights"
	"caseledger/eventstore"
)

// TestWhatWasFoundOutlivesItsErasure erases everything of the people of the three
// journeys, on every side, after their findings were raised: what was found stands
// as it was found, with nothing withdrawn and nothing new, in one judging and the
// next; what cannot be checked any more says so. What is recorded afterwards is
// judged as ever.
func TestWhatWasFoundOutlivesItsErasure(t *testing.T) {
	t.Parallel()
	for i, name := range journeyNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := personID(string(rune('A' + i)))
			data := filepath.Join(t.TempDir(), "data")
			if _, errs, code := call(t, nil, "simulate", "--quiet", "--data", data, "--journal", name); code != 0 {
				t.Fatal(errs)
			}
			before := foundOf(t, data)
			erases(t, data, who)
			if _, errs, code := call(t, nil, "keys", "shred", "--resume", "--quiet", "--data", data); code != 0 {
				t.Fatal(errs)
			}
			for range 2 {
				out, errs, code := call(t, nil, "findings", "run", "--all", "--json", "--quiet", "--data", data)
				if code != 0 {
					t.Fatal(errs)
				}
				if strings.Contains(out, `"parked"`) {
					t.Errorf("somebody could not be judged: %s", out)
				}
			}
			after := foundOf(t, data)
			unchecked := 0
			for id, f := range after {
				was, found := before[id]
				if f.Unchecked {
					unchecked++
				}
				f.Unchecked, f.JudgedTo, f.History = false, was.JudgedTo, was.History
				if !found {
					t.Errorf("%s on %s was not found before the erasure", f.Monitor, f.Item)
				} else if got, want := text(t, f), text(t, was); got != want {
					t.Errorf("%s was\n%s\nand is\n%s", f.Monitor, want, got)
				}
			}
			if len(after) < len(before) || len(before) == 0 {
				t.Errorf("%d findings before, %d after", len(before), len(after))
			}
			t.Logf("%d findings, %d of them can no longer be checked", len(after), unchecked)
			if name == journeyNames[2] && unchecked == 0 {
				t.Error("none says that it can no longer be checked")
			}
		})
	}
}

// foundOf are the findings that stand, by identifier.
func foundOf(t *testing.T, data string) map[event.UUID]standingFinding {
	t.Helper()
	out, errs, code := call(t, nil, "findings", "list", "--json", "--quiet", "--data", data)
	if code != 0 {
		t.Fatal(errs)
	}
	all := map[event.UUID]standingFinding{}
	for line := range strings.Lines(out) {
		var f standingFinding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		all[f.Finding] = f
	}
	return all
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// erases decides, past all commands, to erase everything of a person that any side
// keeps.
func erases(t *testing.T, data string, who event.UUID) {
	t.Helper()
	clock := &handClock{}
	r, err := opening{dir: dataDir(data), mode: writing, now: clock.now, random: rand.Reader}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	head, err := r.head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last, err := r.recordedLast(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	clock.set(last.Add(time.Minute))
	keys, err := r.vault.KeysOf(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	var sides []event.Side
	for _, k := range keys {
		if !slices.Contains(sides, k.Side) {
			sides = append(sides, k.Side)
		}
	}
	for _, side := range sides {
		actor := event.Actor{ID: event.DeriveUUID("drill-lead", []byte(side)), Role: "IG_LEAD", Side: side, Org: event.DeriveUUID("drill-org", []byte(side))}
		c := eventstore.Command{ID: event.DeriveUUID("drill-erases", []byte(side)), Stream: event.Case(who), Subject: who, Effective: event.At(clock.now()),
			Actor: actor, Purpose: "AUDIT", Origin: event.Imported, IfAny: true, Import: event.Provenance{Reason: "an invented drill", System: "TEST"}}
		request := event.DeriveUUID("drill-request", []byte(side))
		_, err := eventstore.Execute(t.Context(), r.store, r.codec, c, func([]event.Recorded, event.Revision) ([]event.Draft, error) {
			return []event.Draft{{Data: rights.RightsRequestReceived{Request: request, Kind: rights.Erasure}},
				{Data: rights.RightsRequestResponded{Request: request, Outcome: rights.Granted}},
				{Data: rights.ErasureDecided{Erasure: event.DeriveUUID("drill-erasure", []byte(side)), Request: request,
					Data: []event.Class{event.Identity, event.Health, event.Offence}}}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := r.close(); err != nil {
		t.Fatal(err)
	}
}
