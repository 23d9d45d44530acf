package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setting is one documented setting. A flag prevails on the environment, the
// environment on the default; the zero configuration works.
type setting struct {
	// command is the command that has the setting, by its whole name; empty: every
	// command.
	command string
	flag    string
	usual   string // the default, as text
	boolean bool
	// does says what it does, in which unit, and what a wrong value costs.
	does string
	// secret settings are printed as "(hidden)".
	secret bool
}

// environment is the variable that sets it: CASELEDGER_, the command where
// there is one, and the flag.
func (s setting) environment() string {
	name := s.flag
	if s.command != "" {
		name = s.command + "_" + s.flag
	}
	return "CASELEDGER_" + strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(name))
}

// settings is every setting there is.
var settings = []setting{
	{flag: "data", usual: "caseledger-data",
		does: "folder that holds the ledger, the keys and the read models; whoever can read it can read everybody, and a wrong one starts an empty record"},
	{flag: "ledger", usual: "", secret: true,
		does: "where the ledger is: a connection string of PostgreSQL or KurrentDB (EventStoreDB), or file: and the path of a file that holds one and that others cannot read; empty is a SQLite file in the data folder. The string opens the whole ledger to whoever reads it"},
	{flag: "keys", usual: "", secret: true,
		does: "where the keys of the people's data are: a connection string of a PostgreSQL database of their own, apart from the ledger and its backups, or file: and a path; empty is a SQLite file in the data folder, for processes of one machine. Other keys than the ledger's open nothing"},
	{flag: "views", usual: "", secret: true,
		does: "where the read models are, and how far the monitors have come: a connection string of PostgreSQL, a schema for each side and up to 75 connections, or file: and a path; empty is SQLite files in the data folder, for one process. What is lost there is made again from the ledger"},
	{flag: "relay", usual: "",
		does: "JSON file that says whom to tell of what is recorded, over NATS or by webhook, and nothing that is sealed (docs/operations/publishing.md); empty tells nobody. A process of role web on servers does not read it. Whoever is listed learns of people's events by their identifiers"},
	{flag: "key-file", usual: "",
		does: "file with the key-encryption key, made with mode 0600 on first start; empty is key-encryption-key in the data folder. Without this file the record cannot be read, ever"},
	{flag: "backup-days", usual: "30",
		does: "for how many days backups of the keys are kept, from 0 to 3650; each erasure receipt says until when a copy may still hold a destroyed key. Too small a number makes every receipt untrue"},
	{flag: "rewrap-every", usual: "24h",
		does: "the least time between two rounds of wrapping all keys by another key-encryption key after keys were destroyed; 0s has a round for each erasure. With the keys on a server only if it is given: every process must then read the same --key-file, or the others open nothing. Backups of the keystore from before a round open only with a copy of the key file from before it: keep such copies as long as those backups, and no longer"},
	{flag: "signer-key", usual: "",
		does: "file with the key that signs the ledger's checkpoints, made with mode 0600 on first start; empty is signer-key in the data folder. Every process that seals the record needs the same. Beside it, unless the keys are on a server, is what was signed last, which must never be put back from a backup. Whoever has the file can sign another history, and only witnesses would tell"},
	{flag: "witnesses", usual: "",
		does: "file that says who cosigns the ledger's checkpoints and how many must (C2SP tlog-policy); empty asks nobody, and then whoever has the signing key can show two people two histories"},
	{flag: "kms-token-file", usual: "",
		does: "file of mode 0600 with the token for the key management service that a line of the key file names; needed only where one does. Whoever holds it, the key file and the keys can read everybody"},
	{flag: "json", usual: "false", boolean: true,
		does: "answer in JSON: lists are one object a line"},
	{flag: "quiet", usual: "false", boolean: true,
		does: "print nothing but the answer: no settings, no progress"},

	{command: "serve", flag: "addr", usual: "127.0.0.1:8080",
		does: "address to listen on; anything but a loopback address puts the record on the network, so put TLS in front of it"},
	{command: "serve", flag: "role", usual: "all",
		does: "all, web (answers requests) or worker (keeps the read models up to date and, of a record on servers, judges); a record with no worker shows nothing new"},
	{command: "serve", flag: "issuers", usual: "",
		does: "JSON file that lists the token issuers and the organisations they may speak for; whoever holds an issuer's key can be anybody"},
	{command: "serve", flag: "issuer", usual: "",
		does: "the issuer of tokens (the iss claim), where there is one only and no issuers file"},
	{command: "serve", flag: "audience", usual: "caseledger",
		does: "what tokens of that issuer must be meant for (the aud claim); a wrong one refuses everybody"},
	{command: "serve", flag: "jwks", usual: "",
		does: "that issuer's public keys: a file, or an https URL that is fetched at start and then every hour"},
	{command: "serve", flag: "heads-every", usual: "1h",
		does: "how often the ledger commits to the heads of its streams, by which it is proved that nothing was left out, at least 1s; rarer makes what a proof covers older"},
	{command: "serve", flag: "verify-every", usual: "24h",
		does: "how long after one verification of the whole record the next begins, at least 1m; the first begins at start. Rarer finds later what was altered"},
	{command: "serve", flag: "small-numbers", usual: "10",
		does: "counts under it are kept back from the hubs' figures, from 2 to 1000; 0 publishes everything, and a small count may tell who somebody is"},
	{command: "serve", flag: "shutdown-timeout", usual: "10s",
		does: "how long open requests may take after a stop is asked for; longer ones are cut off, and what they had recorded stays recorded"},

	{command: "serve", flag: "drain-delay", usual: "0s",
		does: "how long readiness says no, after a stop is asked for, before no more requests are taken; longer than a load balancer takes to notice, or it sends requests to nobody"},

	{command: "demo", flag: "addr", usual: "127.0.0.1:8080",
		does: "address to listen on; if it is taken and was not asked for, any free port is used"},
	{command: "demo", flag: "people", usual: "200",
		does: "how many people to invent beside the three journeys"},
	{command: "demo", flag: "seed", usual: "1",
		does: "what the invented people are drawn from; the same seed draws the same people"},

	{command: "witness serve", flag: "addr", usual: "127.0.0.1:7380",
		does: "address that the witness listens on; whoever asks it does so over https, so put TLS in front of it"},
	{command: "witness serve", flag: "logs", usual: "",
		does: "file that lists the ledgers that are cosigned: a verifier key on each line, with both keys of a ledger that changes its key, and the old one for as long as its last checkpoint is the last that was cosigned; a wrong key cosigns somebody else's ledger"},
	{command: "witness serve", flag: "key", usual: "",
		does: "file with the secret key of the witness, which caseledger witness keygen makes; whoever has it can vouch in the witness's name"},

	{command: "import", flag: "importers", usual: "",
		does: "who imports beside information governance leads: LABEL/ROLE, separated by commas; they record anything about anybody, unasked"},

	{command: "simulate", flag: "people", usual: "0",
		does: "how many people to invent"},
	{command: "simulate", flag: "seed", usual: "1",
		does: "what the invented people are drawn from; the same seed draws the same people"},
	{command: "simulate", flag: "years", usual: "1",
		does: "how many years the invented people are followed, from 1 to 10"},
	{command: "simulate", flag: "breaches", usual: "0",
		does: "the share of the invented people, from 0 to 1, about whom something unlawful is planted; every monitor has its turn where there are a hundred of them"},
	{command: "simulate", flag: "answers", usual: "",
		does: "file for what the monitors must find, JSON Lines; empty: none is written"},
}

// testPrefix begins the variables that belong to tests; the program ignores
// them.
const testPrefix = "CASELEDGER_TEST_"

// checkEnvironment refuses a CASELEDGER_ variable that is no setting: a
// misspelt one would silently leave the default in force.
func checkEnvironment(environ []string) error {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "CASELEDGER_") || strings.HasPrefix(name, testPrefix) {
			continue
		}
		if !slices.ContainsFunc(settings, func(s setting) bool { return s.environment() == name }) {
			return usage("the environment variable %s is not a setting; `caseledger doctor --settings` lists them", name)
		}
	}
	return nil
}

// fromEnvironment looks a variable up.
func fromEnvironment(environ []string, name string) (string, bool) {
	for _, pair := range slices.Backward(environ) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// declare gives a command the flags of its settings.
func declare(flags *pflag.FlagSet, command string) {
	for _, s := range settings {
		if s.command != command {
			continue
		}
		help := s.does + " [" + s.environment() + "]"
		if s.boolean {
			flags.Bool(s.flag, s.usual == "true", help)
		} else {
			flags.String(s.flag, s.usual, help)
		}
	}
}

// effective is one setting as it is in force.
type effective struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	From    string `json:"from"` // flag, environment or default
}

// configuration is the settings of one run.
type configuration struct {
	flags *pflag.FlagSet
	from  map[string]string
	list  []effective
}

// configure settles the settings of a command: it copies the environment into
// the flags that were not given.
func configure(cmd *cobra.Command, environ []string) (configuration, error) {
	if err := checkEnvironment(environ); err != nil {
		return configuration{}, err
	}
	c := configuration{flags: cmd.Flags(), from: map[string]string{}}
	_, command, _ := strings.Cut(cmd.CommandPath(), " ")
	for _, s := range settings {
		if s.command != "" && s.command != command {
			continue
		}
		f := c.flags.Lookup(s.flag)
		if f == nil {
			continue
		}
		source := "default"
		if f.Changed {
			source = "flag"
		} else if value, ok := fromEnvironment(environ, s.environment()); ok {
			source = "environment"
			if err := f.Value.Set(value); err != nil {
				return configuration{}, usage("the environment variable %s cannot be read: it wants %s", s.environment(), f.Value.Type())
			}
		}
		c.from[s.flag] = source
		c.list = append(c.list, effective{s.flag, shown(s, f.Value.String()), source})
	}
	return c, nil
}

// shown is a value fit to print: secrets and the user part of a URL are not;
// where a secret is, is none.
func shown(s setting, value string) string {
	if s.secret && value != "" && !strings.HasPrefix(value, "file:") {
		return "(hidden)"
	}
	if strings.Contains(value, "://") {
		if u, err := url.Parse(value); err == nil {
			if u.RawQuery != "" {
				u.RawQuery = "hidden"
			}
			return u.Redacted()
		}
		return "(hidden)"
	}
	return value
}

// text is the value of a setting.
func (c configuration) text(name string) string {
	f := c.flags.Lookup(name)
	if f == nil {
		return ""
	}
	return f.Value.String()
}

// on is the value of a yes-or-no setting.
func (c configuration) on(name string) bool { return c.text(name) == "true" }

// chosen reports whether a setting was given rather than left at its default.
func (c configuration) chosen(name string) bool { return c.from[name] != "default" }

// number is the value of a setting that counts something.
func (c configuration) number(name string, least, most uint64) (uint64, error) {
	var n uint64
	if _, err := fmt.Sscanf(c.text(name), "%d", &n); err != nil || fmt.Sprint(n) != c.text(name) || n < least || n > most {
		return 0, usage("--%s wants a whole number from %d to %d", name, least, most)
	}
	return n, nil
}

// duration is the value of a setting that is a time, zero or more.
func (c configuration) duration(name string) (time.Duration, error) {
	d, err := time.ParseDuration(c.text(name))
	if err != nil || d < 0 {
		return 0, usage("--%s wants a duration such as 10s", name)
	}
	return d, nil
}

// lines prints the effective set, one setting a line.
func (c configuration) lines() string {
	var b strings.Builder
	for _, e := range c.list {
		value := e.Value
		if value == "" {
			value = "(none)"
		}
		fmt.Fprintf(&b, "setting %s=%s (%s)\n", e.Setting, value, e.From)
	}
	return b.String()
}
