package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"caseledger/eventstore/ledger/witness"
)

// verifyFlags are those of caseledger verify.
type verifyFlags struct {
	full, open, withoutKeys   bool
	since, checkpoint, policy string
	keys                      []string

	origin, entry string // of a file
	digest        bool
}

func (p *program) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify [FILE]", Short: "Find out whether the record, or a file that was handed out, is what was signed", Args: cobra.MaximumNArgs(1),
		Long: "Reads every entry, hashes it, and compares: each entry with its hash tile, each tile with the one above, the whole with the signed checkpoint, " +
			"and every key with what the entries commit to. It names what was altered. It changes nothing of the record and may run beside a server; " +
			"a failure raises the alarm, which stops sealing until somebody has looked.\n\n" +
			"Whoever has the signing key can sign another history. A checkpoint that somebody kept shows it: name it with --checkpoint, " +
			"or with --since, which leaves out the entries it was made of. So do the cosignatures of witnesses: name their policy with --witness-policy.\n\n" +
			"FILE is a case proof pack, a .tlog-proof file whose entry --entry names, or a ledger that was exported, which is held against --checkpoint. " +
			"It is checked by itself, without a record or a network, under the keys of --key alone: `caseledger-verify` is a smaller program that does the same.\n\n" +
			"Verdicts: intact; intact-erased, where keys were destroyed on the record; KEY-MISSING; TAMPERED. The last two end with exit code 3.",
		Example: "  caseledger verify\n  caseledger verify --checkpoint kept.txt --key ledger.pub --witness-policy witnesses.txt --open\n" +
			"  caseledger verify --since last-month.txt --json\n  caseledger verify A.zip --key ledger.pub",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return p.verifyFile(cmd.Context(), args[0], f)
			}
			if f.origin != "" || f.entry != "" || f.digest {
				return usage("--origin, --entry and --digest are for a file")
			}
			return p.verify(cmd.Context(), f)
		},
	}
	flags := c.Flags()
	flags.BoolVar(&f.full, "full", false, "read every entry, which is what it does unless --since is given")
	flags.StringVar(&f.since, "since", "", "file of a signed checkpoint that was kept: the entries that it was made of are not read again")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "file of a signed checkpoint that was kept: the record must begin with what it was made of")
	flags.StringArrayVar(&f.keys, "key", nil, "file of the verifier keys of the ledger, one a line; left out, the keys that sign here, or those that the ledger publishes")
	flags.StringVar(&f.policy, "witness-policy", "", "file that says who must have cosigned (C2SP tlog-policy)")
	flags.BoolVar(&f.open, "open", false, "open every box, too: it must open under its key, in its place")
	flags.StringVar(&f.origin, "origin", "", "of a file: the name of the ledger; left out, that of the keys")
	flags.StringVar(&f.entry, "entry", "", "of a .tlog-proof file: file with the stored bytes of its entry")
	flags.BoolVar(&f.digest, "digest", false, "of an exported ledger: check the digest at its end too, which takes longer")
	flags.BoolVar(&f.withoutKeys, "without-keys", false, "verify entries and tiles alone, where the keystore or its key-encryption key is elsewhere")
	return c
}

// settings puts the flags into a verification.
func (f verifyFlags) settings(v *verifying) error {
	file := f.checkpoint
	switch {
	case f.since != "" && (f.full || f.checkpoint != ""):
		return usage("--since does not go with --full or --checkpoint")
	case f.open && f.withoutKeys:
		return usage("--open wants the keys, and --without-keys leaves them out")
	case f.since != "":
		file, v.since = f.since, true
	}
	v.open = f.open
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the checkpoint that was kept: %w", err)
		}
		v.kept = raw
	}
	if f.policy != "" {
		raw, err := os.ReadFile(f.policy)
		if err != nil {
			return fmt.Errorf("read the witness policy: %w", err)
		}
		policy, err := witness.ParsePolicy(raw)
		if err != nil {
			return usage("--witness-policy: %w", err)
		}
		v.policy = &policy
	}
	return nil
}

func (p *program) verify(ctx context.Context, f verifyFlags) error {
	var asked verifying
	if err := f.settings(&asked); err != nil {
		return err
	}
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	v, release, err := o.openVerifying(ctx, f.keys, !f.withoutKeys)
	if err != nil {
		return err
	}
	defer func() { _ = release() }() // nothing was written that could be lost
	v.kept, v.since, v.open, v.policy = asked.kept, asked.since, asked.open, asked.policy
	head, err := v.store.Head(ctx)
	if err != nil && exitFor(err) != exitIntegrity {
		return fmt.Errorf("ask for the end of the ledger: %w", err)
	}
	bar := p.progressOf("verify", int64(head))
	before := uint64(0)
	v.progress = func(done, _ uint64) {
		bar.add(int64(done - before))
		before = done
	}
	r, err := v.run(ctx)
	bar.end()
	if err != nil {
		return err
	}
	if err := p.printVerdict(r); err != nil || r.Verdict().Holds() {
		return err
	}
	failed := fmt.Errorf("%w: %s", errIntegrity, r.Headline())
	if err := o.alarm(ctx, r, p.now()); err != nil {
		return errors.Join(failed, fmt.Errorf("the alarm could not be raised, and sealing goes on: %w", err))
	}
	p.say("the alarm is raised: nothing is sealed until it is lifted")
	return failed
}
