package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the record hands out is judged without it: packs as different people may
// have them, and the exported ledger.
func TestVerifyFiles(t *testing.T) {
	t.Parallel()
	data := journeysOf(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	packs := map[string][]string{
		"whole.zip":  {"A", "--as", "AUD1/AUDITOR/REGULATOR1"},
		"hub.zip":    {"A", "--as", "DPO1/DPO/HUB-CAM", "--kind", "subject-access"},
		"nobody.zip": {"NOBODY", "--as", "AUD1/AUDITOR/REGULATOR1"},
	}
	for name, args := range packs {
		mustCommand(t, append([]string{"pack", "create", "--data", data, "--out", at(name), "--reason", "complaint 17"}, args...)...)
	}
	write("key", mustCommand(t, "keys", "export-public", "--data", data))
	for name := range packs {
		r := verified(t, exitOK, at(name), "--key", at("key"))
		if r.Entries == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	mustCommand(t, "ledger", "export", at("ledger.bin"), "--data", data)
	write("checkpoint", mustCommand(t, "ledger", "checkpoint", "--data", data))
	if r := verified(t, exitOK, at("ledger.bin"), "--key", at("key"), "--checkpoint", at("checkpoint"), "--digest"); r.Entries == 0 {
		t.Errorf("the exported ledger: %+v", r)
	}
	b, err := os.ReadFile(at("hub.zip"))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	write("altered.zip", string(b))
	verified(t, exitIntegrity, at("altered.zip"), "--key", at("key"))
	for _, c := range []struct {
		code exit
		args []string
		says string
	}{
		{exitUsage, []string{at("hub.zip")}, "no key was pinned"},
		{exitUsage, []string{at("hub.zip"), "--key", at("key"), "--full"}, "for a record"},
		{exitUsage, []string{"--data", data, "--entry", at("key")}, "for a file"},
		{exitUsage, []string{at("hub.zip"), "--key", at("altered.zip")}, "cannot be understood"},
		{exitNotFound, []string{at("absent.zip"), "--key", at("key")}, "no such file"},
		{exitError, []string{at("key"), "--key", at("key")}, "neither a pack"},
	} {
		if f := command(t, append([]string{"verify"}, c.args...)...); f.code != int(c.code) || !strings.Contains(f.errs, c.says) {
			t.Errorf("verify %v ended with %d, want %d: %s", c.args, f.code, c.code, f.errs)
		}
	}
}
