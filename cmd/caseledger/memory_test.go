package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// peak runs a command to its end and returns the most memory it had, in KiB,
// as Linux counts it. (The figure of the ended process would do if it did not
// begin with that of whoever started it.)
func peak(t testing.TB, args ...string) (most int64) {
	t.Helper()
	c := exec.Command(binary(t), args...)
	c.Stdout, c.Stderr = io.Discard, io.Discard
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil || most == 0 {
				t.Fatalf("%v: %v, peak %d KiB", args, err, most)
			}
			return most
		case <-look.C:
			most = max(most, highWater(c.Process.Pid))
		}
	}
}

// highWater is the most memory a process has had so far, in KiB; 0 if it is
// not itself yet, or no longer there.
func highWater(pid int) (kib int64) {
	if name, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err != nil || filepath.Base(name) != "caseledger" {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
			return kib
		}
	}
	return 0
}

// TestBlackBoxMemoryIsConstant checks that what streams through the whole
// ledger needs no more memory for a larger one.
func TestBlackBoxMemoryIsConstant(t *testing.T) {
	t.Parallel()
	data := map[string]string{}
	for name, people := range map[string]int{"10,000": 200, "40,000": 800} {
		data[name] = filepath.Join(t.TempDir(), "data")
		fillLedger(t, dataDir(data[name]), people)
		buildViews(t, dataDir(data[name]), "NHS")
	}
	for _, args := range [][]string{{"events", "export"}, {"events", "list"}, {"doctor"}, {"project", "rebuild", "timeline", "--side", "NHS"}, {"project", "check", "caseload", "--side", "NHS"}, {"findings", "run"}, {"findings", "list"}} {
		small := peak(t, append(args, "--quiet", "--data", data["10,000"])...)
		large := peak(t, append(args, "--quiet", "--data", data["40,000"])...)
		t.Logf("%v: %d MiB for 10,000 events, %d MiB for 40,000", args, small>>10, large>>10)
		if large > small*3/2+16<<10 {
			t.Errorf("%v takes %d MiB for 40,000 events, after %d MiB for 10,000", args, large>>10, small>>10)
		}
	}
}
