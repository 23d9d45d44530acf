package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// TestKeysAreWrappedAgain wraps a record's keys again by commands only, and reads
// it then; with the key file from before nothing is read.
func TestKeysAreWrappedAgain(t *testing.T) {
	t.Parallel()
	data := someData(t)
	replay := func() (string, string, int) {
		return call(t, nil, "replay", "P", "--true-on", "2026-06-01", "--known-on", "2026-06-01", "--format", "json", "--quiet", "--data", data)
	}
	before, errs, code := replay()
	if code != 0 {
		t.Fatalf("replay ended with %d: %s", code, errs)
	}
	old, err := os.ReadFile(filepath.Join(data, kekFile))
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(more ...string) (got rewrappedKeys) {
		t.Helper()
		out, errs, code := call(t, nil, append([]string{"keys", "rewrap", "--json", "--data", data}, more...)...)
		if code != 0 {
			t.Fatalf("keys rewrap %v ended with %d: %s", more, code, errs)
		}
		if err := json.Unmarshal([]byte(out), &got, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return got
	}
	if got := wrap("--prepare"); got.Epoch != 2 || !got.Prepared || got.Keys != 0 || len(got.Removed) != 0 {
		t.Errorf("prepared: %+v", got)
	}
	if got := wrap(); got.Epoch != 2 || got.Prepared || got.Keys == 0 || got.Secrets < 2 || len(got.Removed) != 1 || got.Removed[0] != 1 {
		t.Errorf("wrapped: %+v", got)
	}
	if after, errs, code := replay(); code != 0 || after != before {
		t.Errorf("replay ended with %d, with another record than before: %s", code, errs)
	}
	out, errs, code := call(t, nil, "keys", "rewrap", "--data", data)
	if code != 0 || !strings.Contains(out, "epoch 3 wraps everything") {
		t.Errorf("in words: ended with %d: %s%s", code, out, errs)
	}

	if err := os.WriteFile(filepath.Join(data, kekFile), old, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := replay(); code != int(exitError) || out != "" || !strings.Contains(errs, "lacks an epoch") {
		t.Errorf("with the key file from before replay ended with %d: %s%s", code, out, errs)
	}
}

// A service that cannot be asked ends a command as what may be tried again, and
// changes nothing.
func TestKeysAreNotWrappedByAServiceThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	data := someData(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("invented\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(data, kekFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		uri  string
		code exit
	}{
		{"hcvault://127.0.0.1:1/transit/keys/caseledger", exitUnavailable},
		{"aws-kms://arn:aws:kms:eu-west-2:1:key/x", exitUnavailable},
		{"not a URI", exitUsage},
	} {
		_, errs, code := call(t, nil, "keys", "rewrap", "--kms", c.uri, "--kms-token-file", token, "--data", data)
		if code != int(c.code) || strings.Contains(errs, "invented") {
			t.Errorf("by %s ended with %d: %s", c.uri, code, errs)
		}
	}
	if after, err := os.ReadFile(filepath.Join(data, kekFile)); err != nil || string(after) != string(before) {
		t.Errorf("the key file was changed, or: %v", err)
	}
	if _, errs, code := call(t, nil, "keys", "rewrap", "--kms", "none", "--data", data); code != 0 {
		t.Errorf("by the file's own key ended with %d: %s", code, errs)
	}
}
