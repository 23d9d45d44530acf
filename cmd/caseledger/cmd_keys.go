package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"caseledger/eventstore/vault"
)

func (p *program) keysCommand() *cobra.Command {
	var to string
	copying := &cobra.Command{
		Use: "copy --to DESTINATION", Short: "Copy every key into a keystore that is empty", Args: cobra.NoArgs,
		Long: "Copies the keystore that --keys names, or the data folder's: every key in its state, what was destroyed and by which event, " +
			"every identifier's claim, and the secrets and the mark of the installation, as they are stored. DESTINATION is a connection string of PostgreSQL, " +
			"or file: and the path of a file that holds one, or a data folder. A keystore there that holds anything is refused; " +
			"after an error it is as empty as before.\n\n" +
			"Nobody may serve the record meanwhile, nor go on with the old keystore afterwards: a key that is made there later is not in the copy, " +
			"and what it sealed says `key missing without a recorded destruction`; one that is destroyed there is not destroyed in the copy.\n\n" +
			"The keys stay wrapped by the same key-encryption key, which is not copied: name it with --key-file, or bring its file to the folder.",
		Example: "  caseledger keys copy --to file:/run/secrets/keys\n" +
			"  caseledger keys copy --keys file:/run/secrets/keys --key-file /run/secrets/kek --to /var/lib/caseledger",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.keysCopy(cmd.Context(), to) },
	}
	copying.Flags().StringVar(&to, "to", "", "where the copy is made: a connection string of PostgreSQL, file: and the path of a file that holds one, or a data folder")
	children := append([]*cobra.Command{p.keysShredCommand(), p.keysReceiptsCommand(), copying, p.keysRewrapCommand()}, p.signingKeysCommands()...)
	return group("keys", "Destroy, copy and wrap the keys of the people's data, and keep those that sign the ledger",
		"  caseledger keys shred A --request 5eed0000-0000-8000-8000-000000000001 --classes health --actor SIR1 --reason WHY\n"+
			"  caseledger keys rewrap\n  caseledger keys copy --to file:/run/secrets/keys\n  caseledger keys export-public > ledger.pub", children...)
}

// copiedKeys is what a copy of a keystore holds, as it is printed.
type copiedKeys struct {
	Keys        uint64 `json:"keys"`
	Destroyed   uint64 `json:"destroyed"`
	Identifiers uint64 `json:"identifiers"`
	Secrets     uint64 `json:"secrets"`
	Synthetic   bool   `json:"synthetic"`
}

func (p *program) keysCopy(ctx context.Context, destination string) (err error) {
	o, err := p.opening(reading)
	if err != nil {
		return err
	}
	into := o
	if into.at.keys, into.dir, err = keysPlace(destination, o.dir); err != nil {
		return err
	}
	p.announce()
	release, err := o.alone(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	synthetic, err := o.invented(ctx)
	if err != nil {
		return err
	}
	var marks []string
	if synthetic {
		marks = []string{syntheticMark}
	}
	if into.at.keys.server == "" {
		if err := into.dir.prepareFor(synthetic); err != nil {
			return err
		}
	}
	from, _ := o.keystore()
	to, _ := into.keystore()
	to.KEKPath = from.KEKPath
	done, err := vault.Copy(ctx, from, to, marks...)
	if err != nil {
		return fmt.Errorf("no keys were copied: %w", err)
	}
	if into.dir != o.dir && o.kek == "" {
		p.say("the key-encryption key stays in %s: bring it to %s, or name it with --key-file", o.dir, into.dir)
	}
	out := copiedKeys{done.Keys, done.Destroyed, done.Claims, done.Secrets, synthetic}
	if p.json() {
		return p.object(p.out, out)
	}
	return p.printf("copied %d keys, %d of them destroyed, %d identifiers and %d secrets\n", out.Keys, out.Destroyed, out.Identifiers, out.Secrets)
}

// keysPlace reads where a keystore is to be: on a server, or in a folder.
func keysPlace(value string, source dataDir) (place, dataDir, error) {
	switch referred, err := dereferenced("to", value); {
	case err != nil:
		return place{}, "", err
	case serverOf(referred) == postgresServer:
		return place{postgresServer, referred}, source, nil
	case value == "" || referred != value || strings.Contains(value, "://"):
		return place{}, "", usage("--to is a connection string of %s, or file: and the path of a file that holds one, or a data folder", postgresServer)
	}
	return place{}, dataDir(value), nil
}

// alone keeps every process that serves the record from its data folder out
// until it is released.
func (o opening) alone(ctx context.Context) (release func() error, err error) {
	there, err := o.dir.exists()
	if err != nil {
		return nil, fmt.Errorf("look into the data directory: %w", err)
	}
	if o.at.ledger.server != "" || !there {
		return func() error { return nil }, nil
	}
	o.mode = writing
	store, err := o.openLedger(ctx)
	if err != nil {
		return nil, err
	}
	return store.Close, nil
}

// prepareFor makes a folder ready for keys, of invented people or of others. It
// refuses one that is of the other kind, or may be.
func (d dataDir) prepareFor(synthetic bool) error {
	marked, err := d.synthetic()
	if err != nil {
		return fmt.Errorf("look into the data directory: %w", err)
	}
	if synthetic && !marked {
		for _, name := range []string{ledgerFile, keysFile} {
			if _, err := os.Stat(d.file(name)); !errors.Is(err, fs.ErrNotExist) {
				return usage("%s is of people who may be real, and the keys are of invented ones: they are never mixed", d)
			}
		}
	}
	if marked && !synthetic {
		return usage("%s is of invented people, and the keys are of people who may be real: they are never mixed", d)
	}
	if err := d.prepare(); err != nil {
		return err
	}
	if synthetic && !marked {
		return writeNew(d.file(syntheticFile), []byte(syntheticText))
	}
	return nil
}
