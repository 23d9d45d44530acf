package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	cosignature "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"caseledger/eventstore/ledger"
	"caseledger/eventstore/ledger/witness"
)

func (p *program) witnessCommand() *cobra.Command {
	serve := &cobra.Command{
		Use: "serve --logs FILE --key FILE", Short: "Be a witness of somebody's ledger", Args: cobra.NoArgs,
		Long: "Cosigns the checkpoints of the ledgers that --logs lists, each time one is proven to add to the last (C2SP tlog-witness). " +
			"Run it at another organisation than the ledger's, on another machine, with TLS in front. It keeps a small file for each ledger in the folder witness of the data folder, " +
			"and what proves that a ledger signed two histories beside it, in files that end in .fork. Never put an older copy of that folder in its place.",
		Example: "  caseledger witness serve --logs ledgers --key witness-key --data /var/lib/witness\n" +
			"  caseledger witness serve --logs ledgers --key witness-key --addr 127.0.0.1:7380 --json",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.witnessServe(cmd.Context()) },
	}
	declare(serve.Flags(), "witness serve")
	var name string
	keygen := &cobra.Command{
		Use: "keygen FILE --name NAME", Short: "Make the key of a witness", Args: cobra.ExactArgs(1),
		Long: "Writes a new secret key to FILE, of mode 0600, which must not be there yet, and prints the verifier key, which is public: it goes into the policy of whoever asks the witness. " +
			"NAME says who the witness is, like a URL without its scheme; it stands in every cosignature.",
		Example: "  caseledger witness keygen witness-key --name witness.example/probation",
		RunE:    func(_ *cobra.Command, args []string) error { return p.witnessKeygen(args[0], name) },
	}
	keygen.Flags().StringVar(&name, "name", "", "what the witness is called in its cosignatures, without blanks and plus signs")
	list := &cobra.Command{
		Use: "list", Short: "Say which witnesses have cosigned the ledger, and when", Args: cobra.NoArgs,
		Long: "Shows each witness of --witnesses and when it cosigned the last checkpoint that enough of them have cosigned. " +
			"It asks nobody, changes nothing and may run beside a server.",
		Example: "  caseledger witness list --witnesses /etc/caseledger/witnesses\n  caseledger witness list --witnesses /etc/caseledger/witnesses --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.witnessList(cmd.Context()) },
	}
	test := &cobra.Command{
		Use: "test [NAME...]", Short: "Ask the witnesses of the ledger whether they answer, and know it", Args: cobra.ArbitraryArgs,
		Long: "Asks each witness of --witnesses, or those that are named, whether it is one and knows the ledger. Nothing is cosigned. " +
			"It ends with exit code 7 if one of them does not answer so.",
		Example: "  caseledger witness test --witnesses /etc/caseledger/witnesses\n  caseledger witness test --witnesses /etc/caseledger/witnesses probation",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.witnessTest(cmd.Context(), args) },
	}
	return group("witness", "Be a witness of a ledger, or look after those of your own", "  caseledger witness keygen witness-key --name witness.example/probation\n"+
		"  caseledger witness serve --logs ledgers --key witness-key\n"+
		"  caseledger witness list --witnesses /etc/caseledger/witnesses", serve, keygen, list, test)
}

func (p *program) witnessKeygen(path, name string) error {
	secret, verifier, err := witness.GenerateKey(p.random, name)
	if errors.Is(err, witness.ErrKey) {
		return usage("--name is what the witness is called, such as witness.example/probation, without blanks and plus signs")
	}
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	if err := writeNew(path, []byte(secret+"\n")); err != nil {
		return err
	}
	if p.json() {
		return p.object(p.out, map[string]any{"key": verifier})
	}
	return p.printf("%s\n", verifier)
}

// policyWanted is the policy of the witnesses, which must be named.
func (p *program) policyWanted() (*witness.Policy, error) {
	policy, err := p.config.witnessPolicy()
	if err == nil && policy == nil {
		err = usage("--witnesses names the policy, the file that the server was given")
	}
	return policy, err
}

// vouching is what a witness has said of the ledger, as it is printed.
type vouching struct {
	Witness    string    `json:"witness"`
	URL        string    `json:"url,omitempty"`
	Cosigned   bool      `json:"cosigned"` // the tree of Size
	Size       int64     `json:"size"`
	CosignedAt time.Time `json:"cosignedAt,omitzero"`
}

func (p *program) witnessList(ctx context.Context) error {
	policy, err := p.policyWanted()
	if err != nil {
		return err
	}
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	published, err := o.openPublished(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = published.close() }()
	last, err := published.reader.Witnessed(ctx)
	if err != nil && !errors.Is(err, ledger.ErrNoCheckpoint) {
		return err
	}
	by := &note.Note{}
	if last.Note != nil {
		if by, err = note.Open(last.Note, policy.Verifiers()); err != nil {
			by = &note.Note{} // cosigned by none of this policy
		}
	}
	for _, m := range policy.Members {
		out := vouching{Witness: m.Name, Size: last.N}
		if m.URL != nil {
			out.URL = m.URL.String()
		}
		for _, s := range by.Sigs {
			if at, err := cosignature.CoSigV1Timestamp(s); err == nil && s.Name == m.Verifier.Name() && s.Hash == m.Verifier.KeyHash() {
				out.Cosigned, out.CosignedAt = true, at.UTC()
			}
		}
		if err := p.printVouching(out); err != nil {
			return err
		}
	}
	if p.json() {
		return nil
	}
	if last.Note == nil {
		return p.printf("no checkpoint has been cosigned by enough of them\n")
	}
	return p.printf("entries up to %d are cosigned; enough for this policy: %t\n", last.N, policy.Satisfied(by.Sigs))
}

func (p *program) printVouching(v vouching) error {
	switch {
	case p.json():
		return p.object(p.out, v)
	case v.Cosigned:
		return p.printf("%-20s cosigned %d entries at %s\n", v.Witness, v.Size, v.CosignedAt.Format(time.RFC3339))
	}
	return p.printf("%-20s has not cosigned\n", v.Witness)
}

// answering is whether a witness answers, as it is printed.
type answering struct {
	Witness string       `json:"witness"`
	OK      bool         `json:"ok"`
	Code    witness.Code `json:"code,omitempty"`
}

// testTimeout is how long a witness may take that is only asked whether it is there.
const testTimeout = 10 * time.Second

func (p *program) witnessTest(ctx context.Context, names []string) error {
	policy, err := p.policyWanted()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(policy.Members, func(m witness.Member) bool { return m.Name == name }) {
			return fmt.Errorf("a witness that the policy does not name: %w", errNotFound)
		}
	}
	origin, err := p.witnessedOrigin(ctx, policy)
	if err != nil {
		return err
	}
	through := witness.NewTransport()
	defer through.CloseIdleConnections()
	failed := 0
	for _, m := range policy.Members {
		if len(names) > 0 && !slices.Contains(names, m.Name) {
			continue
		}
		asking, done := context.WithTimeout(ctx, testTimeout)
		err := witness.Probe(asking, through, m, origin)
		done()
		out := answering{Witness: m.Name, OK: err == nil}
		var no *witness.ProbeError
		if errors.As(err, &no) {
			out.Code = no.Code
			failed++
		}
		if err := p.printAnswering(out); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d witnesses do not answer as they should: %w", failed, errUnavailable)
	}
	return nil
}

func (p *program) printAnswering(a answering) error {
	switch {
	case p.json():
		return p.object(p.out, a)
	case a.OK:
		return p.printf("%-20s answers, and knows the ledger\n", a.Witness)
	}
	return p.printf("%-20s %s\n", a.Witness, a.Code)
}

// witnessedOrigin is the ledger that witnesses are asked about: the policy's, or
// the record's.
func (p *program) witnessedOrigin(ctx context.Context, policy *witness.Policy) (string, error) {
	if len(policy.Logs) > 0 {
		v, err := note.NewVerifier(policy.Logs[0])
		if err != nil {
			return "", err
		}
		return v.Name(), nil
	}
	o, err := p.opening(reading)
	if err != nil {
		return "", err
	}
	published, err := o.openPublished(ctx)
	if err != nil {
		return "", err
	}
	return published.origin, published.close()
}

// witnessFolder is where a witness keeps what it has cosigned.
func (d dataDir) witnessFolder() string { return filepath.Join(string(d), "witness") }

// readSecretFile reads a file that others may not read.
func readSecretFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, usage("%s can be read by others: chmod 600 it", path)
	}
	return os.ReadFile(path)
}
