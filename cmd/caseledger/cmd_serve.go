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

func (p *program) serve(ctx context.Context) error {
	role := p.config.text("role")
	if !slices.Contains([]string{"all", "web", "worker"}, role) {
		return usage("--role is all, web or worker")
	}
	finish, err := p.config.duration("shutdown-timeout")
	if err != nil {
		return err
	}
	drain, err := p.config.duration("drain-delay")
	if err != nil {
		return err
	}
	small, err := p.config.number("small-numbers", 0, 1000)
	if err != nil {
		return err
	}
	if small == 1 {
		return usage("--small-numbers is 0, or from 2 to 1000")
	}
	every, err := p.config.duration("heads-every")
	if err != nil {
		return err
	}
	if every < time.Second {
		return usage("--heads-every is at least 1s")
	}
	verify, err := p.config.duration("verify-every")
	if err != nil {
		return err
	}
	if verify < time.Minute {
		return usage("--verify-every is at least 1m")
	}
	policy, err := p.config.witnessPolicy()
	if err != nil {
		return err
	}
	t, err := trust(p.config, p.now)
	if err != nil {
		return err
	}
	o, err := p.opening(writing)
	if err == nil {
		err = o.at.serves(role)
	}
	if err != nil {
		return err
	}
	var to *destinations
	if dutiesOf(role, o.at).judges {
		if to, err = p.config.destinations(); err != nil {
			return err
		}
	}
	erases, err := p.config.erasing()
	if err != nil {
		return err
	}
	p.announce()
	s, err := p.newServer(ctx, parts{opening: o, trust: t, role: role, environment: "production", smallNumbers: int(small), timers: true, destinations: to,
		witnesses: policy, headsEvery: every, erasing: erases})
	if err != nil {
		return err
	}
	var listener net.Listener
	if role != "worker" || o.at.several() && p.config.chosen("addr") {
		if listener, err = listen(ctx, p.config.text("addr")); err != nil {
			return errors.Join(err, s.close())
		}
		if role != "worker" && len(t.issuers) == 0 {
			p.say("no issuer of tokens is configured: nobody can get in")
		}
		if err := p.printf("serving http://%s\n", listener.Addr()); err != nil {
			return errors.Join(err, s.close())
		}
	}
	return errors.Join(s.run(ctx, listener, patience{drain: drain, finish: finish}), s.close())
}

// listen opens the address that requests come to.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
