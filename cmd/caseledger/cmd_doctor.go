package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
)

func (p *program) doctorCommand() *cobra.Command {
	var settingsOnly, quick bool
	c := &cobra.Command{
		Use: "doctor", Short: "Look for what is wrong with a data folder and its settings", Args: cobra.NoArgs,
		Long: "Checks settings, clock, keys and their permissions, database settings, that the ledger's entries are dense and whole, the read models, who is told of the record (--relay) and the disk. " +
			"It changes nothing and may run beside a server.",
		Example: "  caseledger doctor\n  caseledger doctor --json\n  caseledger doctor --settings",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if settingsOnly {
				return p.printSettings()
			}
			return p.doctor(cmd.Context(), quick)
		},
	}
	c.Flags().BoolVar(&settingsOnly, "settings", false, "list every setting, its environment variable and its default instead")
	c.Flags().BoolVar(&quick, "quick", false, "do not read the whole ledger")
	return c
}

func (p *program) printSettings() error {
	for _, s := range settings {
		if p.json() {
			if err := p.object(p.out, map[string]any{"command": s.command, "flag": s.flag, "environment": s.environment(), "default": s.usual, "does": s.does}); err != nil {
				return err
			}
			continue
		}
		if err := p.printf("%-36s --%-18s default %q\n    %s\n", s.environment(), s.flag, s.usual, s.does); err != nil {
			return err
		}
	}
	return nil
}

// diagnosis is the outcome of one check.
type diagnosis struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
	err   error
}

func (p *program) doctor(ctx context.Context, quick bool) error {
	var first error
	show := func(f diagnosis) error {
		if f.err != nil {
			f.Says = f.err.Error()
			if first == nil {
				first = f.err
			}
		}
		f.OK = f.err == nil
		if p.json() {
			return p.object(p.out, f)
		}
		mark := "ok  "
		if !f.OK {
			mark = "BAD "
		}
		return p.printf("%s %-14s %s\n", mark, f.Check, f.Says)
	}
	for _, check := range p.checks(quick) {
		f := check(ctx)
		if err := show(f); err != nil {
			return err
		}
		if f.err != nil && f.Check == "store" {
			break // nothing below can be looked at
		}
	}
	return first
}

// checks are the doctor's, in order. They share the record that "store" opens.
func (p *program) checks(quick bool) []func(context.Context) diagnosis {
	dir := dataDir(p.config.text("data"))
	at, unsettled := p.config.places()
	var r *record
	return []func(context.Context) diagnosis{
		func(context.Context) diagnosis {
			return diagnosis{Check: "settings", err: unsettled, Says: fmt.Sprintf("%d settings, every CASELEDGER_ variable is one of them; ledger %s, keys %s, views %s",
				len(settings), at.ledger, at.keys, at.views)}
		},
		func(context.Context) diagnosis {
			now := p.now()
			if now.Before(event.MustDay("2026-01-01").Start()) {
				return diagnosis{Check: "clock", err: errors.New("the clock says it is before 2026: what is recorded now would be dated before the pilot began")}
			}
			return diagnosis{Check: "clock", Says: now.UTC().Format(time.RFC3339)}
		},
		func(context.Context) diagnosis { return p.checkKeyFile(dir) },
		func(ctx context.Context) diagnosis {
			var err error
			if r, err = p.open(ctx, reading); err != nil {
				return diagnosis{Check: "store", err: err}
			}
			if err := r.store.Ready(ctx); err != nil {
				return diagnosis{Check: "store", err: errors.Join(err, r.close())}
			}
			marked := "may hold real people"
			if r.synthetic {
				marked = "holds invented people only"
			}
			return diagnosis{Check: "store", Says: "opens with the settings that durability rests on; " + marked}
		},
		func(ctx context.Context) diagnosis { return p.checkServing(ctx, at) },
		func(ctx context.Context) diagnosis { return p.checkLedger(ctx, r, quick) },
		func(ctx context.Context) diagnosis { return p.checkViews(ctx, r) },
		func(ctx context.Context) diagnosis { return p.checkRelay(ctx, r) },
		func(context.Context) diagnosis {
			defer func() { _ = r.close() }()
			return checkDisk(dir)
		},
	}
}

// checkServing looks whether a server could open the record as it is: the rights
// of its role, the steps of the schemas, and who leads.
func (p *program) checkServing(ctx context.Context, at places) diagnosis {
	if at.local() {
		return diagnosis{Check: "servers", Says: "none: everything is in the data folder"}
	}
	o, err := p.opening(reading)
	if err != nil {
		return diagnosis{Check: "servers", err: err}
	}
	if err := o.couldServe(ctx); err != nil {
		return diagnosis{Check: "servers", err: err}
	}
	steps, err := o.steps(ctx)
	if err != nil {
		return diagnosis{Check: "servers", err: err}
	}
	behind := 0
	for _, s := range steps {
		if s.State == pending {
			behind++
		}
	}
	says := fmt.Sprintf("%d of %d steps are pending", behind, len(steps))
	if at.views.server != "" {
		is, err := led(ctx, at.views.url)
		if err != nil {
			return diagnosis{Check: "servers", err: err}
		}
		if is {
			says += "; a process was elected to do the work"
		} else {
			says += "; nobody does the work: the read models stand still until a process of role all or worker runs"
		}
	}
	return diagnosis{Check: "servers", Says: says}
}

func (p *program) checkKeyFile(dir dataDir) diagnosis {
	path := p.config.text("key-file")
	if path == "" {
		path = dir.file(kekFile)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return diagnosis{Check: "keys", err: fmt.Errorf("there is no key-encryption key at %s: without it nothing can be read: %w", path, errNotFound)}
	case err != nil:
		return diagnosis{Check: "keys", err: err}
	case info.Mode().Perm()&0o077 != 0:
		return diagnosis{Check: "keys", err: fmt.Errorf("%s can be read by others than its owner (mode %04o): make it 0600", path, info.Mode().Perm())}
	}
	return diagnosis{Check: "keys", Says: fmt.Sprintf("%s, mode %04o", path, info.Mode().Perm())}
}

// checkLedger reads the whole ledger: positions without gaps, times that never
// decrease, revisions without gaps in each stream as far as they are seen in
// order, and clear parts that can be read.
func (p *program) checkLedger(ctx context.Context, r *record, quick bool) diagnosis {
	head, err := r.head(ctx)
	if err != nil {
		return diagnosis{Check: "ledger", err: err}
	}
	if quick {
		return diagnosis{Check: "ledger", Says: fmt.Sprintf("%d entries, not read", head)}
	}
	bar := p.progressOf("check", int64(head))
	defer bar.end()
	var last event.Position
	var lastAt time.Time
	for s, err := range r.store.ReadAll(ctx, 0) {
		switch {
		case err != nil:
			return diagnosis{Check: "ledger", err: err}
		case s.Position != last+1:
			return diagnosis{Check: "ledger", err: fmt.Errorf("%w: after entry %d comes entry %d", errIntegrity, last, s.Position)}
		case s.RecordedAt.Before(lastAt):
			return diagnosis{Check: "ledger", err: fmt.Errorf("%w: entry %d was recorded before the one before it", errIntegrity, s.Position)}
		}
		if _, err := codec.Peek(s.Body); err != nil {
			return diagnosis{Check: "ledger", err: fmt.Errorf("%w: entry %d: %w", errIntegrity, s.Position, err)}
		}
		last, lastAt = s.Position, s.RecordedAt
		bar.add(1)
	}
	if last < head {
		return diagnosis{Check: "ledger", err: fmt.Errorf("%w: the ledger ends at %d, and holds %d entries", errIntegrity, last, head)}
	}
	return diagnosis{Check: "ledger", Says: fmt.Sprintf("%d entries, dense, in order, readable", last)}
}

func (p *program) checkViews(ctx context.Context, r *record) diagnosis {
	organisations, err := known(r.dir)
	if err != nil {
		return diagnosis{Check: "read models", err: err}
	}
	head, err := r.head(ctx)
	if err != nil {
		return diagnosis{Check: "read models", err: err}
	}
	if ours, err := r.ours(ctx); err != nil || !ours {
		if err == nil {
			err = errAnother
		}
		return diagnosis{Check: "read models", err: err}
	}
	there, parked := 0, 0
	var behind event.Position
	for _, name := range viewNames {
		s, err := r.view(ctx, name, organisations, viewOptions, true)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return diagnosis{Check: "read models", err: err}
		}
		all, err := s.runner.Status(ctx)
		err = errors.Join(err, s.store.Verify(ctx), s.store.Close())
		if err != nil {
			return diagnosis{Check: "read models", err: err}
		}
		there++
		for _, one := range all {
			parked += one.Parked
			behind = max(behind, head-min(head, one.Position))
		}
	}
	if parked > 0 {
		return diagnosis{Check: "read models", err: fmt.Errorf("%d streams are parked: an event of theirs cannot be folded", parked)}
	}
	return diagnosis{Check: "read models", Says: fmt.Sprintf("%d of %d sets, at most %d entries behind", there, len(viewNames), behind)}
}
