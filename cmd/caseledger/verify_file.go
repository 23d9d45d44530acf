package main

import (
	"context"
	"fmt"

	"caseledger/eventstore/ledger/offline"
	"caseledger/eventstore/ledger/verdict"
)

// verifyFile checks a pack, a proof or an exported ledger, as caseledger-verify
// does: without a record, keys or a network.
func (p *program) verifyFile(ctx context.Context, file string, f verifyFlags) error {
	if f.full || f.open || f.withoutKeys || f.since != "" {
		return usage("--full, --open, --without-keys and --since are for a record, not for a file")
	}
	bar := p.progressOf("verify", 0)
	before := uint64(0)
	r, err := offline.Check(ctx, offline.Query{File: file, Keys: f.keys, Origin: f.origin, Policy: f.policy, Checkpoint: f.checkpoint, Entry: f.entry, Digest: f.digest,
		Progress: func(entries uint64, _, _ int64) {
			bar.add(int64(entries - before))
			before = entries
		}})
	bar.end()
	if err != nil {
		return err
	}
	if err := p.printVerdict(r); err != nil {
		return err
	}
	if !r.Verdict().Holds() {
		return fmt.Errorf("%w: %s", errIntegrity, r.Headline())
	}
	return nil
}

func (p *program) printVerdict(r *verdict.Report) error {
	if p.json() {
		return p.object(p.out, r)
	}
	return r.Print(p.out)
}
