package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
)

func (p *program) eventsCommand() *cobra.Command {
	var after, limit uint64
	var types []string
	var of string
	selection := func(c *cobra.Command) *cobra.Command {
		c.Flags().Uint64Var(&after, "after", 0, "only entries after this position")
		c.Flags().StringSliceVar(&types, "type", nil, "only these stored types, such as consent.granted")
		c.Flags().StringVar(&of, "person", "", "only entries about this person: an identifier, or a label of a journal")
		return c
	}
	wanted := func() (filter, error) {
		f := filter{after: event.Position(after), types: map[string]bool{}}
		for _, t := range types {
			if _, ok := catalogue.Events.Named(t); !ok {
				return f, usage("there is no event type %q; `caseledger events catalogue` lists them", t)
			}
			f.types[t] = true
		}
		if of != "" {
			f.subject = personOf(of)
		}
		return f, nil
	}
	list := selection(&cobra.Command{
		Use: "list", Short: "List entries of the ledger, without what they say", Args: cobra.NoArgs,
		Example: "  caseledger events list --type consent.withdrawn\n  caseledger events list --after 1000 --limit 50 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := wanted()
			if err != nil {
				return err
			}
			return p.eventsList(cmd.Context(), f, limit)
		},
	})
	list.Flags().Uint64Var(&limit, "limit", 0, "at most this many; 0 is all")
	tail := selection(&cobra.Command{
		Use: "tail", Short: "List entries as they are recorded, until interrupted", Args: cobra.NoArgs,
		Example: "  caseledger events tail\n  caseledger events tail --type disclosure.made --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := wanted()
			if err != nil {
				return err
			}
			return p.eventsTail(cmd.Context(), f, cmd.Flags().Changed("after"))
		},
	})
	show := &cobra.Command{
		Use: "show ENTRY", Short: "Show one entry with what it says", Args: cobra.ExactArgs(1),
		Long: "Shows one entry, by its position or its event identifier, opened with every key of the data folder. " +
			"Whoever can run this can read everybody; it leaves no trace in the ledger.",
		Example: "  caseledger events show 41\n  caseledger events show 41 --json",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.eventsShow(cmd.Context(), args[0]) },
	}
	export := selection(&cobra.Command{
		Use: "export", Short: "Write the stored bytes of every entry, one JSON object a line", Args: cobra.NoArgs,
		Long: "Writes each entry's stored bytes, in hexadecimal, beside its clear part. What is sealed stays sealed: " +
			"an export holds no personal value and needs no key.",
		Example: "  caseledger events export > ledger.jsonl\n  caseledger events export --after 100000 > rest.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := wanted()
			if err != nil {
				return err
			}
			return p.eventsExport(cmd.Context(), f)
		},
	})
	return group("events", "Read the ledger", "  caseledger events list --limit 20\n  caseledger events catalogue", list, show, tail, export, p.catalogueCommand())
}

// filter says which entries are wanted.
type filter struct {
	after   event.Position
	types   map[string]bool // empty: all
	subject event.UUID      // zero: everybody
}

func (f filter) admits(e event.Recorded) bool {
	return (len(f.types) == 0 || f.types[e.Type]) && (f.subject.IsZero() || e.Subject == f.subject)
}

// entries yields what a filter admits, with its clear part.
func (r *record) entries(ctx context.Context, f filter) iter.Seq2[event.Recorded, error] {
	return func(yield func(event.Recorded, error) bool) {
		for s, err := range r.store.ReadAll(ctx, f.after) {
			if err != nil {
				yield(event.Recorded{}, err)
				return
			}
			e, err := codec.DecodeMeta(s)
			if err != nil {
				yield(event.Recorded{}, err)
				return
			}
			if f.admits(e) && !yield(e, nil) {
				return
			}
		}
	}
}

// line is one entry as it is listed: its clear part.
type line struct {
	Position   event.Position `json:"position"`
	ID         event.ID       `json:"event"`
	Stream     event.StreamID `json:"stream"`
	Revision   event.Revision `json:"revision"`
	RecordedAt time.Time      `json:"recordedAt"`
	event.Meta
}

func lineOf(e event.Recorded) line {
	return line{e.Position, e.ID, e.Stream, e.Revision, e.RecordedAt, e.Meta}
}

func (p *program) printLine(e event.Recorded) error {
	if p.json() {
		return p.object(p.out, lineOf(e))
	}
	return p.printf("%8d  %s  %-36s %s/%s  %s r%d\n", e.Position, e.RecordedAt.Format("2006-01-02T15:04:05.000000Z07:00"),
		e.Type, e.Actor.Side, e.Actor.Role, e.Stream, e.Revision)
}

func (p *program) eventsList(ctx context.Context, f filter, limit uint64) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	var listed uint64
	for e, err := range r.entries(ctx, f) {
		if err != nil {
			return err
		}
		if err := p.printLine(e); err != nil {
			return err
		}
		if listed++; listed == limit {
			break
		}
	}
	return nil
}

func (p *program) eventsTail(ctx context.Context, f filter, fromThere bool) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	if !fromThere {
		if f.after, err = r.head(ctx); err != nil {
			return err
		}
	}
	for {
		for e, err := range r.entries(ctx, filter{after: f.after}) {
			if err != nil {
				return err
			}
			f.after = e.Position
			if f.admits(e) {
				if err := p.printLine(e); err != nil {
					return err
				}
			}
		}
		if _, err := r.store.Wait(ctx, f.after); err != nil {
			if ctx.Err() != nil {
				return nil // to be interrupted is how a tail ends
			}
			return err
		}
	}
}

// shownEvent is one entry with what it says.
type shownEvent struct {
	line
	Says jsontext.Value `json:"says,omitempty"`
}

func (p *program) eventsShow(ctx context.Context, which string) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	s, err := r.entry(ctx, which)
	if err != nil {
		return err
	}
	e, err := r.codec.Decode(ctx, s)
	if err != nil {
		return err
	}
	says, err := contents(e)
	if err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, shownEvent{lineOf(e), says})
	}
	if err := p.printLine(e); err != nil {
		return err
	}
	if err := says.Indent(jsontext.WithIndent("  ")); err != nil {
		return err
	}
	return p.printf("happened  %s\nby        %s %s, %s\npurpose   %s\nevent     %s\nsays      %s\n",
		e.Effective, e.Actor.Role, e.Actor.ID, e.Actor.Side, e.Purpose, e.ID, says)
}

// entry finds one entry by its position or its event identifier.
func (r *record) entry(ctx context.Context, which string) (eventstore.Stored, error) {
	id, byID := event.UUID{}, false
	position, err := strconv.ParseUint(which, 10, 63)
	if err != nil || position == 0 {
		if id, err = event.ParseUUID(which); err != nil {
			return eventstore.Stored{}, usage("an entry is named by its position or its event identifier")
		}
		byID, position = true, 1
	}
	for s, err := range r.store.ReadAll(ctx, event.Position(position-1)) {
		switch {
		case err != nil:
			return eventstore.Stored{}, err
		case !byID, s.ID.UUID == id:
			return s, nil
		}
	}
	return eventstore.Stored{}, fmt.Errorf("the ledger holds no such entry: %w", errNotFound)
}

// exported is one line of an export.
type exported struct {
	line
	Bytes string `json:"bytes"`
}

func (p *program) eventsExport(ctx context.Context, f filter) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	bar := p.progressOf("export", int64(head-min(head, f.after)))
	defer bar.end()
	out := newLines(p.out)
	for s, err := range r.store.ReadAll(ctx, f.after) {
		if err != nil {
			return errors.Join(err, out.flush())
		}
		e, err := codec.DecodeMeta(s)
		if err != nil {
			return errors.Join(err, out.flush())
		}
		if f.admits(e) {
			if err := p.object(out, exported{lineOf(e), hex.EncodeToString(codec.Bytes(s))}); err != nil {
				return err
			}
		}
		bar.add(1)
	}
	return out.flush()
}
