package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"caseledger/domain/consent"
	"caseledger/domain/event"
	"caseledger/domain/lawfulness"
)

func (p *program) replayCommand() *cobra.Command {
	var trueOn, knownOn, format string
	c := &cobra.Command{
		Use: "replay PERSON", Short: "Show a person's record as it was at one time and as it was known at another", Args: cobra.ExactArgs(1),
		Long: "Shows what had happened by --true-on, going by what had been recorded by --known-on, also in records merged into this one by then. Both are an RFC 3339 time or a " +
			"Europe/London day, which counts to its end; left out, now. PERSON is an identifier, or a label of a journal.\n\n" +
			"It opens the record with every key of the data folder: whoever can run it can read everybody, and it leaves no trace in the ledger.",
		Example: "  caseledger replay A --true-on 2026-02-23T12:00:00Z --known-on 2026-02-23T12:00:00Z\n" +
			"  caseledger replay A --true-on 2026-02-23T12:00:00Z --format json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.replay(cmd.Context(), args[0], trueOn, knownOn, format)
		},
	}
	c.Flags().StringVar(&trueOn, "true-on", "", "the time asked about")
	c.Flags().StringVar(&knownOn, "known-on", "", "nothing recorded later counts")
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// replayed is a person's record at one pair of times.
type replayed struct {
	Person   event.UUID        `json:"person"`
	TrueOn   time.Time         `json:"trueOn"`
	KnownOn  time.Time         `json:"knownOn"`
	KnownAt  event.Position    `json:"knownAtEntry"` // of the last entry about the person that counts
	Latest   bool              `json:"asOfLatest"`
	Entries  []replayedEntry   `json:"entries"`
	Consents []replayedConsent `json:"consents"`
}

type replayedEntry struct {
	Position   event.Position `json:"position"`
	Person     event.UUID     `json:"person,omitzero"` // in whose record it is, where that was merged into this one
	ID         event.ID       `json:"event"`
	Type       string         `json:"type"`
	OccurredAt event.When     `json:"occurredAt"`
	RecordedAt time.Time      `json:"recordedAt"`
	Actor      event.Actor    `json:"by"`
	Origin     event.Origin   `json:"origin"`
	Corrects   event.ID       `json:"corrects,omitzero"`
	Standing   bool           `json:"standing"`
	Says       jsontext.Value `json:"says"`
	Erased     []gap          `json:"erased,omitempty"` // what of it cannot be read any more, since when and why
}

type replayedConsent struct {
	Consent event.UUID     `json:"consent"`
	Kind    consent.Kind   `json:"kind"`
	Status  consent.Status `json:"status"`
	Scope   consent.Scope  `json:"scope,omitzero"`
}

// moment reads a time that a replay asks about.
func (p *program) moment(flag, text string) (time.Time, error) {
	now := p.now().UTC().Truncate(time.Microsecond)
	if text == "" {
		return now, nil
	}
	when, err := event.ParseWhen(text)
	if err != nil {
		return now, usage("--%s wants an RFC 3339 time with its offset, or a day", flag)
	}
	return when.Latest(), nil
}

func (p *program) replay(ctx context.Context, who, trueOn, knownOn, format string) error {
	if format != "text" && format != "json" {
		return usage("--format is text or json")
	}
	at, err := p.moment("true-on", trueOn)
	if err != nil {
		return err
	}
	known, err := p.moment("known-on", knownOn)
	if err != nil {
		return err
	}
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	history, err := r.joined(ctx, personOf(who), known)
	if err != nil {
		return err
	}
	if len(history) == 0 {
		return fmt.Errorf("the ledger holds nothing about such a person: %w", errNotFound)
	}
	out, err := replayOf(personOf(who), history, at, known)
	if err == nil {
		err = r.showGaps(ctx, &out, history)
	}
	if err != nil {
		return err
	}
	if format == "json" || p.json() {
		return p.object(p.out, out)
	}
	return p.printReplay(out)
}

// joined reads a person's stream, and with it those of the records that were
// known to be merged into theirs by a time. What was recorded later comes last.
func (r *record) joined(ctx context.Context, of event.UUID, known time.Time) ([]event.Recorded, error) {
	var later []event.Recorded
	read := func(who event.UUID) ([]event.Recorded, error) {
		history, err := r.history(ctx, r.codec.Reader, who)
		cut := len(history)
		for cut > 0 && history[cut-1].RecordedAt.After(known) {
			cut--
		}
		later = append(later, history[cut:]...)
		return history[:cut:cut], err
	}
	own, err := read(of)
	if err != nil {
		return nil, err
	}
	all, err := lawfulness.WithMerged(own, read)
	return slices.Concat(all, later), err
}

// replayOf is what a history says at a pair of times.
func replayOf(who event.UUID, history []event.Recorded, trueOn, knownOn time.Time) (replayed, error) {
	out := replayed{Person: who, TrueOn: trueOn, KnownOn: knownOn, Latest: true, Entries: []replayedEntry{}, Consents: []replayedConsent{}}
	cut := len(history)
	for cut > 0 && history[cut-1].RecordedAt.After(knownOn) {
		cut--
		out.Latest = false
	}
	history = history[:cut]
	if cut > 0 {
		out.KnownAt = history[cut-1].Position
	}
	standing := event.Standing(history)
	stands := map[event.ID]bool{}
	for _, e := range standing {
		stands[e.ID] = true
	}
	for _, e := range history {
		if e.Type == "key.created" || !e.Effective.Begun(trueOn) {
			continue
		}
		says, err := contents(e)
		if err != nil {
			return out, err
		}
		of := e.Stream.Of
		if of == who {
			of = event.UUID{}
		}
		out.Entries = append(out.Entries, replayedEntry{e.Position, of, e.ID, e.Type, e.Effective, e.RecordedAt, e.Actor, e.Origin, e.Corrects, stands[e.ID], says, nil})
	}
	for _, c := range lawfulness.FoldMerged(who, standing).Consent.Consents {
		status := c.StatusAt(trueOn)
		if status == consent.None {
			continue
		}
		scope := c.Refusal.Scope
		if v, ok := c.Latest(); ok {
			scope = v.Scope
		}
		out.Consents = append(out.Consents, replayedConsent{c.ID, c.Kind, status, scope})
	}
	return out, nil
}

// showGaps says of each entry of a replay what of it was erased.
func (r *record) showGaps(ctx context.Context, out *replayed, history []event.Recorded) error {
	gaps, err := r.gaps(ctx, history)
	for i := range out.Entries {
		out.Entries[i].Erased = gaps[out.Entries[i].ID]
	}
	return err
}

func (p *program) printReplay(r replayed) error {
	london := func(t time.Time) string { return t.In(event.London).Format("2 January 2006 15:04:05") }
	if err := p.printf("Person %s\nTrue on  %s\nKnown on %s (entry %d)\n\n", r.Person, london(r.TrueOn), london(r.KnownOn), r.KnownAt); err != nil {
		return err
	}
	if len(r.Entries) == 0 {
		return p.printf("Nothing was known by then.\n")
	}
	for _, e := range r.Entries {
		happened := e.OccurredAt.String()
		if _, day := e.OccurredAt.Day(); !day {
			happened = london(e.OccurredAt.Earliest())
		}
		mark := ""
		if !e.Standing {
			mark = "  (does not stand)"
		}
		if e.Origin == event.Imported {
			mark += "  (imported)"
		}
		if !e.Person.IsZero() {
			mark += "  (in the merged record " + e.Person.String() + ")"
		}
		if err := p.printf("%6d  %-26s %s  by %s, %s%s\n        recorded %s\n        %s\n",
			e.Position, happened, e.Type, e.Actor.Role, e.Actor.Side, mark, london(e.RecordedAt), e.Says); err != nil {
			return err
		}
		for _, g := range e.Erased {
			if err := p.printf("        %s\n", g.words()); err != nil {
				return err
			}
		}
	}
	if err := p.printf("\nConsents\n"); err != nil {
		return err
	}
	for _, c := range r.Consents {
		if err := p.printf("  %s  %-16s %s\n", c.Consent, c.Kind, c.Status); err != nil {
			return err
		}
	}
	return nil
}
