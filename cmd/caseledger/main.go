// Command caseledger keeps the event-sourced record of a person on probation
// across the boundary between the NHS and probation: it serves it, replays
// it, checks it and fills it with invented people. It is the only place that
// reads the environment, owns the clock and ends the process; it never decides
// what may be recorded or shown.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	p := &program{
		out: os.Stdout, errs: os.Stderr, in: os.Stdin,
		now: time.Now, random: rand.Reader, environ: os.Environ(),
		signals: signals,
	}
	os.Exit(p.run(context.Background(), os.Args[1:]))
}
