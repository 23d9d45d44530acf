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
		Long: "Serves the API under /api/v1, the probes and /metrics, and keeps the read models up to date. " +
			"One process writes a data folder; commands that only read may run beside it. Without an issuer nobody can get in.",
		Example: "  caseledger serve --data /var/lib/caseledger --issuers /etc/caseledger/issuers.json\n" +
			"  caseledger serve --issuer https://sign-in.example --jwks https://sign-in.example/jwks",
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
	patience, err := time.ParseDuration(p.config.text("shutdown-timeout"))
	if err != nil || patience < 0 {
		return usage("--shutdown-timeout wants a duration such as 10s")
	}
	small, err := p.config.number("small-numbers", 0, 1000)
	if err != nil {
		return err
	}
	if small == 1 {
		return usage("--small-numbers is 0, or from 2 to 1000")
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
	p.announce()
	s, err := p.newServer(ctx, parts{opening: o, trust: t, role: role, environment: "production", smallNumbers: int(small), timers: true})
	if err != nil {
		return err
	}
	var listener net.Listener
	if role != "worker" {
		if listener, err = listen(ctx, p.config.text("addr")); err != nil {
			return errors.Join(err, s.close())
		}
		if len(t.issuers) == 0 {
			p.say("no issuer of tokens is configured: nobody can get in")
		}
		if err := p.printf("serving http://%s\n", listener.Addr()); err != nil {
			return errors.Join(err, s.close())
		}
	}
	return errors.Join(s.run(ctx, listener, patience), s.close())
}

// listen opens the address that requests come to.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
