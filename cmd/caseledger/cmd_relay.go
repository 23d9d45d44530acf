package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/eventstore/relay"
)

func (p *program) relayCommand() *cobra.Command {
	var destination string
	one := func(c *cobra.Command) *cobra.Command {
		c.Flags().StringVar(&destination, "destination", "", "one destination only, by its name in the file; left out, every one")
		return c
	}
	status := &cobra.Command{
		Use: "status", Short: "Say how far those who are told are behind the ledger", Args: cobra.NoArgs,
		Long: "Shows each destination of --relay: how many entries it is behind and since when, how many messages it did not take, how many of them wait for somebody. " +
			"It reaches no destination, changes nothing and may run beside a server.",
		Example: "  caseledger relay status --relay /etc/caseledger/relay.json\n  caseledger relay status --relay /etc/caseledger/relay.json --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.relayStatus(cmd.Context()) },
	}
	parked := one(&cobra.Command{
		Use: "parked", Short: "List the messages that a destination did not take", Args: cobra.NoArgs,
		Long: "Lists what is held for each destination: parked messages, which wait for somebody, those that are tried again by themselves, and those of the same people behind them. " +
			"It shows no content, changes nothing and may run beside a server.",
		Example: "  caseledger relay parked --relay /etc/caseledger/relay.json\n  caseledger relay parked --relay /etc/caseledger/relay.json --destination hub-hook --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.relayParked(cmd.Context(), destination) },
	})
	var all bool
	replay := one(&cobra.Command{
		Use: "replay [ENTRY...]", Short: "Have parked messages tried again", Args: cobra.ArbitraryArgs,
		Long: "Makes parked messages due, with all their attempts before them: those of the entries, by position or event identifier, or all. " +
			"The server that publishes does so within seconds, and then what is behind them; where none runs, the next one does. " +
			"A message that is behind another cannot be replayed before that one. An entry that is parked nowhere ends with exit code 5, and nothing is replayed then.",
		Example: "  caseledger relay replay --relay /etc/caseledger/relay.json 41\n  caseledger relay replay --relay /etc/caseledger/relay.json --destination hub-hook --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.relayReplay(cmd.Context(), destination, args, all)
		},
	})
	replay.Flags().BoolVar(&all, "all", false, "everything that is parked")
	enable := &cobra.Command{
		Use: "enable DESTINATION", Short: "Publish again to a destination that had said it was gone", Args: cobra.ExactArgs(1),
		Long:    "Publishes again, from where it was, to a webhook that had answered 410 Gone. The server that publishes does so within seconds.",
		Example: "  caseledger relay enable --relay /etc/caseledger/relay.json hub-hook",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.relayEnable(cmd.Context(), args[0]) },
	}
	return group("relay", "Look after those who are told of what is recorded", "  caseledger relay status --relay /etc/caseledger/relay.json\n"+
		"  caseledger relay parked --relay /etc/caseledger/relay.json", status, parked, replay, enable)
}

// withRelay works on the relay of the record that the settings name.
func (p *program) withRelay(ctx context.Context, work func(destinations, *relayer) error) error {
	to, err := p.config.destinations()
	if err == nil && to == nil {
		err = usage("--relay names the file of the destinations, the one that the server was given")
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
	seen, err := r.observer(ctx, *to, organisations, p.now)
	if err != nil {
		return err
	}
	return errors.Join(work(*to, seen), seen.close())
}

// howFar is how far a destination is, as it is printed.
type howFar struct {
	Destination  string         `json:"destination"`
	Position     event.Position `json:"position"`
	Head         event.Position `json:"head"`
	Behind       uint64         `json:"behind"`
	WaitingSince time.Time      `json:"waitingSince,omitzero"`
	Held         int            `json:"held"`
	Parked       int            `json:"parked"`
	Disabled     relay.Reason   `json:"disabled,omitempty"`
}

func howFarOf(s relay.Status) howFar {
	return howFar{s.Destination, s.Position, s.Head, behind(s), s.Waiting, s.Held, s.Parked, s.Disabled}
}

func (t howFar) String() string {
	says := fmt.Sprintf("%s: %d entries behind", t.Destination, t.Behind)
	if !t.WaitingSince.IsZero() {
		says += ", the first of " + t.WaitingSince.UTC().Format(time.RFC3339)
	}
	if t.Held > 0 {
		says += fmt.Sprintf(", %d messages held, %d of them parked", t.Held, t.Parked)
	}
	if t.Disabled != "" {
		says += ", disabled: " + string(t.Disabled)
	}
	return says
}

func (p *program) relayStatus(ctx context.Context) error {
	return p.withRelay(ctx, func(_ destinations, r *relayer) error {
		all, err := r.Status(ctx)
		if err != nil {
			return err
		}
		for _, s := range all {
			out := howFarOf(s)
			if p.json() {
				err = p.object(p.out, out)
			} else {
				err = p.printf("%s\n", out)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// parkedMessage is a message that is held, as it is printed.
type parkedMessage struct {
	Destination string         `json:"destination"`
	Position    event.Position `json:"position"`
	ID          event.ID       `json:"event"`
	Type        string         `json:"type,omitempty"`
	State       string         `json:"state"` // parked, retrying or behind
	Reason      relay.Reason   `json:"reason"`
	Attempts    int            `json:"attempts"`
	Since       time.Time      `json:"since"`
	Due         time.Time      `json:"due,omitzero"`
	Readable    bool           `json:"readable"` // this program can make the message
}

func parkedOf(destination string, m relay.ParkedMessage) parkedMessage {
	out := parkedMessage{destination, m.Position, m.ID, m.Type, "retrying", m.Reason, m.Attempts, m.Since, m.Due, m.Readable}
	switch {
	case m.Behind:
		out.State, out.Due = "behind", time.Time{}
	case m.Parked():
		out.State = "parked"
	}
	return out
}

// parkedPage is how many messages are looked up at a time.
const parkedPage = 500

// eachHeld goes through what is held for a destination, or for every one.
func (r *relayer) eachHeld(ctx context.Context, to destinations, destination string, work func(string, relay.ParkedMessage) error) error {
	found := false
	for _, d := range to.Destinations {
		if destination != "" && d.Name != destination {
			continue
		}
		found = true
		for after := event.Position(0); ; {
			page, err := r.Parked(ctx, d.Name, after, parkedPage)
			if err != nil {
				return err
			}
			for _, m := range page {
				if err := work(d.Name, m); err != nil {
					return err
				}
				after = m.Position
			}
			if len(page) < parkedPage {
				break
			}
		}
	}
	if !found && destination != "" {
		return relay.ErrNoDestination
	}
	return nil
}

func (p *program) relayParked(ctx context.Context, destination string) error {
	return p.withRelay(ctx, func(to destinations, r *relayer) error {
		return r.eachHeld(ctx, to, destination, func(name string, m relay.ParkedMessage) error {
			out := parkedOf(name, m)
			if p.json() {
				return p.object(p.out, out)
			}
			name = out.Type
			if !out.Readable {
				name = "(unreadable)"
			}
			return p.printf("%-20s %8d  %s  %-36s %-8s %s, %d attempts\n", out.Destination, out.Position, out.ID, name, out.State, out.Reason, out.Attempts)
		})
	})
}

// dueAgain is what came of a replay.
type dueAgain struct {
	Destination string `json:"destination"`
	Replayed    int    `json:"replayed"`
}

func (p *program) relayReplay(ctx context.Context, destination string, entries []string, all bool) error {
	if all == (len(entries) > 0) {
		return usage("caseledger relay replay wants entries, or --all")
	}
	return p.withRelay(ctx, func(to destinations, r *relayer) error {
		due := map[string][]event.Position{} // 0: all
		wanted := map[string]bool{}
		for _, e := range entries {
			wanted[strings.ToLower(e)] = true
		}
		missing := len(wanted)
		found := map[string]bool{}
		err := r.eachHeld(ctx, to, destination, func(name string, m relay.ParkedMessage) error {
			if all {
				if m.Parked() {
					due[name] = []event.Position{0}
				}
				return nil
			}
			for _, is := range []string{strconv.FormatUint(uint64(m.Position), 10), m.ID.String()} {
				if !wanted[is] || !m.Parked() {
					continue
				}
				due[name] = append(due[name], m.Position)
				if !found[is] {
					found[is] = true
					missing--
				}
			}
			return nil
		})
		if err == nil && missing > 0 {
			err = fmt.Errorf("%d of %d entries are parked for none of the destinations, or are behind one that is: %w", missing, len(wanted), errNotFound)
		}
		if err != nil {
			return err
		}
		for _, d := range to.Destinations {
			if destination != "" && d.Name != destination {
				continue
			}
			out := dueAgain{Destination: d.Name}
			for _, position := range due[d.Name] {
				n, err := r.Replay(ctx, d.Name, position)
				if err != nil {
					return err
				}
				out.Replayed += n
			}
			if p.json() {
				err = p.object(p.out, out)
			} else {
				err = p.printf("%s: %d messages are tried again\n", out.Destination, out.Replayed)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *program) relayEnable(ctx context.Context, destination string) error {
	return p.withRelay(ctx, func(_ destinations, r *relayer) error {
		if err := r.Enable(ctx, destination); err != nil {
			return err
		}
		if p.json() {
			return p.object(p.out, map[string]any{"destination": destination, "enabled": true})
		}
		return p.printf("%s is published to\n", destination)
	})
}

// checkRelay looks how far those who are told are. To be behind is no fault of
// the record; what waits for somebody is one.
func (p *program) checkRelay(ctx context.Context, r *record) diagnosis {
	found := diagnosis{Check: "relay", Says: "nobody is told: --relay is empty"}
	to, err := p.config.destinations()
	if err != nil || to == nil {
		found.err = err
		return found
	}
	organisations, err := known(r.dir)
	if err != nil {
		return diagnosis{Check: "relay", err: err}
	}
	seen, err := r.observer(ctx, *to, organisations, p.now)
	if err != nil {
		return diagnosis{Check: "relay", err: err}
	}
	all, err := seen.Status(ctx)
	if err = errors.Join(err, seen.close()); err != nil {
		return diagnosis{Check: "relay", err: err}
	}
	var says []string
	waits := false
	for _, s := range all {
		says = append(says, howFarOf(s).String())
		waits = waits || s.Parked > 0 || s.Disabled != ""
	}
	if found.Says = strings.Join(says, "; "); waits {
		found.err = fmt.Errorf("%s; see caseledger relay parked", found.Says)
	}
	return found
}
