package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/transfer"
	"caseledger/eventstore/vault"
)

func (p *program) ledgerCommand() *cobra.Command {
	export := &cobra.Command{
		Use: "export FILE", Short: "Write the whole ledger to a file", Args: cobra.ExactArgs(1),
		Long: "Writes every entry, as it is stored, to a file that is not there yet, or to standard output where FILE is -. " +
			"It may run beside a server, and writes the ledger as it is when it begins. The boxes stay sealed: " +
			"without the keys the file opens nothing, so the keys go with it another way.",
		Example: "  caseledger ledger export ledger.bin\n  caseledger ledger export --ledger file:/run/secrets/ledger - | ssh elsewhere 'cat > ledger.bin'",
		RunE:    func(cmd *cobra.Command, args []string) error { return p.ledgerExport(cmd.Context(), args[0]) },
	}
	take := &cobra.Command{
		Use: "import FILE", Short: "Take a whole ledger over from a file, into a store that is empty", Args: cobra.ExactArgs(1),
		Long: "Takes every entry over as it was: position, time, id, stream, revision, bytes. FILE is what `caseledger ledger export` wrote; - is standard input. " +
			"The store that --ledger names, or the data folder, must be empty, and nobody else may use it meanwhile. " +
			"A file that is cut short, altered or not a ledger's leaves nothing behind.\n\n" +
			"The keys come first: the keystore and the key-encryption key of the ledger must be where --keys, --key-file or the data folder say, " +
			"and where the people are invented, the keystore or the folder must be marked so: `caseledger keys copy` sees to both. The read models are made when the record is served.\n\n" +
			"A ledger that was sealed goes on under its name: bring its signing keys, without what was signed last, and give `caseledger ledger recover --accept` its last checkpoint before it is served. " +
			"That refuses a copy that lacks an entry. Without the keys it is sealed from its first entry under another name.",
		Example: "  caseledger ledger import ledger.bin --data /var/lib/caseledger\n" +
			"  caseledger ledger import ledger.bin --ledger file:/run/secrets/ledger",
		RunE: func(cmd *cobra.Command, args []string) error { return p.ledgerImport(cmd.Context(), args[0]) },
	}
	children := append([]*cobra.Command{export, take}, p.sealingCommands()...)
	return group("ledger", "Whether the ledger is sealed, and copying a whole one from one store to another", "  caseledger ledger status\n"+
		"  caseledger ledger export ledger.bin\n  caseledger ledger import ledger.bin --ledger file:/run/secrets/ledger", children...)
}

// copied is what a copy of a ledger holds, as it is printed.
type copied struct {
	Events    uint64 `json:"events"`
	Synthetic bool   `json:"synthetic"`
	SHA256    string `json:"sha256"`
}

func (p *program) printCopied(to io.Writer, what string, facts transfer.Facts, digest transfer.Digest) error {
	out := copied{facts.Events, facts.Synthetic, hex.EncodeToString(digest[:])}
	if p.json() {
		return p.object(to, out)
	}
	_, err := fmt.Fprintf(to, "%s %d entries, SHA-256 %s\n", what, out.Events, out.SHA256)
	return err
}

func (p *program) ledgerExport(ctx context.Context, path string) error {
	r, err := p.open(ctx, reading)
	if err != nil {
		return err
	}
	defer func() { _ = r.close() }()
	head, err := r.head(ctx)
	if err != nil {
		return err
	}
	bar := p.progressOf("export", int64(head))
	defer bar.end()
	facts := transfer.Facts{Events: uint64(head), Synthetic: r.synthetic}
	write := func(to io.Writer) (transfer.Digest, error) {
		return transfer.Write(to, facts, counted(upTo(r.store.ReadAll(ctx, 0), head), bar))
	}
	if path == "-" {
		digest, err := write(p.out)
		if err != nil {
			return err
		}
		return p.printCopied(p.errs, "exported", facts, digest)
	}
	digest, err := writeWhole(path, write)
	if err != nil {
		return err
	}
	return p.printCopied(p.out, "exported", facts, digest)
}

// upTo ends a ledger at a position.
func upTo(ledger iter.Seq2[eventstore.Stored, error], end event.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		if end == 0 {
			return
		}
		for e, err := range ledger {
			if !yield(e, err) || err != nil || e.Position == end {
				return
			}
		}
	}
}

// counted shows how far a ledger has been read.
func counted(ledger iter.Seq2[eventstore.Stored, error], bar *progress) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for e, err := range ledger {
			if !yield(e, err) {
				return
			}
			bar.add(1)
		}
	}
}

// writeWhole writes a file that must not be there yet, to disk; after an error it
// is not there.
func writeWhole(path string, write func(io.Writer) (transfer.Digest, error)) (digest transfer.Digest, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return digest, usage("%s is there already: a ledger is written to a new file", path)
	}
	if err != nil {
		return digest, fmt.Errorf("write %s: %w", path, err)
	}
	digest, err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = syncFolder(path)
	}
	if err != nil {
		return digest, errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path))
	}
	return digest, nil
}

func (p *program) ledgerImport(ctx context.Context, path string) error {
	o, err := p.opening(writing)
	if err != nil {
		return err
	}
	in := p.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("open the file of the ledger: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	file, err := transfer.Read(in)
	if err != nil {
		return err
	}
	p.announce()
	keys, err := o.keysFor(ctx, file.Facts())
	if err != nil {
		return err
	}
	defer func() { _ = keys.Close() }()
	if o.at.ledger.server == "" {
		if err := o.dir.prepare(); err != nil {
			return err
		}
	}
	store, err := o.openLedger(ctx)
	if err != nil {
		return err
	}
	bar := p.progressOf("import", int64(file.Facts().Events))
	err = store.Ingest(ctx, counted(fitting(ctx, file.Events(), keys), bar))
	bar.end()
	if err = errors.Join(err, store.Close()); err != nil {
		return fmt.Errorf("nothing was taken over: %w", err)
	}
	return p.printCopied(p.out, "imported", file.Facts(), file.Digest())
}

// keysFor opens the keys that must be there before a ledger is, and refuses those
// of a record of invented people for one of others, and the other way round.
func (o opening) keysFor(ctx context.Context, facts transfer.Facts) (*vault.Vault, error) {
	o.mode = reading
	keys, err := o.openKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("the keys of the ledger come before it: %w", err)
	}
	synthetic, err := o.synthetic(ctx, keys)
	if err == nil && synthetic != facts.Synthetic {
		err = usage("the people in the file are invented: %t; those whose keys are here: %t; they are never mixed", facts.Synthetic, synthetic)
	}
	if err != nil {
		return nil, errors.Join(err, keys.Close())
	}
	return keys, nil
}
