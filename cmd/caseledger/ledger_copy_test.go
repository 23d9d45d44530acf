package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/eventstore/ledger"
)

// withKeys is a data folder that has the keys of another and no ledger yet.
func withKeys(t *testing.T, of string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "copy")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{keysFile, kekFile, syntheticFile} {
		if _, err := os.Stat(filepath.Join(of, name)); err == nil {
			copyFile(t, filepath.Join(of, name), filepath.Join(data, name))
		}
	}
	return data
}

func TestALedgerIsCopied(t *testing.T) {
	t.Parallel()
	data := someData(t)
	path := filepath.Join(t.TempDir(), "ledger.bin")
	out, errs, code := call(t, nil, "ledger", "export", path, "--json", "--data", data)
	if code != 0 {
		t.Fatalf("export ended with %d:\n%s", code, errs)
	}
	var told, taken copied
	if err := json.Unmarshal([]byte(out), &told); err != nil || told.Events == 0 || !told.Synthetic {
		t.Fatalf("export said %q (%v)", out, err)
	}
	if _, errs, code := call(t, nil, "ledger", "export", path, "--data", data); code != int(exitUsage) {
		t.Errorf("a file that is there: ended with %d: %s", code, errs)
	}
	streamed, _, code := call(t, nil, "ledger", "export", "-", "--quiet", "--data", data)
	if raw, err := os.ReadFile(path); code != 0 || err != nil || streamed != string(raw) {
		t.Errorf("standard output has other bytes than the file (%d, %v)", code, err)
	}

	to := withKeys(t, data)
	out, errs, code = call(t, nil, "ledger", "import", path, "--json", "--data", to)
	if code != 0 {
		t.Fatalf("import ended with %d:\n%s", code, errs)
	}
	if err := json.Unmarshal([]byte(out), &taken); err != nil || taken != told {
		t.Errorf("import said %q, export %+v (%v)", out, told, err)
	}
	ledger := func(data string) string {
		t.Helper()
		out, errs, code := call(t, nil, "events", "list", "--json", "--data", data)
		if code != 0 || out == "" {
			t.Fatalf("events list ended with %d: %s", code, errs)
		}
		return out
	}
	if ledger(data) != ledger(to) {
		t.Error("the copy tells other events")
	}
	if _, errs, code := call(t, nil, "ledger", "import", path, "--data", to); code != int(exitConflict) {
		t.Errorf("a ledger that is there: ended with %d: %s", code, errs)
	}
	again, _, code := call(t, nil, "ledger", "export", "-", "--quiet", "--data", to)
	if code != 0 || again != streamed {
		t.Error("the copy's file is another")
	}
}

// What is no whole ledger, or has other keys, leaves nothing behind; the folder
// takes a whole one then.
func TestALedgerIsCopiedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	data := someData(t)
	whole, _, code := call(t, nil, "ledger", "export", "-", "--quiet", "--data", data)
	if code != 0 {
		t.Fatal(code)
	}
	altered := []byte(whole)
	altered[len(altered)/2] ^= 1
	synthetic := []byte(whole)
	synthetic[19] = 0
	to := withKeys(t, data)
	other := someData(t)
	for _, c := range []struct {
		what, file, data string
		says             string
		code             exit
	}{
		{"cut short", whole[:len(whole)-1], to, "cut short", exitError},
		{"altered", string(altered), to, "", exitIntegrity},
		{"a journal", goodLine, to, "not the file of a ledger", exitUsage},
		{"of people who may be real", string(synthetic), to, "never mixed", exitUsage},
		{"no keys", whole, filepath.Join(t.TempDir(), "none"), "come before it", exitNotFound},
		{"other keys", whole, withKeys(t, other), "not the ones that this ledger was sealed with", exitIntegrity},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, errs, code := call(t, nil, "ledger", "import", path, "--quiet", "--data", c.data)
		if code != int(c.code) || !strings.Contains(errs, c.says) {
			t.Errorf("%s: ended with %d and said %q, want %d and %q", c.what, code, errs, c.code, c.says)
		}
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := call(t, nil, "ledger", "import", path, "--quiet", "--data", to); code != 0 {
		t.Errorf("the whole ledger after those: ended with %d: %s", code, errs)
	}
	if out, _, _ := call(t, nil, "ledger", "export", "-", "--quiet", "--data", to); !bytes.Equal([]byte(out), []byte(whole)) {
		t.Error("what was taken over is not the whole ledger")
	}
}

// A copy of a ledger is sealed under its name once it is shown to make what was
// signed of it; an older copy is refused.
func TestACopiedLedgerGoesOnUnderItsName(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	fillLedger(t, dataDir(data), 3)
	older := mustEnd(t, exitOK, "ledger", "export", "-", "--quiet", "--data", data)
	r, err := opening{dir: dataDir(data), mode: writing, now: time.Now, random: rand.Reader}.open(t.Context())
	if err == nil {
		err = errors.Join(fillPerson(t, r, 5, eventsOfOne), r.close())
	}
	if err != nil {
		t.Fatal(err)
	}
	tree, err := sealData(t, data)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, was := filepath.Join(t.TempDir(), "checkpoint"), sealsOf(t, data, exitOK)
	signed := mustEnd(t, exitOK, "ledger", "checkpoint", "--data", data)
	newer := mustEnd(t, exitOK, "ledger", "export", "-", "--quiet", "--data", data)
	for file, of := range map[string]string{checkpoint: signed, checkpoint + ".older": older, checkpoint + ".newer": newer} {
		if err := os.WriteFile(file, []byte(of), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for which, wanted := range map[string]exit{".older": exitIntegrity, ".newer": exitOK} {
		to := withKeys(t, data)
		copyFile(t, filepath.Join(data, signerFile), filepath.Join(to, signerFile))
		if err := os.Chmod(filepath.Join(to, signerFile), 0o600); err != nil {
			t.Fatal(err)
		}
		mustEnd(t, exitOK, "ledger", "import", checkpoint+which, "--quiet", "--data", to)
		_, errs, code := call(t, nil, "ledger", "recover", "--accept", checkpoint, "--reason", "moved", "--quiet", "--data", to)
		if code != int(wanted) {
			t.Errorf("%s: recover ended with %d, want %d: %s", which, code, wanted, errs)
		}
		is, err := sealData(t, to)
		if wanted != exitOK {
			if !errors.Is(err, ledger.ErrAlarm) {
				t.Errorf("%s: it is sealed: %v", which, err)
			}
			continue
		}
		if err != nil || is.N < tree.N || sealsOf(t, to, exitOK).Origin != was.Origin {
			t.Errorf("%s: %d entries of %s are sealed (%v), want %d of %s", which, is.N, sealsOf(t, to, exitOK).Origin, err, tree.N, was.Origin)
		}
	}
}
