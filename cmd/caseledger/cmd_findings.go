package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/domain/finding"
	"caseledger/domain/lawfulness"
	"caseledger/eventstore/reactor"
)

// errFindings: findings are open.
var errFindings = errors.New("findings are open")

func (p *program) findingsCommand() *cobra.Command {
	var all bool
	var at string
	run := &cobra.Command{
		Use: "run", Short: "Judge what was recorded and write down what the monitors find", Args: cobra.NoArgs,
		Long: "Judges everybody the ledger says more of, and everybody for whom a time has come. Where an agreement, an organisation or a policy " +
			"has changed, or with --all, it judges everybody. Judging again what has not changed records nothing. A server does the same by itself, " +
			"except that a change of an agreement, an organisation or a policy waits for this command, or for the next thing said of each person.\n\n" +
			"--at is the moment it is done for; left out it is now, and in a folder of invented people the last moment that was recorded.",
		Example: "  caseledger findings run --data /tmp/alpha\n  caseledger findings run --all --at 2026-06-30",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.findingsRun(cmd.Context(), all, at) },
	}
	run.Flags().BoolVar(&all, "all", false, "judge everybody, also those of whom nothing is recorded since")
	run.Flags().StringVar(&at, "at", "", "the moment it is done for: an RFC 3339 time, or a day, which counts to its end")

	var f findingFilter
	var severities, statuses, ids []string
	var check bool
	list := &cobra.Command{
		Use: "list", Short: "List what the monitors found", Args: cobra.NoArgs,
		Long:    "Lists findings, those of one person or organisation together. Superseded ones are left out unless asked for. With --check it ends with exit code 4 where one of those listed is open or acknowledged.",
		Example: "  caseledger findings list --severity CRITICAL,HIGH\n  caseledger findings list --person A --json\n  caseledger findings list --check",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.read(severities, statuses, ids); err != nil {
				return err
			}
			return p.findingsList(cmd.Context(), f, check)
		},
	}
	list.Flags().StringSliceVar(&severities, "severity", nil, "only these: CRITICAL, HIGH, MEDIUM, LOW")
	list.Flags().StringSliceVar(&ids, "monitor", nil, "only of these monitors, such as L01")
	list.Flags().StringSliceVar(&statuses, "status", nil, "only these: OPEN, ACKNOWLEDGED, RESOLVED, WAIVED, SUPERSEDED")
	list.Flags().StringVar(&f.about, "person", "", "only about this person or organisation: an identifier, or a label of a journal")
	list.Flags().StringVar(&f.sinceText, "since", "", "only what came to be so at this time or later")
	list.Flags().BoolVar(&check, "check", false, "end with exit code 4 where one is open")

	show := &cobra.Command{
		Use: "show FINDING", Short: "Show one finding, what was done about it and the entries that show it", Args: cobra.ExactArgs(1),
		Long: "Shows one finding with the entries of the ledger that show it: what kind of entry, when it happened and was recorded, by which role. " +
			"What the entries say is not shown; `caseledger events show` opens one.",
		Example: "  caseledger findings show 5eed0000-0000-8000-8000-000000000001\n  caseledger findings show 5eed0000-0000-8000-8000-000000000001 --json",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.findingsShow(cmd.Context(), args[0]) },
	}
	return group("findings", "Judge the record, and read what was found", "  caseledger findings run\n  caseledger findings list --severity CRITICAL", run, list, show)
}

// ran is what came of judging.
type ran struct {
	At       time.Time      `json:"at"`
	JudgedTo event.Position `json:"judgedTo"`
	Judged   int            `json:"judged"`
	Recorded int            `json:"recorded"`
	Parked   []ranParked    `json:"parked,omitempty"`
}

type ranParked struct {
	Stream   event.StreamID `json:"stream"`
	Position event.Position `json:"position"`
	Reason   string         `json:"reason"`
}

func (p *program) findingsRun(ctx context.Context, all bool, at string) error {
	o, r, clock, err := p.openInTime(ctx, at)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	moment := clock.now()
	organisations, err := known(r.dir)
	if err != nil {
		return err
	}
	bar := p.progressOf("judge", 0)
	shown := 0
	sum, err := r.judge(ctx, organisations, clock.now, all, func(s reactor.Sum) {
		bar.add(int64(s.Judged - shown))
		shown = s.Judged
	})
	bar.end()
	p.sealRecorded(ctx, o, r)
	out := ran{At: moment, JudgedTo: sum.To, Judged: sum.Judged, Recorded: sum.Recorded}
	var left unjudged
	if err != nil && !errors.As(err, &left) {
		return err
	}
	for _, one := range left {
		out.Parked = append(out.Parked, ranParked{one.Stream, one.At, one.Reason})
	}
	return errors.Join(p.printRan(out), err)
}

func (p *program) printRan(out ran) error {
	if p.json() {
		return p.object(p.out, out)
	}
	return p.printf("judged %d people and organisations up to entry %d as at %s: %d findings raised or superseded\n",
		out.Judged, out.JudgedTo, out.At.Format(time.RFC3339), out.Recorded)
}

// openInTime opens a record that is there, to judge it and record in it as at a
// moment (see judgingMoment), which clock shows. What is recorded of invented
// people belongs to their time.
func (p *program) openInTime(ctx context.Context, at string) (o opening, _ *record, clock *handClock, err error) {
	if o, err = p.opening(writing); err == nil {
		err = o.there()
	}
	if err != nil {
		return o, nil, nil, err
	}
	clock = &handClock{}
	synthetic, err := o.invented(ctx)
	if err != nil {
		return o, nil, nil, err
	}
	if synthetic {
		o.now = clock.now
	}
	r, err := o.open(ctx)
	if err != nil {
		return o, nil, nil, err
	}
	moment, err := p.judgingMoment(ctx, r, at)
	if err != nil {
		return o, nil, nil, errors.Join(err, r.close())
	}
	clock.set(moment)
	return o, r, clock, nil
}

// judgingMoment is the moment that monitors judge for. It is never before what
// was recorded, nor, of a record that may hold real people, in the future:
// findings would be superseded, or of what has not come about.
func (p *program) judgingMoment(ctx context.Context, r *record, asked string) (time.Time, error) {
	now, err := p.moment("at", asked)
	if err != nil {
		return now, err
	}
	head, err := r.head(ctx)
	if err != nil {
		return now, err
	}
	last, err := r.recordedLast(ctx, head)
	if err != nil {
		return now, err
	}
	switch {
	case asked == "" && r.synthetic && !last.IsZero():
		return last, nil
	case asked != "" && now.Before(last):
		return now, usage("--at is before the last entry, of %s: nothing may be judged as if it were not there", last.Format(time.RFC3339Nano))
	case asked != "" && !r.synthetic && now.After(p.now()):
		return now, usage("--at is in the future")
	case now.Before(last):
		return last, nil // the clock ran backwards; recorded times do not
	}
	return now, nil
}

// findingFilter says which findings are wanted.
type findingFilter struct {
	severities []finding.Severity // empty: all
	monitors   []finding.Monitor
	statuses   []finding.Status // empty: all but superseded ones
	about      string           // empty: everybody
	sinceText  string
	since      time.Time
}

// findingStatuses lists how a finding may stand.
var findingStatuses = []finding.Status{finding.Open, finding.Acknowledged, finding.Resolved, finding.Waived, finding.Superseded}

func (f *findingFilter) read(severities, statuses, monitors []string) (err error) {
	if f.severities, err = chosen("severity", severities, finding.Severities); err != nil {
		return err
	}
	if f.statuses, err = chosen("status", statuses, findingStatuses); err != nil {
		return err
	}
	var all []finding.Monitor
	for _, m := range lawfulness.Monitors() {
		all = append(all, m.ID)
	}
	if f.monitors, err = chosen("monitor", monitors, all); err != nil {
		return err
	}
	if f.sinceText != "" {
		since, err := event.ParseWhen(f.sinceText)
		if err != nil {
			return usage("--since wants an RFC 3339 time with its offset, or a day")
		}
		f.since = since.Earliest()
	}
	return nil
}

// chosen reads the values of a flag, each one of those there are.
func chosen[T ~string](flag string, asked []string, of []T) ([]T, error) {
	var out []T
	for _, a := range asked {
		if !slices.Contains(of, T(a)) {
			return nil, usage("--%s is one of %v", flag, of)
		}
		out = append(out, T(a))
	}
	return out, nil
}

func (f findingFilter) admits(one standingFinding) bool {
	if len(f.statuses) == 0 && one.Status == finding.Superseded || len(f.statuses) > 0 && !slices.Contains(f.statuses, one.Status) {
		return false
	}
	return (len(f.severities) == 0 || slices.Contains(f.severities, one.Severity)) &&
		(len(f.monitors) == 0 || slices.Contains(f.monitors, one.Monitor)) &&
		!one.At.Latest().Before(f.since)
}

func (p *program) findingsList(ctx context.Context, f findingFilter, check bool) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	var about event.UUID
	if f.about != "" {
		about = personOf(f.about)
	}
	open := 0
	out := newLines(p.out)
	for one, err := range r.findings(ctx, about) {
		if err != nil {
			return errors.Join(err, out.flush())
		}
		if !f.admits(one) {
			continue
		}
		if one.Status == finding.Open || one.Status == finding.Acknowledged {
			open++
		}
		if p.json() {
			err = p.object(out, one)
		} else {
			_, err = fmt.Fprintf(out, "%s  %s  %-8s  %-12s  %s  %-26s  %s\n", one.Finding, one.Monitor, one.Severity, one.Status, one.About, one.At, titles[one.Monitor])
		}
		if err != nil {
			return err
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	if check && open > 0 {
		return fmt.Errorf("%d %w", open, errFindings)
	}
	return nil
}

// titles is what the findings of each monitor say.
var titles = func() map[finding.Monitor]string {
	all := map[finding.Monitor]string{}
	for _, m := range lawfulness.Monitors() {
		all[m.ID] = m.Title
	}
	return all
}()

func (p *program) findingsShow(ctx context.Context, which string) error {
	id, err := event.ParseUUID(which)
	if err != nil {
		return usage("FINDING is the identifier of a finding; `caseledger findings list` has them")
	}
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	for one, err := range r.findings(ctx, event.UUID{}) {
		if err != nil {
			return err
		}
		if one.Finding != id {
			continue
		}
		shown := shownFinding{standingFinding: one, Title: titles[one.Monitor]}
		for _, m := range lawfulness.Monitors() {
			if m.ID == one.Monitor {
				shown.Source = m.Source
			}
		}
		if shown.Entries, err = r.evidence(ctx, one); err != nil {
			return err
		}
		return p.printFinding(shown)
	}
	return fmt.Errorf("the ledger holds no such finding: %w", errNotFound)
}

func (p *program) printFinding(f shownFinding) error {
	if p.json() {
		return p.object(p.out, f)
	}
	yes := map[bool]string{true: "yes", false: "no"}
	if err := p.printf("%s  %s  %s\n%s\n%s\n\nAbout %s, from %s on\nSo with what was known then: %s. With what is known now: %s.\n",
		f.Monitor, f.Severity, f.Status, f.Title, f.Source, f.About, f.At, yes[f.AsKnown], yes[f.Hindsight]); err != nil {
		return err
	}
	if f.Indeterminate {
		if err := p.printf("Only the day is on the record, and the order within it decides.\n"); err != nil {
			return err
		}
	}
	for _, n := range f.Notes {
		if err := p.printf("Note: %s\n", n); err != nil {
			return err
		}
	}
	if err := p.printf("\nShown by\n"); err != nil {
		return err
	}
	for _, e := range f.Entries {
		if e.Position == 0 {
			if err := p.printf("        %s is not in the ledger\n", e.Event); err != nil {
				return err
			}
			continue
		}
		if err := p.printf("%6d  %-26s %s  by %s, %s\n        recorded %s\n", e.Position, e.OccurredAt, e.Type, e.Role, e.Side, e.RecordedAt.Format(time.RFC3339Nano)); err != nil {
			return err
		}
	}
	if err := p.printf("\nOn the record\n"); err != nil {
		return err
	}
	for _, e := range f.History {
		if err := p.printf("%6d  %-26s %s  by %s, %s\n", e.Position, e.RecordedAt.Format(time.RFC3339Nano), e.Type, e.Role, e.Side); err != nil {
			return err
		}
	}
	return nil
}
