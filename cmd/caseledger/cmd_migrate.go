package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"caseledger/eventstore/vault"
	"caseledger/projections/sqlstore"
)

func (p *program) migrateCommand() *cobra.Command {
	var role string
	var synthetic bool
	up := &cobra.Command{
		Use: "up", Short: "Bring everything that the settings name up to date", Args: cobra.NoArgs,
		Long: "Applies the steps that the ledger's database lacks, forward only, each whole or not at all, and grants --app-role what a server needs: " +
			"to read and append, not to change. Run it with the connection string of the tables' owner in --ledger; the server runs as the other role. " +
			"The read models and the keystore belong to the server's role, and are made and brought up to date by it, or here. " +
			"Programs of the version before go on meanwhile. It may be given again.",
		Example: "  caseledger migrate up --ledger file:/run/secrets/ledger-owner --app-role caseledger\n" +
			"  caseledger migrate up --ledger file:/run/secrets/ledger-owner --app-role caseledger --views file:/run/secrets/views",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.migrateUp(cmd.Context(), role, synthetic) },
	}
	up.Flags().StringVar(&role, "app-role", "", "the role that servers have; it is granted what they need on the ledger, and nothing else")
	up.Flags().BoolVar(&synthetic, "synthetic", false, "mark the keystore on a server for ever: every person whose keys it holds is invented, and nothing real can be recorded; only while it is empty")
	status := &cobra.Command{
		Use: "status", Short: "Say which steps were applied and which were not", Args: cobra.NoArgs,
		Example: "  caseledger migrate status --ledger file:/run/secrets/ledger-owner\n  caseledger migrate status --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.migrateList(cmd.Context(), false) },
	}
	plan := &cobra.Command{
		Use: "plan", Short: "Say what `up` would do, and do nothing", Args: cobra.NoArgs,
		Example: "  caseledger migrate plan --ledger file:/run/secrets/ledger-owner",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.migrateList(cmd.Context(), true) },
	}
	return group("migrate", "Make and bring up to date what the record is kept in", "  caseledger migrate plan\n  caseledger migrate up", up, status, plan)
}

// migrationStep is one part of the record, or one step of it, and how it stands.
type migrationStep struct {
	Part  string `json:"part"` // ledger, keys or views
	Step  string `json:"step"`
	State string `json:"state"` // applied, pending, or unknown until it is opened
}

// The states of a step.
const (
	applied = "applied"
	pending = "pending"
)

func (p *program) migrateList(ctx context.Context, pendingOnly bool) error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	steps, err := o.steps(ctx)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if !pendingOnly || s.State == pending {
			if err := p.printStep(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *program) printStep(s migrationStep) error {
	if p.json() {
		return p.object(p.out, s)
	}
	return p.printf("%-8s %-8s %s\n", s.State, s.Part, s.Step)
}

// steps lists how each part stands. It changes nothing.
func (o opening) steps(ctx context.Context) ([]migrationStep, error) {
	o.mode = reading
	steps, err := o.ledgerSteps(ctx)
	if err != nil {
		return nil, err
	}
	key := migrationStep{"keys", "the keystore on " + o.at.keys.String(), applied}
	keys, err := o.openKeys(ctx)
	switch {
	case err == nil:
		err = keys.Close()
	case errors.Is(err, vault.ErrNotKeystore), errors.Is(err, vault.ErrSettings), errors.Is(err, vault.ErrKEKMissing), errors.Is(err, fs.ErrNotExist):
		key.State, err = pending, nil
	}
	if err != nil {
		return nil, err
	}
	steps = append(steps, key)
	r := &record{dir: o.dir, at: o.at, readOnly: true}
	for _, name := range viewNames {
		there := false
		err := r.withViews(ctx, name, true, func(*sqlstore.Store) error { there = true; return nil })
		if err != nil {
			return nil, err
		}
		one := migrationStep{"views", name + " on " + o.at.views.String(), pending}
		if there {
			one.State = applied
		}
		steps = append(steps, one)
	}
	return steps, nil
}

func (p *program) migrateUp(ctx context.Context, role string, synthetic bool) error {
	o, err := p.opening(writing)
	if err == nil && synthetic && o.at.keys.server == "" {
		err = usage("--synthetic goes with --keys; a data folder of invented people is made by caseledger simulate")
	}
	if err != nil {
		return err
	}
	p.announce()
	before, err := o.steps(ctx)
	if err != nil {
		return err
	}
	if err := o.migrateLedger(ctx, role); err != nil {
		return err
	}
	if err := o.migrateRest(ctx, synthetic); err != nil {
		return err
	}
	after, err := o.steps(ctx)
	if err != nil {
		return err
	}
	done := 0
	for i, s := range after {
		if s.State == applied && before[i].State == pending {
			done++
			if err := p.printStep(s); err != nil {
				return err
			}
		}
	}
	if done == 0 {
		p.say("nothing was pending")
	}
	return nil
}

// migrateRest makes, or brings up to date, what is not the ledger, where it is on
// a server. The keystore only where the key-encryption key is, for it is made by
// the process that has it, or where it is to be marked.
func (o opening) migrateRest(ctx context.Context, synthetic bool) error {
	if o.at.keys.server != "" {
		if err := o.migrateKeys(ctx, synthetic); err != nil {
			return err
		}
	}
	if o.at.views.server == "" {
		return nil
	}
	r := &record{dir: o.dir, at: o.at}
	for _, name := range viewNames {
		s, err := r.openViews(ctx, name, false)
		if err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	memory, err := r.openMemo(ctx)
	if err != nil {
		return err
	}
	left, err := r.openTraces(ctx)
	if err != nil {
		return errors.Join(err, memory.Close())
	}
	told, err := r.openRelayKeep(ctx)
	if err != nil {
		return errors.Join(err, memory.Close(), left.Close())
	}
	return errors.Join(memory.Close(), left.Close(), told.Close())
}

func (o opening) migrateKeys(ctx context.Context, synthetic bool) error {
	kek := o.kek
	if kek == "" {
		kek = o.dir.file(kekFile)
	}
	if _, err := os.Stat(kek); err != nil && !synthetic {
		return nil
	}
	if err := o.dir.prepare(); err != nil {
		return err
	}
	keys, err := o.openKeys(ctx)
	if err != nil {
		return err
	}
	if synthetic {
		if err = keys.Mark(ctx, syntheticMark); errors.Is(err, vault.ErrInUse) {
			err = fmt.Errorf("invented people are never mixed into a record that may be real: %w", err)
		}
	}
	return errors.Join(err, keys.Close())
}
