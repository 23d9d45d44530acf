package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"caseledger/eventstore/ledger"
)

// signingKeysCommands are those of the keys that sign the ledger.
func (p *program) signingKeysCommands() []*cobra.Command {
	var name string
	generate := &cobra.Command{
		Use: "generate --name NAME", Short: "Make the key that signs the ledger", Args: cobra.NoArgs,
		Long: "Makes the file that --signer-key names, or signer-key in the data folder, of mode 0600, with one Ed25519 key, and prints the public key. " +
			"NAME names the ledger for ever, to whoever verifies it: a host name that is yours and a path, such as ledger.hub.example/2026. " +
			"Without this command the first start makes a key, of a name that is nobody's.\n\n" +
			"Keep a copy of the file offline, in two places. Never keep a copy of the file beside it whose name ends in .last.",
		Example: "  caseledger keys generate --name ledger.hub.example/2026",
		RunE:    func(*cobra.Command, []string) error { return p.keysGenerate(name) },
	}
	generate.Flags().StringVar(&name, "name", "", "the name of the ledger: visible characters but +, at most 200 bytes")
	var retire bool
	rotate := &cobra.Command{
		Use: "rotate [--retire]", Short: "Add a key that signs the ledger, or retire those before it", Args: cobra.NoArgs,
		Long: "Adds a key to the file of --signer-key. Once the server was started again, it and those before it sign every checkpoint, until whoever verifies knows the new public key. " +
			"Then --retire, and another start: only the last key signs, and of those before it the public part is kept, so that what they signed still verifies.",
		Example: "  caseledger keys rotate\n  caseledger keys rotate --retire",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.keysRotate(cmd.Context(), retire) },
	}
	rotate.Flags().BoolVar(&retire, "retire", false, "let no key but the last one sign; the private part of the others is destroyed")
	list := &cobra.Command{
		Use: "list", Short: "List the keys that sign the ledger, and those that did", Args: cobra.NoArgs,
		Example: "  caseledger keys list\n  caseledger keys list --json",
		RunE:    func(*cobra.Command, []string) error { return p.keysList() },
	}
	export := &cobra.Command{
		Use: "export-public", Short: "Print the public keys of the ledger, for whoever verifies it", Args: cobra.NoArgs,
		Long:    "Prints the verifier key of each key, retired ones included, oldest first, one a line, from the file of the signing keys or, where it is not, as they are published: the form that every C2SP signed-note program reads.",
		Example: "  caseledger keys export-public > ledger.pub",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.keysExport(cmd.Context()) },
	}
	return []*cobra.Command{generate, rotate, list, export}
}

// listedKey is a signing key as it is printed.
type listedKey struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Signs  bool   `json:"signs"`
	Public string `json:"public"`
}

func (p *program) printKeys(origin string, keys []ledger.SigningKey) error {
	for _, k := range keys {
		out := listedKey{k.ID(), origin, k.Signs, k.Public}
		if p.json() {
			if err := p.object(p.out, out); err != nil {
				return err
			}
			continue
		}
		state := "signs"
		if !k.Signs {
			state = "retired"
		}
		if err := p.printf("%s  %-7s  %s\n", out.ID, state, out.Public); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) keysGenerate(name string) error {
	o, err := p.opening(writing)
	if err != nil {
		return err
	}
	if name == "" {
		return usage("--name is missing: it names the ledger for ever")
	}
	if o.signer == "" {
		if err := o.dir.prepare(); err != nil {
			return err
		}
	}
	keys, err := ledger.CreateSigningKeys(o.signerPath(), name, o.random)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and stays: `caseledger keys rotate` adds a key to it: %w", o.signerPath(), errInUse)
	}
	if err != nil {
		return err
	}
	return p.printKeys(keys.Origin(), keys.List())
}

func (p *program) keysRotate(ctx context.Context, retire bool) error {
	o, err := p.opening(writing)
	if err != nil {
		return err
	}
	if retire {
		_, err = ledger.RetireSigningKeys(ctx, o.signerPath())
	} else {
		_, err = ledger.RotateSigningKeys(ctx, o.signerPath(), o.random)
	}
	if err != nil {
		return err
	}
	p.say("whoever serves the record signs so once it was started again")
	return p.keysList()
}

func (p *program) keysList() error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	keys, err := ledger.ReadSigningKeys(o.signerPath())
	if err != nil {
		return err
	}
	return p.printKeys(keys.Origin(), keys.List())
}

func (p *program) keysExport(ctx context.Context) error {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	var public []string
	keys, err := ledger.ReadSigningKeys(o.signerPath())
	switch {
	case err == nil:
		for _, k := range keys.List() {
			public = append(public, k.Public)
		}
	case errors.Is(err, ledger.ErrKeysMissing): // this machine does not sign
		published, unsealed := o.openPublished(ctx)
		if unsealed != nil {
			return errors.Join(err, unsealed)
		}
		if public = published.keys; published.close() != nil {
			return err
		}
	default:
		return err
	}
	for _, key := range public {
		if p.json() {
			err = p.object(p.out, map[string]string{"public": key})
		} else {
			err = p.printf("%s\n", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
