package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"caseledger/api"
)

// journeys are the three journeys of the domain reference, as journals.
//
//go:embed journeys/*.jsonl
var journeys embed.FS

// journeyNames are the journeys in the order in which they are loaded.
var journeyNames = []string{"alpha", "bravo", "charlie"}

func (p *program) demoCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "demo", Short: "Serve invented people on this machine, with a token for every role", Args: cobra.NoArgs,
		Long: "Loads the three journeys and an invented population into a new data folder, a temporary one unless --data is given, " +
			"and serves it with an issuer of its own. Nothing real may be recorded in it.",
		Example: "  caseledger demo\n  caseledger demo --people 1000 --seed 7 --addr 127.0.0.1:9000",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.demo(cmd.Context()) },
	}
	declare(c.Flags(), "demo")
	return c
}

// tokenLife is how long the demo's tokens are good for.
const tokenLife = 24 * time.Hour

func (p *program) demo(ctx context.Context) error {
	people, err := p.config.number("people", 0, mostPeople)
	if err != nil {
		return err
	}
	seed, err := p.config.number("seed", 0, 1<<63)
	if err != nil {
		return err
	}
	o, err := p.opening(writing)
	if err == nil {
		err = o.at.inFolder("demo")
	}
	if err != nil {
		return err
	}
	p.announce()
	listener, err := listen(ctx, p.config.text("addr"))
	if err != nil && !p.config.chosen("addr") {
		listener, err = listen(ctx, "127.0.0.1:0")
	}
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()

	if !p.config.chosen("data") {
		folder, err := os.MkdirTemp("", "caseledger-demo-")
		if err != nil {
			return fmt.Errorf("make a temporary data folder: %w", err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		o.dir = dataDir(folder)
	}
	if err := p.fill(ctx, o, people, seed); err != nil {
		return err
	}
	issuer, err := newTokenIssuer(p.random)
	if err != nil {
		return err
	}
	t, err := demoTrust(issuer)
	if err != nil {
		return err
	}
	erases, err := p.config.erasing()
	if err != nil {
		return err
	}
	s, err := p.newServer(ctx, parts{opening: o, trust: t, role: "all", environment: "DEMO", smallNumbers: 10, headsEvery: time.Hour, erasing: erases})
	if err != nil {
		return err
	}
	if err := s.sides.catchUp(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	if err := p.invite(issuer, listener.Addr(), o.dir); err != nil {
		return errors.Join(err, s.close())
	}
	return errors.Join(s.run(ctx, listener, patience{finish: time.Second}), s.close())
}

// fill loads the journeys and the invented people.
func (p *program) fill(ctx context.Context, o opening, people, seed uint64) error {
	var all []*journal
	all = append(all, readJournal(journeyBaseline()))
	for _, name := range journeyNames {
		f, err := journeys.Open("journeys/" + name + ".jsonl")
		if err != nil {
			return fmt.Errorf("open a journey: %w", err)
		}
		defer func() { _ = f.Close() }()
		all = append(all, readJournal(f))
	}
	if people > 0 {
		all = append(all, population(inventedDemo(people, seed)))
	}
	sum, err := p.load(ctx, o, all...)
	if err == nil {
		p.say("loaded %d commands as %d events into %s", sum.Lines, sum.Events, o.dir)
	}
	return err
}

// demoTrust trusts one issuer, for the organisations that are always known.
func demoTrust(issuer *tokenIssuer) (trusted, error) {
	t := everybody()
	document, err := issuer.jwks()
	if err != nil {
		return t, fmt.Errorf("write the demo's keys: %w", err)
	}
	keys, err := api.StaticKeys(document)
	t.issuers = []api.Issuer{{URL: demoIssuer, Audience: demoAudience, Keys: keys}}
	return t, err
}

// invited is the demo as --json tells of it.
type invited struct {
	Address  string    `json:"address"`
	Data     dataDir   `json:"data"`
	Personas []persona `json:"personas"`
	Try      []string  `json:"try"`
}

type persona struct {
	Label string `json:"label"`
	Role  string `json:"role"`
	Does  string `json:"does"`
	Token string `json:"token"`
}

// invite prints the address, a token for each persona and three lines to try.
func (p *program) invite(issuer *tokenIssuer, address net.Addr, dir dataDir) error {
	out := invited{Address: "http://" + address.String(), Data: dir}
	tokens := map[string]string{}
	for _, m := range personas() {
		token, err := issuer.token(m, p.now(), tokenLife)
		if err != nil {
			return fmt.Errorf("sign a token: %w", err)
		}
		tokens[m.label] = token
		out.Personas = append(out.Personas, persona{m.label, string(m.role), m.does, token})
	}
	out.Try = tryLines(out.Address, tokens)
	if p.json() {
		return p.object(p.out, out)
	}
	if err := p.printf("Serving %s\nEverybody in it is invented. Data folder: %s\n\nTokens, good for %s:\n\n", out.Address, dir, tokenLife); err != nil {
		return err
	}
	for _, one := range out.Personas {
		if err := p.printf("%s  %s, %s\n%s\n\n", one.Label, one.Role, one.Does, one.Token); err != nil {
			return err
		}
	}
	if err := p.printf("Try:\n\n"); err != nil {
		return err
	}
	for _, line := range out.Try {
		if err := p.printf("%s\n\n", line); err != nil {
			return err
		}
	}
	return p.printf("Stop with Ctrl-C.\n")
}

// tryLines are three requests that work as printed: a caseload, what a consent
// looked like from before its withdrawal was recorded, and a search by number.
func tryLines(address string, tokens map[string]string) []string {
	nurse := "-H 'Authorization: Bearer " + tokens["NUR1"] + "' -H 'X-Purpose-Of-Use: DIRECT_CARE'"
	moment := "2026-02-23T12:00:00Z"
	return []string{
		fmt.Sprintf("curl -s %s '%s/api/v1/caseload?perPage=5'", nurse, address),
		fmt.Sprintf("curl -s %s '%s/api/v1/people/%s/consents?true_on=%s&known_on=%s'", nurse, address, personID("A"), moment, moment),
		fmt.Sprintf("curl -s %s -H 'Content-Type: application/json' -d '{\"identifier\":{\"type\":\"NHS_NUMBER\",\"value\":\"999 000 1014\"}}' '%s/api/v1/people/search'", nurse, address),
	}
}
