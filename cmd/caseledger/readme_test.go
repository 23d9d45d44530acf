package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBlackBoxReadmeTour runs, as they stand, the lines of README.md that make
// and look at a record of their own.
func TestBlackBoxReadmeTour(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	folder, lines := t.TempDir(), 0
	for line := range strings.Lines(string(readme)) {
		program, args, ours := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "go run ./cmd/"), " ")
		if !ours || !strings.HasPrefix(program, "caseledger") || !strings.Contains(args, "./alpha") {
			continue
		}
		lines++
		args, into, redirected := strings.Cut(strings.ReplaceAll(args, "./alpha", filepath.Join(folder, "alpha")), " > ")
		var out string
		if program == "caseledger" {
			out = mustCommand(t, strings.Fields(args)...)
		} else {
			raw, err := exec.Command("go", append([]string{"run", "-buildvcs=false", "../" + program}, strings.Fields(args)...)...).Output()
			if out = string(raw); err != nil {
				t.Errorf("line %d of the tour: %v", lines, err)
			}
		}
		if out == "" {
			t.Errorf("line %d of the tour says nothing", lines)
		}
		if redirected {
			if err := os.WriteFile(into, []byte(out), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if lines != 11 {
		t.Errorf("%d lines, want the eleven of the tour", lines)
	}
}
