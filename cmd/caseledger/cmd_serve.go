package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

func (p *program) serveCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Serve the record over HTTP", Args: cobra.NoArgs,
		Long: "Serves the API under /api/v1, the probes and /metrics, keeps the read models up to date, judges, and records what falls due. " +
			"One process writes a data folder; commands that only read may run beside it. Without an issuer nobody can get in.\n\n" +
			"With the ledger, the keys and the read models on servers, as many processes as are wanted serve one record. Those of role web answer requests. " +
			"Of those of role all and worker one at a time is elected to do the rest; where it ends, another takes over within seconds. " +
			"A worker shows its probes where --addr is given. All of them need the same key file, and the same issuers.\n\n" +
			"With --relay, whoever judges also tells others of what is recorded, and is as ready where they cannot be reached.\n\n" +
			"When it is asked to stop, readiness says so first; open requests finish, then the work stops, then the lead is given up.",
		Example: "  caseledger serve --data /var/lib/caseledger --issuers /etc/caseledger/issuers.json\n" +
			"  caseledger serve --issuer https://sign-in.example --jwks https://sign-in.example/jwks\n" +
			"  caseledger serve --role worker --ledger file:/run/secrets/ledger --keys file:/run/secrets/keys --views file:/run/secrets/views --relay /etc/caseledger/relay.json",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context()) },
	}
	declare(c.Flags(), "serve")
	return c
}

// toServe is what the settings say about how the record is served.
func (p *program) toServe() (with parts, stops patience, err error) {
	c := p.config
	with = parts{role: c.text("role"), environment: "production", timers: true}
	if !slices.Contains([]string{"all", "web", "worker"}, with.role) {
		return with, stops, usage("--role is all, web or worker")
	}
	if stops.finish, err = c.duration("shutdown-timeout"); err != nil {
		return with, stops, err
	}
	if stops.drain, err = c.duration("drain-delay"); err != nil {
		return with, stops, err
	}
	small, err := c.number("small-numbers", 0, 1000)
	if err != nil {
		return with, stops, err
	}
	if with.smallNumbers = int(small); small == 1 {
		return with, stops, usage("--small-numbers is 0, or from 2 to 1000")
	}
	if with.headsEvery, err = c.duration("heads-every"); err != nil {
		return with, stops, err
	}
	if with.headsEvery < time.Second {
		return with, stops, usage("--heads-every is at least 1s")
	}
	if with.verifyEvery, err = c.duration("verify-every"); err != nil {
		return with, stops, err
	}
	if with.verifyEvery < time.Minute {
		return with, stops, usage("--verify-every is at least 1m")
	}
	if with.witnesses, err = c.witnessPolicy(); err != nil {
		return with, stops, err
	}
	if with.trust, err = trust(c, p.now); err != nil {
		return with, stops, err
	}
	if with.opening, err = p.opening(writing); err == nil {
		err = with.opening.at.serves(with.role)
	}
	if err == nil && dutiesOf(with.role, with.opening.at).judges {
		with.destinations, err = c.destinations()
	}
	if err == nil {
		with.erasing, err = c.erasing()
	}
	return with, stops, err
}

func (p *program) serve(ctx context.Context) error {
	with, stops, err := p.toServe()
	if err != nil {
		return err
	}
	p.announce()
	s, err := p.newServer(ctx, with)
	if err != nil {
		return err
	}
	var listener net.Listener
	if with.role != "worker" || with.opening.at.several() && p.config.chosen("addr") {
		if listener, err = listen(ctx, p.config.text("addr")); err != nil {
			return errors.Join(err, s.close())
		}
		if with.role != "worker" && len(with.trust.issuers) == 0 {
			p.say("no issuer of tokens is configured: nobody can get in")
		}
		if err := p.printf("serving http://%s\n", listener.Addr()); err != nil {
			return errors.Join(err, s.close())
		}
	}
	return errors.Join(s.run(ctx, listener, stops), s.close())
}

// listen opens the address that requests come to.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
