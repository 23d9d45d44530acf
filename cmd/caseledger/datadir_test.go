package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// journeyData makes a data directory that holds one of the journeys.
func journeyData(t testing.TB, name string) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	mustCommand(t, "simulate", "--quiet", "--data", data, "--journal", name)
	return data
}

// overwrite changes a few bytes in the middle of a file.
func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(with, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBlackBoxBadData checks that a record that cannot be trusted is refused,
// with the reason and its exit code, and left as it is.
func TestBlackBoxBadData(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, data string)
		args  []string
		code  exit
		says  string
	}{
		{"a ledger whose first page is gone", func(t *testing.T, data string) {
			overwrite(t, filepath.Join(data, ledgerFile), 100, make([]byte, 900))
		}, []string{"serve", "--addr", "127.0.0.1:0"}, exitIntegrity, "damaged"},
		{"a ledger that is no database", func(t *testing.T, data string) {
			if err := os.WriteFile(filepath.Join(data, ledgerFile), []byte(strings.Repeat("not a database. ", 400)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"events", "list"}, exitIntegrity, "damaged"},
		{"a newer ledger", func(t *testing.T, data string) {
			overwrite(t, filepath.Join(data, ledgerFile), 60, []byte{0, 0, 3, 231}) // user_version of the SQLite header
		}, []string{"serve", "--addr", "127.0.0.1:0"}, exitError, "newer"},
		{"a keystore without its key-encryption key", func(t *testing.T, data string) {
			if err := os.Remove(filepath.Join(data, kekFile)); err != nil {
				t.Fatal(err)
			}
		}, []string{"serve", "--addr", "127.0.0.1:0"}, exitError, "key-encryption key"},
		{"a key-encryption key that others can read", func(t *testing.T, data string) {
			if err := os.Chmod(filepath.Join(data, kekFile), 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"replay", "A"}, exitError, "0600"},
		{"another ledger's key-encryption key", func(t *testing.T, data string) {
			other := journeyData(t, "charlie")
			key, err := os.ReadFile(filepath.Join(other, kekFile))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(data, kekFile), key, 0o600); err != nil {
				t.Fatal(err)
			}
		}, []string{"replay", "A"}, exitIntegrity, "key"},
		{"no record at all", func(t *testing.T, data string) {
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
		}, []string{"events", "list"}, exitNotFound, "no record"},
		{"a second population", func(*testing.T, string) {}, []string{"simulate", "--people", "1"}, exitUsage, "not empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := journeyData(t, "alpha")
			c.spoil(t, data)
			before := sizes(t, data)
			f := command(t, append(c.args, "--quiet", "--data", data)...)
			if f.code != int(c.code) || !strings.Contains(f.errs, c.says) {
				t.Errorf("ended with %d, want %d and %q:\n%s%s", f.code, c.code, c.says, f.out, f.errs)
			}
			if after := sizes(t, data); before[ledgerFile] != after[ledgerFile] || before[keysFile] != after[keysFile] {
				t.Errorf("the refused record was changed: %v, then %v", before, after)
			}
		})
	}
}

// sizes are the files of a data directory and what is in them, in short.
func sizes(t *testing.T, data string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		sum := 0
		for i, b := range raw {
			sum = sum*31 + int(b) + i
		}
		all[filepath.Base(path)] = fmt.Sprintf("%d bytes, %x", len(raw), uint32(sum))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestBlackBoxOneWriter checks that a second process cannot write, and that
// commands that only read run beside the server.
func TestBlackBoxOneWriter(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	r := serveData(t, data)
	f := command(t, "serve", "--data", data, "--addr", "127.0.0.1:0")
	if f.code != int(exitConflict) || !strings.Contains(f.errs, "in use") {
		t.Errorf("a second server ended with %d, want %d:\n%s", f.code, exitConflict, f.errs)
	}
	who := newPerson(t, r)
	for _, args := range [][]string{
		{"events", "list", "--limit", "5"}, {"events", "show", "1"}, {"events", "export"}, {"replay", who.String()}, {"replay", "A", "--format", "json"},
		{"project", "status"}, {"project", "check"}, {"doctor"}, {"events", "list", "--json", "--type", "consent.granted", "--person", "A"},
	} {
		if f := command(t, append(args, "--data", data)...); f.code != 0 || f.out == "" {
			t.Errorf("%v beside the server ended with %d:\n%s%s", args, f.code, f.out, f.errs)
		}
	}
	if f := command(t, "replay", "NOBODY", "--data", data); f.code != int(exitNotFound) {
		t.Errorf("replay of nobody ended with %d, want %d", f.code, exitNotFound)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("the server stopped with %d:\n%s", code, r.errs)
	}
}

// TestBlackBoxReplayShowsBothTimes replays journey A before and after the
// withdrawal was recorded.
func TestBlackBoxReplayShowsBothTimes(t *testing.T) {
	t.Parallel()
	data := journeyData(t, "alpha")
	moment := "2026-02-23T12:00:00Z"
	known := mustCommand(t, "replay", "A", "--data", data, "--true-on", moment, "--known-on", moment)
	hindsight := mustCommand(t, "replay", "A", "--data", data, "--true-on", moment)
	for _, c := range []struct {
		name, text        string
		active, withdrawn int
	}{{"as known", known, 2, 0}, {"in hindsight", hindsight, 1, 1}} {
		_, consents, _ := strings.Cut(c.text, "\nConsents\n")
		if a, w := strings.Count(consents, "ACTIVE"), strings.Count(consents, "WITHDRAWN"); a != c.active || w != c.withdrawn {
			t.Errorf("%s %d consents are active and %d withdrawn, want %d and %d:\n%s", c.name, a, w, c.active, c.withdrawn, consents)
		}
	}
	if strings.Contains(known, "consent.withdrawn") || !strings.Contains(hindsight, "consent.withdrawn") {
		t.Error("the withdrawal is shown where it was not known, or not where it was")
	}
}
