package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/memory"
)

// appendOne records an event on a stream of its own.
func appendOne(t *testing.T, s eventstore.Store, n byte) {
	t.Helper()
	id := event.UUID{15: n, 0: 1}
	if _, err := s.Append(t.Context(), event.Case(id), 0, []eventstore.Event{{ID: event.ID{UUID: id}}}); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s eventstore.Store, after event.Position) (n int) {
	t.Helper()
	for _, err := range s.ReadAll(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// Whatever was followed lies before the trace, and a ledger is recognised by it:
// as it was, or longer; not shorter, nor gone on otherwise.
func TestALedgerIsRecognised(t *testing.T) {
	t.Parallel()
	dir := dataDir(t.TempDir())
	if err := dir.prepare(); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { at = at.Add(time.Second); return at }
	kept := fileTraces{dir}
	ours := func(s eventstore.Store) bool {
		t.Helper()
		last, err := kept.recall(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found, err := (&traced{Store: s, traces: kept}).holds(t.Context(), last)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	ledger := memory.New(clock)
	for n := range byte(5) {
		appendOne(t, ledger, n)
	}
	var older []eventstore.Stored // a copy that is restored later
	for e := range ledger.ReadAll(t.Context(), 0) {
		if e.Position <= 3 {
			older = append(older, e)
		}
	}
	first := &traced{Store: ledger, traces: kept}
	if n := read(t, first, 0); n != 5 {
		t.Fatalf("read %d events", n)
	}
	if last, err := kept.recall(t.Context()); err != nil || last.Position != 5 {
		t.Errorf("the trace is at %d (error %v), want 5", last.Position, err)
	}
	if !ours(ledger) {
		t.Error("the ledger is not recognised as it was")
	}
	appendOne(t, ledger, 9)
	if !ours(ledger) {
		t.Error("the ledger is not recognised once it has grown")
	}

	restored := memory.New(clock)
	if err := restored.Ingest(t.Context(), func(yield func(eventstore.Stored, error) bool) {
		for _, e := range older {
			if !yield(e, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if ours(restored) {
		t.Error("an older copy is taken for the ledger")
	}
	for n := range byte(5) {
		appendOne(t, restored, 3+n) // the same events as were lost, and more
	}
	if ours(restored) {
		t.Error("an older copy that went on is taken for the ledger")
	}
	if err := kept.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	read(t, &traced{Store: restored, traces: kept}, 0)
	if !ours(restored) || ours(ledger) {
		t.Error("after beginning anew the restored ledger is not the one that is followed")
	}
}

// Where no trace can be left nothing is followed.
func TestNothingIsFollowedWithoutATrace(t *testing.T) {
	t.Parallel()
	ledger := memory.New(time.Now)
	appendOne(t, ledger, 1)
	followed := &traced{Store: ledger, traces: fileTraces{dataDir(filepath.Join(t.TempDir(), "gone"))}}
	for e, err := range followed.ReadAll(context.Background(), 0) {
		if err == nil {
			t.Errorf("entry %d was followed", e.Position)
		}
	}
}

// The read models of a ledger that was replaced by an older copy, which went on
// otherwise, are made again; so is what the monitors remember.
func TestAnotherLedgerIsFollowedAnew(t *testing.T) {
	t.Parallel()
	data := someData(t)
	run := func(args ...string) {
		t.Helper()
		if out, errs, code := call(t, nil, append(args, "--quiet", "--data", data)...); code != 0 {
			t.Fatalf("%v ended with %d:\n%s%s", args, code, out, errs)
		}
	}
	imports := func(ref string) {
		t.Helper()
		line := strings.ReplaceAll(facts[:strings.Index(facts, "\n")+1], "F1", ref)
		if out, errs, code := importing(t, data, line, asLead()...); code != 0 {
			t.Fatalf("the import ended with %d:\n%s%s", code, out, errs)
		}
	}
	copyFile(t, filepath.Join(data, ledgerFile), filepath.Join(data, "older"))
	imports("X1")
	run("findings", "run")
	catchUp(t, data)
	run("doctor")

	copyFile(t, filepath.Join(data, "older"), filepath.Join(data, ledgerFile))
	if out, errs, code := call(t, nil, "doctor", "--quick", "--data", data); code == 0 || !strings.Contains(out, errAnother.Error()) {
		t.Errorf("doctor finds nothing wrong:\n%s%s", out, errs)
	}
	imports("X2")
	if _, err := os.Stat(filepath.Join(data, monitorsFile)); !os.IsNotExist(err) {
		t.Errorf("what the monitors remember of another ledger is still there (%v)", err)
	}
	run("findings", "run")
	catchUp(t, data)
	run("project", "check")
	run("doctor")
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, fs.FileMode(0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// catchUp folds what the ledger holds into the read models.
func catchUp(t *testing.T, data string) {
	t.Helper()
	r, err := opening{dir: dataDir(data), mode: writing, now: time.Now, random: zeros{}}.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := r.buildViews(t.Context()); err != nil {
		t.Fatal(err)
	}
}
