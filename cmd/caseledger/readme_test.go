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
	folder, lines := t.TempDir(), 0
	for line := range strings.Lines(string(readme)) {
		args, ours := strings.CutPrefix(strings.TrimSpace(line), "go run ./cmd/caseledger ")
		if !ours || !strings.Contains(args, "./alpha") {
			continue
		}
		lines++
		args = strings.ReplaceAll(args, "./alpha", filepath.Join(folder, "alpha"))
		args = strings.ReplaceAll(args, "cmd/caseledger/journeys", "journeys") // tests stand in their package's folder
		if out := mustCommand(t, strings.Fields(args)...); out == "" {
			t.Errorf("line %d of the tour says nothing", lines)
		}
	}
	if lines != 7 {
		t.Errorf("%d lines, want the seven of the tour", lines)
	}
}
