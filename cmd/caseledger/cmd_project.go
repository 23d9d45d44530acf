package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/projections"
)

func (p *program) projectCommand() *cobra.Command {
	var set string
	var replace bool
	withSet := func(c *cobra.Command) *cobra.Command {
		c.Flags().StringVar(&set, "side", "", "one set of read models only; left out, every set")
		return c
	}
	status := withSet(&cobra.Command{
		Use: "status", Short: "Say how far the read models are behind the ledger", Args: cobra.NoArgs,
		Example: "  caseledger project status\n  caseledger project status --side NHS --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.projectStatus(cmd.Context(), set) },
	})
	check := withSet(&cobra.Command{
		Use: "check [MODEL]", Short: "Fold the ledger again and compare with what is served", Args: cobra.MaximumNArgs(1),
		Long: "Folds the ledger again, beside the read models that serve, and compares row by row. It changes nothing that is read, " +
			"and may run beside a server. A difference ends with exit code 3.",
		Example: "  caseledger project check\n  caseledger project check caseload --side PROBATION",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.refold(cmd.Context(), set, args, "check", func(ctx context.Context, r *projections.Runner, model string) (projections.Report, error) {
				return r.Check(ctx, model)
			})
		},
	})
	rebuild := withSet(&cobra.Command{
		Use: "rebuild [MODEL]", Short: "Build read models anew beside those that serve, and switch", Args: cobra.MaximumNArgs(1),
		Long: "Folds the ledger into new tables beside those that serve, compares, and switches readers over: no reader sees a gap. " +
			"If the rows differ nothing is switched, unless --replace says that those that serve are known to be wrong.",
		Example: "  caseledger project rebuild caseload\n  caseledger project rebuild --side NHS --replace",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.refold(cmd.Context(), set, args, "rebuild", func(ctx context.Context, r *projections.Runner, model string) (projections.Report, error) {
				return r.Rebuild(ctx, model, projections.RebuildOptions{Replace: replace})
			})
		},
	})
	rebuild.Flags().BoolVar(&replace, "replace", false, "switch even if the rows differ from those that serve")
	list := &cobra.Command{
		Use: "list", Short: "List the read models", Args: cobra.NoArgs,
		Example: "  caseledger project list",
		RunE:    func(*cobra.Command, []string) error { return p.projectList() },
	}
	return group("project", "Look after the read models", "  caseledger project status\n  caseledger project check", list, status, rebuild, check)
}

func (p *program) projectList() error {
	for _, one := range modelsFor(viewer(audit, nil)).all() {
		if p.json() {
			if err := p.object(p.out, map[string]any{"model": one.Name(), "version": one.Version()}); err != nil {
				return err
			}
			continue
		}
		if err := p.printf("%-20s version %d\n", one.Name(), one.Version()); err != nil {
			return err
		}
	}
	return nil
}

// eachSet opens the sets of read models that are asked for, one after the
// other, beside a server or without one.
func (p *program) eachSet(ctx context.Context, set string, readOnly bool, options projections.Options, work func(*record, *side) error) error {
	names := viewNames
	if set != "" {
		names = []string{set}
		if !contains(viewNames, set) {
			return usage("there is no set of read models %q; there are %v", set, viewNames)
		}
	}
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	organisations, err := known(r.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		s, err := r.view(ctx, name, organisations, options, readOnly)
		if errors.Is(err, fs.ErrNotExist) {
			p.say("%s: no read models yet; they are made when the record is served", name)
			continue
		}
		if err != nil {
			return err
		}
		err = work(r, s)
		if closing := s.store.Close(); err == nil {
			err = closing
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func contains(list []string, one string) bool {
	for _, other := range list {
		if other == one {
			return true
		}
	}
	return false
}

// standing is how one read model stands, as it is printed.
type standing struct {
	Side     string         `json:"side"`
	Model    string         `json:"model"`
	Version  int            `json:"version"`
	Wanted   int            `json:"wanted"`
	Position event.Position `json:"position"`
	Behind   event.Position `json:"behind"`
	Parked   int            `json:"parked"`
	Building bool           `json:"building,omitempty"`
	Built    event.Position `json:"built,omitempty"`
}

func (p *program) projectStatus(ctx context.Context, set string) error {
	return p.eachSet(ctx, set, true, viewOptions, func(r *record, s *side) error {
		head, err := r.head(ctx)
		if err != nil {
			return err
		}
		all, err := s.runner.Status(ctx)
		if err != nil {
			return err
		}
		for _, one := range all {
			st := standing{s.name, one.Model, one.Version, one.Wanted, one.Position, head - min(head, one.Position), one.Parked, one.Building, one.Built}
			if p.json() {
				err = p.object(p.out, st)
			} else {
				err = p.printf("%-16s %-20s version %d  position %d  behind %d  parked %d%s\n",
					st.Side, st.Model, st.Version, st.Position, st.Behind, st.Parked, building(st))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func building(s standing) string {
	if !s.Building {
		return ""
	}
	return fmt.Sprintf("  building, at %d", s.Built)
}

// refolded is the outcome of a check or a rebuild, as it is printed.
type refolded struct {
	Side      string         `json:"side"`
	Model     string         `json:"model"`
	Position  event.Position `json:"position"`
	Rows      int            `json:"rows"`
	Different int            `json:"different"`
	Repaired  int            `json:"repaired"`
	Digest    string         `json:"digest"`
	Keys      []string       `json:"keys,omitempty"`
}

func (p *program) refold(ctx context.Context, set string, args []string, what string,
	work func(context.Context, *projections.Runner, string) (projections.Report, error)) error {
	different, done := 0, 0
	var bar *progress
	var last event.Position
	options := viewOptions
	options.Progress = func(_ *projections.Projection, at event.Position) {
		bar.add(int64(at - last))
		last = at
	}
	err := p.eachSet(ctx, set, false, options, func(r *record, s *side) error {
		head, err := r.head(ctx)
		if err != nil {
			return err
		}
		for _, model := range s.runner.Models() {
			if len(args) > 0 && model.Name() != args[0] {
				continue
			}
			done++
			bar, last = p.progressOf(fmt.Sprintf("%s %s of %s", what, model.Name(), s.name), int64(head)), 0
			report, err := work(ctx, s.runner, model.Name())
			bar.end()
			if err != nil && !errors.Is(err, projections.ErrDiffers) {
				return fmt.Errorf("%s %s of %s: %w", what, model.Name(), s.name, err)
			}
			different += report.Different
			if err := p.printRefolded(s, model.Name(), report); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case done == 0 && len(args) > 0:
		return fmt.Errorf("there is no read model %q: %w", args[0], errNotFound)
	case different > 0 && what == "check":
		return fmt.Errorf("%w: %d rows are not what the ledger folds to", errIntegrity, different)
	case different > 0:
		return fmt.Errorf("%w: %d rows differ; nothing was switched where they did, unless --replace was given", errIntegrity, different)
	}
	return nil
}

func (p *program) printRefolded(s *side, model string, report projections.Report) error {
	out := refolded{Side: s.name, Model: model, Position: report.Position, Rows: report.ServingRows,
		Different: report.Different, Repaired: report.Repaired, Digest: hex.EncodeToString(report.Built[:])}
	for _, k := range report.Keys {
		out.Keys = append(out.Keys, fmt.Sprintf("%s %v", k.Stream, k.Key.Parts()))
	}
	if p.json() {
		return p.object(p.out, out)
	}
	verdict := "the same"
	if out.Different > 0 {
		verdict = fmt.Sprintf("%d DIFFERENT", out.Different)
	}
	if err := p.printf("%-16s %-20s position %d  rows %d  %s\n", out.Side, out.Model, out.Position, out.Rows, verdict); err != nil {
		return err
	}
	for _, k := range out.Keys {
		if err := p.printf("    %s\n", k); err != nil {
			return err
		}
	}
	return nil
}
