//go:build postgres

package postgres_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"caseledger/eventstore/postgres/pgtest"
)

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// processor is the processor time that this process and a server, with all its
// sessions, have used so far.
func processor(tb testing.TB, server *pgtest.Server) time.Duration {
	tb.Helper()
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		tb.Fatal(err)
	}
	used := time.Duration(own.Utime.Nano() + own.Stime.Nano())
	pid, err := os.ReadFile(filepath.Join(server.Folder(), "data", "postmaster.pid"))
	if err != nil {
		tb.Fatal(err)
	}
	postmaster, _, _ := strings.Cut(string(pid), "\n")
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, after, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(after) // from the third on, of proc(5)
		if len(fields) < 15 {
			continue
		}
		own := filepath.Base(filepath.Dir(path)) == postmaster
		if !own && fields[1] != postmaster {
			continue
		}
		last := 13 // the time of a process
		if own {
			last = 15 // and that of the sessions that have ended
		}
		for _, field := range fields[11:last] {
			n, err := strconv.Atoi(field)
			if err != nil {
				tb.Fatal(err)
			}
			used += time.Duration(n) * tick
		}
	}
	return used
}
