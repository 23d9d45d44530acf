package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// TestKeysAreCopied brings a record to another folder by commands only, and
// reads it there.
func TestKeysAreCopied(t *testing.T) {
	t.Parallel()
	data, to := someData(t), filepath.Join(t.TempDir(), "to")
	said, errs, code := call(t, nil, "keys", "copy", "--to", to, "--json", "--data", data)
	if code != 0 || !strings.Contains(errs, "bring it to "+to) {
		t.Fatalf("ended with %d:\n%s", code, errs)
	}
	var got copiedKeys
	if err := json.Unmarshal([]byte(said), &got); err != nil || got.Keys == 0 || got.Destroyed != 0 || got.Secrets < 2 || !got.Synthetic {
		t.Errorf("said %q (%v)", said, err)
	}
	if synthetic, err := dataDir(to).synthetic(); err != nil || !synthetic {
		t.Errorf("the copy's folder is not marked as of invented people (%v)", err)
	}
	if _, errs, code := call(t, nil, "keys", "copy", "--to", to, "--data", data); code != int(exitConflict) {
		t.Errorf("keys that are there: ended with %d: %s", code, errs)
	}

	path := filepath.Join(t.TempDir(), "ledger.bin")
	copyFile(t, filepath.Join(data, kekFile), filepath.Join(to, kekFile))
	for _, args := range [][]string{{"ledger", "export", path, "--data", data}, {"ledger", "import", path, "--data", to}} {
		if _, errs, code := call(t, nil, args...); code != 0 {
			t.Fatalf("%v ended with %d: %s", args, code, errs)
		}
	}
	replay := func(data string) string {
		t.Helper()
		out, errs, code := call(t, nil, "replay", "P", "--true-on", "2026-06-01", "--known-on", "2026-06-01", "--format", "json", "--data", data)
		if code != 0 {
			t.Fatalf("replay ended with %d: %s", code, errs)
		}
		return out
	}
	if was := replay(data); replay(to) != was || !strings.Contains(was, `"family"`) {
		t.Errorf("the copy tells another record than %s", was)
	}
}

func TestKeysAreNotCopiedWhere(t *testing.T) {
	t.Parallel()
	data := someData(t)
	genuine, marked, served := filepath.Join(t.TempDir(), "genuine"), filepath.Join(t.TempDir(), "marked"), someData(t)
	for _, folder := range []string{genuine, marked} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for path, from := range map[string]string{
		filepath.Join(genuine, ledgerFile): filepath.Join(data, ledgerFile), filepath.Join(genuine, keysFile): filepath.Join(data, keysFile),
		filepath.Join(genuine, kekFile): filepath.Join(data, kekFile), filepath.Join(marked, syntheticFile): filepath.Join(data, syntheticFile),
	} {
		copyFile(t, from, path)
	}
	release, err := opening{dir: dataDir(served), now: time.Now}.alone(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = release() }()
	for what, c := range map[string]struct {
		from, to string
		says     string
		code     exit
	}{
		"no destination":           {data, "", "--to is", exitUsage},
		"an engine without keys":   {data, "kurrentdb://a.invalid", "--to is", exitUsage},
		"no such reference":        {data, "file:/none/of/this", "not there", exitUsage},
		"onto itself":              {data, data, "in use already", exitConflict},
		"into a genuine record":    {data, genuine, "never mixed", exitUsage},
		"of a genuine record":      {genuine, marked, "never mixed", exitUsage},
		"no record":                {filepath.Join(t.TempDir(), "none"), filepath.Join(t.TempDir(), "to"), "", exitNotFound},
		"while somebody serves it": {served, filepath.Join(t.TempDir(), "to"), "in use", exitConflict},
	} {
		_, errs, code := call(t, nil, "keys", "copy", "--to", c.to, "--quiet", "--data", c.from)
		if code != int(c.code) || !strings.Contains(errs, c.says) {
			t.Errorf("%s: ended with %d and said %q, want %d and %q", what, code, errs, c.code, c.says)
		}
	}
}
