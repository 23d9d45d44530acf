package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/domain/fault"
	"caseledger/domain/reference"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

func (p *program) importCommand() *cobra.Command {
	var as string
	var dry bool
	c := &cobra.Command{
		Use: "import FILE", Short: "Record facts of another system, past what decides about commands", Args: cobra.ExactArgs(1),
		Long: "Reads the lines of a journal as facts: what happened is recorded, lawful or not, with why and from which system, and the monitors " +
			"find what was wrong with it. Every line says importReason and sourceSystem; none is LIVE. It is recorded now, and was true when the line says.\n\n" +
			"A line that was imported before is recognised by its ref and its system, so a run that stopped is simply given again. A line that cannot " +
			"be recorded stops the run with its number and leaves nothing of itself; what came before it stays. The record must not be open elsewhere.\n\n" +
			"In a record that is not synthetic a label of a person, a member of staff or an agreement stands for one of the other system, " +
			"and an identifier for itself; every actor says label, role and organisation.",
		Example: "  caseledger import legacy.jsonl --as IGL1/IG_LEAD --dry-run\n  caseledger import legacy.jsonl --as IGL1/IG_LEAD",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.importFile(cmd.Context(), args[0], as, dry) },
	}
	declare(c.Flags(), "import")
	c.Flags().StringVar(&as, "as", "", "who imports: a label or an identifier, a stroke and a role; the role IG_LEAD, or one of --importers")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be recorded, and record nothing")
	return c
}

// importer reads who imports: an information governance lead, or one of those
// that the installation lets.
func importer(as string, others []string) (event.UUID, error) {
	label, role, ok := strings.Cut(as, "/")
	if !ok || !labelShape.MatchString(label) || !reference.Roles.Listed(event.Role(role)) {
		return event.UUID{}, usage("--as wants a label, a stroke and a role, such as IGL1/IG_LEAD")
	}
	if event.Role(role) != "IG_LEAD" && !slices.Contains(others, as) {
		return event.UUID{}, fault.New(fault.Denied, "role-may-not", "an information governance lead imports, or one of --importers")
	}
	return of(label, actorID), nil
}

func (p *program) importFile(ctx context.Context, path, as string, dry bool) error {
	by, err := importer(as, strings.Split(p.config.text("importers"), ","))
	if err != nil {
		return err
	}
	var in io.Reader = p.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open the journal: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	p.announce()
	o, err := p.opening(writing)
	if err == nil {
		err = o.there()
	}
	if err != nil {
		return err
	}
	t, err := known(o.dir)
	if err != nil {
		return err
	}
	r, err := o.open(ctx)
	if err != nil {
		return err
	}
	sum, err := p.importInto(ctx, r, t, in, by, dry)
	if !dry {
		p.sealRecorded(ctx, o, r)
	}
	if closing := r.close(); err == nil {
		err = closing
	}
	if err != nil {
		p.say("%d lines before it are recorded, %d of them in an earlier run", sum.Lines, sum.Repeated)
		return err
	}
	if p.json() {
		return p.object(p.out, sum)
	}
	if dry {
		return p.printf("%d lines could be recorded, %d are already\n", sum.Lines-sum.Repeated, sum.Repeated)
	}
	return p.printf("%d lines, %d events; %d lines were recorded before\n", sum.Lines, sum.Events, sum.Repeated)
}

func (p *program) importInto(ctx context.Context, r *record, t trusted, in io.Reader, by event.UUID, dry bool) (played, error) {
	j := readImport(in, func(system string) names { return r.names(system, t.register) })
	player := r.player(nil, p.now, t)
	if dry {
		if err := player.dry(ctx, r, p); err != nil {
			return played{}, err
		}
	}
	bar := p.progressOf("import", 0)
	defer bar.end()
	return player.play(ctx, func() (entry, error) {
		e, err := j.next()
		e.request.Actor.Client = by
		return e, err
	}, func() { bar.add(1) })
}

// names is what the labels of another system stand for on this record: where it
// is synthetic, the same invented people as in every journal; elsewhere people
// whose identifiers tell nothing without the keystore, and are the same
// whenever the system names them.
func (r *record) names(system string, register *reference.Register) names {
	if r.synthetic {
		n := inventedNames
		n.register = register
		return n
	}
	principal := event.DeriveUUID("import-system", []byte(system))
	named := func(what string) func(string) event.UUID {
		return func(label string) event.UUID {
			return event.DeriveUUID("import-"+what, []byte(system), []byte(label))
		}
	}
	return names{actor: named("actor"), agreement: named("agreement"), register: register,
		person: func(label string) event.UUID { return r.vault.MintPerson(principal, named("person")(label)) }}
}

// dry makes a player try every line and record none: nothing is appended, no
// key is made and no identifier reserved.
func (p *player) dry(ctx context.Context, r *record, with *program) error {
	throwaway, err := vault.OpenMemory(ctx, vault.Config{Now: with.now, Rand: with.random})
	if err != nil {
		return fmt.Errorf("make keys to try with: %w", err)
	}
	p.try = true
	p.recorder.Store = tried{r.store}
	p.recorder.Codec = triedCodec{r.codec, codec.New(catalogue.Events, throwaway, with.random)}
	p.recorder.Identifiers = triedIndex{blindIndex{r.vault}}
	return nil
}

// triedCodec reads with the record's keys and seals with others.
type triedCodec struct {
	*codec.Codec
	throwaway *codec.Codec
}

// Seal implements eventstore.Codec.
func (c triedCodec) Seal(ctx context.Context, cmd eventstore.Command, drafts []event.Draft, history []event.Recorded) ([]eventstore.Event, error) {
	return c.throwaway.Seal(ctx, cmd, drafts, history)
}

// triedIndex looks identifiers up and keeps none.
type triedIndex struct{ blindIndex }

// Reserve implements recording.Identifiers.
func (i triedIndex) Reserve(ctx context.Context, kind, value string, person event.UUID) (release func(context.Context) error, err error) {
	who, err := i.vault.Find(ctx, vault.Identifier{Kind: kind, Value: value})
	if err == nil && !who.IsZero() && who != person {
		err = fault.New(fault.Conflict, "identifier-in-use", "this identifier belongs to another person's record")
	}
	return func(context.Context) error { return nil }, err
}

// Confirm implements recording.Identifiers.
func (triedIndex) Confirm(context.Context, string, string, event.UUID) error { return nil }

// Unlink implements recording.Identifiers.
func (triedIndex) Unlink(context.Context, string, string, event.UUID) error { return nil }
