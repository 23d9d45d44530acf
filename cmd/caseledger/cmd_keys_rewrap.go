package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"caseledger/eventstore/vault"
)

func (p *program) keysRewrapCommand() *cobra.Command {
	var r vault.Rewrapping
	command := &cobra.Command{
		Use: "rewrap [--kms URI] [--prepare]", Short: "Wrap every key by another key-encryption key, and remove the one before", Args: cobra.NoArgs,
		Long: "Makes a new epoch of the key-encryption key in its file, wraps by it every key that was not destroyed, every secret and the mark of the " +
			"installation, sees that each opens, and takes the old epoch out of the file. From then on a copy of the keystore from before opens " +
			"nothing without a copy of the key file from before. Copy the new file to where the old one is kept, and destroy the copies of the old one: " +
			"until then what was erased can be read with them and a copy of the keystore.\n\n" +
			"The record may be served meanwhile. After a stop, or an error, give the command again: it goes on where it was.\n\n" +
			"With --kms, the file holds the new key as a key of a key management service has encrypted it, and nothing opens without the service. " +
			"URI is hcvault://HOST:PORT/MOUNT/keys/NAME, of the transit engine of HashiCorp Vault or OpenBao; --kms-token-file names its token. " +
			"Without --kms it is kept as the one before is; --kms none has the file hold the key itself.\n\n" +
			"Where the record is served from several machines, each with a key file of its own: give the command with --prepare, bring the file, which then " +
			"has both epochs, to every machine, give the command without, and bring the file to every machine again.",
		Example: "  caseledger keys rewrap\n" +
			"  caseledger keys rewrap --keys file:/run/secrets/keys --key-file /var/lib/caseledger/kek --kms hcvault://vault.internal:8200/transit/keys/caseledger",
		RunE: func(cmd *cobra.Command, _ []string) error { return p.keysRewrap(cmd.Context(), r) },
	}
	command.Flags().StringVar(&r.KMS, "kms", "", "URI of a key management service's key, which encrypts the new key-encryption key, or none")
	command.Flags().BoolVar(&r.PrepareOnly, "prepare", false, "only put the new epoch into the key file; nothing is wrapped by it yet")
	return command
}

// rewrappedKeys is what was wrapped again, as it is printed.
type rewrappedKeys struct {
	Epoch    uint32   `json:"epoch"`
	Prepared bool     `json:"prepared"`
	Keys     uint64   `json:"keys"`
	Secrets  uint64   `json:"secrets"`
	Removed  []uint32 `json:"removedEpochs"`
}

func (p *program) keysRewrap(ctx context.Context, r vault.Rewrapping) (err error) {
	if r.KMS == "none" {
		r.KMS, r.Local = "", true
	}
	if r.KMS != "" && !strings.Contains(r.KMS, "://") {
		return usage("--kms is the URI of a key, such as hcvault://HOST:PORT/MOUNT/keys/NAME, or none")
	}
	o, err := p.opening(writing)
	if err != nil {
		return err
	}
	if err := o.there(); err != nil {
		return err
	}
	p.announce()
	keys, err := o.openKeys(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	var shown *progress
	r.Progress = func(done, total uint64) {
		if shown == nil {
			shown = p.progressOf("keys wrapped and checked", int64(total))
		}
		shown.add(int64(done) - shown.done)
	}
	done, err := keys.Rewrap(ctx, r)
	if shown != nil {
		shown.end()
	}
	if err != nil {
		return fmt.Errorf("not every key is wrapped again, and everything opens as before; give the command again: %w", err)
	}
	out := rewrappedKeys{done.Epoch, r.PrepareOnly, done.Keys, done.Secrets, append([]uint32{}, done.Removed...)}
	if p.json() {
		return p.object(p.out, out)
	}
	if r.PrepareOnly {
		return p.printf("the key file has epoch %d, by which nothing is wrapped yet: bring it to every machine, then give the command without --prepare\n", out.Epoch)
	}
	return p.printf("epoch %d wraps everything: %d keys and %d secrets were wrapped again; destroy every copy of the old key file\n", out.Epoch, out.Keys, out.Secrets)
}
