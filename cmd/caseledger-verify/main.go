// Command caseledger-verify checks what a ledger handed out: a case proof pack,
// a proof of one entry, a whole exported ledger. It reads files and prints a
// verdict, and never opens a database or a connection, or writes anything.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{out: os.Stdout, errs: os.Stderr, now: time.Now}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
