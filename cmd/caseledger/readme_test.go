package main

import (
	"os"
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
	data, lines := filepath.Join(t.TempDir(), "alpha-record"), 0
	for line := range strings.Lines(string(readme)) {
		args, ours := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/caseledger ")
		if !ours || !strings.Contains(args, "./alpha-record") {
			continue
		}
		lines++
		args = strings.ReplaceAll(args, "./alpha-record", data)
		args = strings.ReplaceAll(args, "cmd/caseledger/journeys", "journeys") // tests stand in their package's folder
		if out := mustCommand(t, strings.Fields(args)...); out == "" {
			t.Errorf("line %d of the tour says nothing", lines)
		}
	}
	if lines != 6 {
		t.Errorf("%d lines, want the six of the tour", lines)
	}
}
