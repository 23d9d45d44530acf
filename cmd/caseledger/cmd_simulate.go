package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

func (p *program) simulateCommand() *cobra.Command {
	var paths []string
	c := &cobra.Command{
		Use: "simulate", Short: "Fill a new data folder with invented people", Args: cobra.NoArgs,
		Long: "Runs a journal, or an invented population, into a data folder that is new or empty, and marks it synthetic: " +
			"nothing real can be recorded there afterwards. A line that cannot be applied stops the run with its number; what came before it stays.\n\n" +
			"Invented people are followed for whole years. All that is recorded of them is lawful but what --breaches plants; --answers says what the " +
			"monitors must find, and they find nothing else.",
		Example: "  caseledger simulate --data /tmp/alpha --journal alpha.jsonl\n  caseledger simulate --data /tmp/many --people 1000 --seed 7 --breaches 0.1 --answers answers.jsonl\n" +
			"  caseledger simulate --data /tmp/alpha --journal - < alpha.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.simulate(cmd.Context(), paths) },
	}
	declare(c.Flags(), "simulate")
	c.Flags().StringArrayVar(&paths, "journal", nil, "journal file, JSON Lines; - is standard input; the three journeys are alpha, bravo and charlie; given again, several run as one")
	return c
}

func (p *program) simulate(ctx context.Context, paths []string) error {
	in, err := p.invention()
	if err != nil {
		return err
	}
	o, err := p.opening(writing)
	if err == nil {
		err = o.at.inFolder("simulate")
	}
	if err != nil {
		return err
	}
	if (len(paths) == 0) == (in.people == 0) {
		return usage("one of --journal and --people is needed")
	}
	answers := p.config.text("answers")
	if in.people == 0 && (in.breaches > 0 || answers != "") {
		return usage("--breaches and --answers go with --people")
	}
	p.announce()
	if answers != "" {
		if err := in.writeAnswers(answers); err != nil {
			return err
		}
	}
	var journals []*journal
	for _, path := range paths {
		in, err := p.journalFile(path)
		if err != nil {
			return err
		}
		defer func() { _ = in.Close() }()
		journals = append(journals, readJournal(in))
	}
	if in.people > 0 {
		journals = append(journals, population(in))
	}
	sum, err := p.load(ctx, o, journals...)
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, sum)
	}
	return p.printf("%d lines, %d events, %d refused as expected\n", sum.Lines, sum.Events, sum.Rejected)
}

// invention is the population that the settings of simulate ask for.
func (p *program) invention() (invention, error) {
	people, err := p.config.number("people", 0, mostPeople)
	if err != nil {
		return invention{}, err
	}
	seed, err := p.config.number("seed", 0, 1<<63)
	if err != nil {
		return invention{}, err
	}
	years, err := p.config.number("years", 1, 10)
	if err != nil {
		return invention{}, err
	}
	breaches, err := strconv.ParseFloat(p.config.text("breaches"), 64)
	if err != nil || !(breaches >= 0 && breaches <= 1) {
		return invention{}, usage("--breaches wants a share from 0 to 1")
	}
	return inventedYears(people, seed, int(years), breaches), nil
}

// writeAnswers writes what the monitors must find about an invention to a file,
// JSON Lines, in the order in which people come.
func (in invention) writeAnswers(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write the answers: %w", err)
	}
	out := bufio.NewWriter(f)
	err = in.answers(func(a answer) error {
		line, err := json.Marshal(a)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		return err
	})
	if err := errors.Join(err, out.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write the answers: %w", err)
	}
	return nil
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
	remembering := newWarm(r.store, r.codec)
	player.recorder.Store, player.recorder.Codec = remembering, remembering
	sum, err := player.play(ctx, next, func() { bar.add(1) })
	bar.end()
	if err == nil {
		_, err = r.judge(ctx, everybody(), clock.now, false, nil)
	}
	if err == nil {
		err = r.buildViews(ctx)
	}
	if err == nil {
		err = o.sealAll(ctx, r)
	}
	if closing := r.close(); err == nil {
		err = closing
	}
	return sum, err
}
