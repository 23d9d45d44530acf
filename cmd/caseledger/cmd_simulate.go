package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
)

func (p *program) simulateCommand() *cobra.Command {
	var paths []string
	c := &cobra.Command{
		Use: "simulate", Short: "Fill a new data folder with invented people", Args: cobra.NoArgs,
		Long: "Runs a journal, or an invented population, into a data folder that is new or empty, and marks it synthetic: " +
			"nothing real can be recorded there afterwards. A line that cannot be applied stops the run with its number; what came before it stays.",
		Example: "  caseledger simulate --data /tmp/alpha --journal alpha.jsonl\n  caseledger simulate --data /tmp/many --people 1000 --seed 7\n" +
			"  caseledger simulate --data /tmp/alpha --journal - < alpha.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.simulate(cmd.Context(), paths) },
	}
	declare(c.Flags(), "simulate")
	c.Flags().StringArrayVar(&paths, "journal", nil, "journal file, JSON Lines; - is standard input; the three journeys are alpha, bravo and charlie; given again, several run as one")
	return c
}

func (p *program) simulate(ctx context.Context, paths []string) error {
	people, err := p.config.number("people", 0, mostPeople)
	if err != nil {
		return err
	}
	seed, err := p.config.number("seed", 0, 1<<63)
	if err != nil {
		return err
	}
	if (len(paths) == 0) == (people == 0) {
		return usage("one of --journal and --people is needed")
	}
	p.announce()
	var journals []*journal
	for _, path := range paths {
		in, err := p.journalFile(path)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		journals = append(journals, readJournal(in))
	}
	if people > 0 {
		journals = append(journals, population(people, seed))
	}
	sum, err := p.load(ctx, p.opening(writing), journals...)
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, sum)
	}
	return p.printf("%d lines, %d events, %d refused as expected\n", sum.Lines, sum.Events, sum.Rejected)
}

// journalFile opens a journal: a file, standard input, or one of the journeys.
func (p *program) journalFile(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(p.in), nil
	}
	if slices.Contains(journeyNames, path) {
		return openJourney(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return f, nil
}

// load runs journals into a data directory that is new or empty, judges what
// they recorded as at their end, builds the read models and closes it. Times
// are the journals' own.
func (p *program) load(ctx context.Context, o opening, journals ...*journal) (played, error) {
	if err := o.dir.markSynthetic(); err != nil {
		return played{}, err
	}
	next, begin := beginning(merged(journals...))
	clock := &handClock{at: begin}
	o.now = clock.now
	r, err := o.open(ctx)
	if err != nil {
		return played{}, err
	}
	bar := p.progressOf("simulate", 0)
	player := r.player(clock, clock.now, everybody())
	sum, err := player.play(ctx, next, func() { bar.add(1) })
	bar.end()
	if err == nil {
		_, err = r.judge(ctx, everybody(), clock.now, false, nil)
	}
	if err == nil {
		err = r.buildViews(ctx)
	}
	if closing := r.close(); err == nil {
		err = closing
	}
	return sum, err
}
