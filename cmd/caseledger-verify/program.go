package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/eventstore/ledger/offline"
)

// The exit codes; they are those of caseledger.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitIntegrity   = 3 // what was checked is not what was signed; nothing else ends so
	exitNotFound    = 5
	exitInterrupted = 130
)

const help = `Examples:
  caseledger-verify --key ledger.pub PACK.zip
  caseledger-verify --key 'hub.example/ledger+1a2b3c4d+AX…' --witness-policy policy.txt PACK.zip
  caseledger-verify --key ledger.pub FILE.tlog-proof --entry 42.bin
  caseledger-verify --key ledger.pub --checkpoint checkpoint LEDGER.bin

Checks a case proof pack, the proof of one entry, or an exported ledger, from files alone: no database, no network.
Get the key from somebody whom you trust, not from where the file is from: a pack without a key that you pinned proves nothing.

`

const exits = `
Exit: 0 intact or intact-erased, 1 cannot be read or not proven, 2 usage, or no key was given, 3 TAMPERED and nothing else, 5 no such file.
`

// program is one run and everything it gets from outside.
type program struct {
	out, errs io.Writer
	now       func() time.Time
}

// list is a flag that may be given several times.
type list []string

func (l *list) String() string     { return "" }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// run answers one command line and returns how the process ends.
func (p *program) run(ctx context.Context, args []string) int {
	var q offline.Query
	var asJSON, quiet bool
	flags := flag.NewFlagSet("caseledger-verify", flag.ContinueOnError)
	flags.SetOutput(p.errs)
	flags.Var((*list)(&q.Keys), "key", "a verifier key of the ledger, or a `FILE` of them; may be given several times")
	flags.StringVar(&q.Origin, "origin", "", "`NAME` of the ledger; the name of the keys if left out")
	flags.StringVar(&q.Policy, "witness-policy", "", "`FILE` (C2SP tlog-policy) that says which witnesses must have cosigned")
	flags.StringVar(&q.Checkpoint, "checkpoint", "", "`FILE` with a signed checkpoint that what is checked must be of")
	flags.StringVar(&q.Entry, "entry", "", "`FILE` with the stored bytes of the entry that a proof is of")
	flags.BoolVar(&q.Digest, "digest", false, "check the digest at the end of an exported ledger too: it takes longer")
	flags.BoolVar(&asJSON, "json", false, "print the result as JSON")
	flags.BoolVar(&quiet, "quiet", false, "no progress on standard error")
	flags.Usage = func() {
		fmt.Fprint(p.errs, help)
		flags.PrintDefaults()
		fmt.Fprint(p.errs, exits)
	}
	files, err := parse(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // the flag set has said why
	case len(files) != 1:
		fmt.Fprintf(p.errs, "caseledger-verify: one file is checked at a time, %d were given; see --help\n", len(files))
		return exitUsage
	}
	q.File = files[0]
	if !quiet {
		q.Progress = p.progress()
	}
	r, err := offline.Check(ctx, q)
	if err == nil && asJSON {
		err = json.MarshalWrite(p.out, r)
		fmt.Fprintln(p.out)
	} else if err == nil {
		err = r.Print(p.out)
	}
	switch {
	case err != nil:
		code := exitFor(ctx, err)
		p.report(err, code, asJSON)
		return code
	case r.Verdict().Holds():
		return exitOK
	}
	return exitIntegrity
}

// report says why there is no verdict.
func (p *program) report(err error, code int, asJSON bool) {
	if asJSON {
		_ = json.MarshalWrite(p.errs, map[string]any{"error": err.Error(), "exit": code}, json.Deterministic(true), jsontext.EscapeForHTML(false))
		fmt.Fprintln(p.errs)
		return
	}
	fmt.Fprintf(p.errs, "caseledger-verify: %v\n", err)
}

// parse takes flags before, between and behind what is no flag.
func parse(flags *flag.FlagSet, args []string) (files []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return files, nil
		}
		files = append(files, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

func exitFor(ctx context.Context, err error) int {
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.Is(err, fs.ErrNotExist):
		return exitNotFound
	case errors.Is(err, offline.ErrUsage), errors.Is(err, offline.ErrTrust), errors.Is(err, offline.ErrUnpinned):
		return exitUsage
	}
	return exitError
}

// sayEvery is how often a long check says how far it is.
const sayEvery = 10 * time.Second

// progress says how far the check of a ledger is, and how long it may take.
func (p *program) progress() func(entries uint64, bytes, of int64) {
	began := p.now()
	said := began
	return func(entries uint64, bytes, of int64) {
		at := p.now()
		if at.Sub(said) < sayEvery {
			return
		}
		said = at
		took := at.Sub(began)
		left := time.Duration(float64(took) * float64(of-bytes) / float64(max(bytes, 1)))
		fmt.Fprintf(p.errs, "%d entries, %d %% of the file, %.0f entries/s, about %s left\n",
			entries, 100*bytes/max(of, 1), float64(entries)/took.Seconds(), left.Round(time.Second))
	}
}
