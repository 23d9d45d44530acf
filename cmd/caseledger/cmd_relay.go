package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

func (p *program) relayCommand() *cobra.Command {
	status := &cobra.Command{
		Use: "status", Short: "Say how far each destination has been told", Args: cobra.NoArgs,
		Example: "  caseledger relay status --relay /etc/caseledger/relay.json\n  caseledger relay status --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.relayStatus(cmd.Context()) },
	}
	var most uint64
	parked := &cobra.Command{
		Use: "parked DESTINATION", Short: "List the messages that could not be delivered, and what waits behind them", Args: cobra.ExactArgs(1),
		Long: "Lists what is held for a destination: messages that are parked, those that will be tried again, and those of the same person behind them. " +
			"What the messages say is read from the ledger again when they are published, never kept.",
		Example: "  caseledger relay parked gp-system\n  caseledger relay parked gp-system --json",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.relayParked(cmd.Context(), args[0], most) },
	}
	parked.Flags().Uint64Var(&most, "limit", 100, "how many to list")
	var at uint64
	replay := &cobra.Command{
		Use: "replay DESTINATION", Short: "Have parked messages tried again", Args: cobra.ExactArgs(1),
		Long:    "Has every parked message of a destination tried again, or the one at a position; the server that runs publishes them, and then what is behind them.",
		Example: "  caseledger relay replay gp-system\n  caseledger relay replay gp-system --position 41018",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.relayReplay(cmd.Context(), args[0], event.Position(at))
		},
	}
	replay.Flags().Uint64Var(&at, "position", 0, "the one at this position; 0 is all that are parked")
	enable := &cobra.Command{
		Use: "enable DESTINATION", Short: "Publish again to a destination that had said it was gone", Args: cobra.ExactArgs(1),
		Example: "  caseledger relay enable gp-system",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.withRelay(cmd.Context(), func(r *relay.Relay) error { return named(r.Enable(cmd.Context(), args[0])) })
		},
	}
	return group("relay", "Look after what others are told of the record", "  caseledger relay status\n  caseledger relay parked gp-system",
		status, parked, replay, enable)
}

// withRelay works on a relay that does not run.
func (p *program) withRelay(ctx context.Context, work func(*relay.Relay) error) error {
	settings, err := p.config.destinations()
	if err == nil && settings == nil {
		err = usage("--relay names the file that says who is told")
	}
	if err != nil {
		return err
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
	keep, err := r.openRelayKeep(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = keep.Close() }()
	all, err := r.views(ctx, organisations, viewOptions)
	if err != nil {
		return err
	}
	defer func() { _ = all.close() }()
	var to []relay.Destination
	for _, d := range settings.Destinations {
		to = append(to, relay.Destination{Name: d.Name, Audience: relay.Audience{Side: d.Side, Controller: d.Controller}, Format: d.Format, Types: d.Types})
	}
	asked, err := r.relay(all, keep, *settings, to, p.now, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return work(asked)
}

// named is an error about a destination as it is printed.
func named(err error) error {
	if errors.Is(err, relay.ErrNoDestination) {
		return errors.Join(err, errNotFound)
	}
	return err
}

// toldOf is how far a destination has been told, as it is printed.
type toldOf struct {
	Destination string         `json:"destination"`
	Position    event.Position `json:"position"`
	Behind      event.Position `json:"behind"`
	Waiting     *time.Time     `json:"waitingSince,omitempty"`
	Held        int            `json:"held"`
	Parked      int            `json:"parked"`
	Disabled    relay.Reason   `json:"disabled,omitempty"`
}

func (p *program) relayStatus(ctx context.Context) error {
	return p.withRelay(ctx, func(r *relay.Relay) error {
		all, err := r.Status(ctx)
		if err != nil {
			return err
		}
		for _, s := range all {
			out := toldOf{Destination: s.Destination, Position: s.Position, Behind: s.Head - min(s.Head, s.Position), Held: s.Held, Parked: s.Consumer.Parked, Disabled: s.Disabled}
			if !s.Waiting.IsZero() {
				out.Waiting = &s.Waiting
			}
			if p.json() {
				err = p.object(p.out, out)
			} else {
				err = p.printf("%-24s position %d  behind %d  held %d  parked %d %s\n", out.Destination, out.Position, out.Behind, out.Held, out.Parked, out.Disabled)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// heldFor is one message that is held, as it is printed.
type heldFor struct {
	Position event.Position `json:"position"`
	Event    event.ID       `json:"event"`
	Type     string         `json:"type,omitempty"`
	State    string         `json:"state"` // parked, due or behind
	Reason   relay.Reason   `json:"reason,omitempty"`
	Attempts int            `json:"attempts"`
	Readable bool           `json:"readable"`
}

func (p *program) relayParked(ctx context.Context, destination string, most uint64) error {
	return p.withRelay(ctx, func(r *relay.Relay) error {
		all, err := r.Parked(ctx, destination, 0, int(min(most, 100_000)))
		if err != nil {
			return named(err)
		}
		for _, m := range all {
			out := heldFor{Position: m.Position, Event: m.ID, Type: m.Type, State: "due", Reason: m.Reason, Attempts: m.Attempts, Readable: m.Readable}
			switch {
			case m.Behind:
				out.State = "behind"
			case m.Held.Parked():
				out.State = "parked"
			}
			if p.json() {
				err = p.object(p.out, out)
			} else {
				err = p.printf("%-8s position %d  %s  %s  %d attempts  %s\n", out.State, out.Position, out.Event, out.Type, out.Attempts, out.Reason)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *program) relayReplay(ctx context.Context, destination string, at event.Position) error {
	return p.withRelay(ctx, func(r *relay.Relay) error {
		n, err := r.Replay(ctx, destination, at)
		if err != nil {
			return named(err)
		}
		if p.json() {
			return p.object(p.out, map[string]any{"destination": destination, "replayed": n})
		}
		return p.printf("%d messages are tried again\n", n)
	})
}
