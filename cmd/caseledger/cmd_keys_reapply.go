package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"caseledger/domain/catalogue"
	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

func (p *program) keysReapplyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reapply", Short: "Destroy again what the ledger says was destroyed, in a keystore that was restored", Args: cobra.NoArgs,
		Long: "Reads the whole ledger and destroys every key that it says was destroyed and that the keystore still has, as it does when it was restored " +
			"from a copy of before that. Nobody may be let in before: until then what was erased can be read again. Stop every caseledger serve. " +
			"Giving the command again harms nothing, and says that nothing was left to do.",
		Example: "  caseledger keys reapply\n  caseledger keys reapply --ledger file:/run/secrets/ledger --keys file:/run/secrets/keys --key-file /run/secrets/kek",
		RunE:    func(cmd *cobra.Command, _ []string) error { return p.keysReapply(cmd.Context()) },
	}
}

// reappliedKeys is what was destroyed again, as it is printed.
type reappliedKeys struct {
	Recorded  uint64 `json:"recorded"`
	Destroyed uint64 `json:"destroyedAgain"`
}

func (p *program) keysReapply(ctx context.Context) (err error) {
	o, err := p.opening(writing)
	if err != nil {
		return err
	}
	if err := o.there(); err != nil {
		return err
	}
	p.announce()
	store, err := o.openLedger(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	keys, err := o.keysOf(ctx, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	all, err := destructions(ctx, store, keys)
	if err != nil {
		return err
	}
	again, err := keys.Reapply(ctx, func(yield func(vault.Buried, error) bool) {
		for _, b := range all {
			if !yield(*b, nil) {
				return
			}
		}
	})
	if err != nil {
		return fmt.Errorf("not everything that was destroyed is destroyed again; give the command again: %w", err)
	}
	out := reappliedKeys{uint64(len(all)), again}
	if p.json() {
		return p.object(p.out, out)
	}
	return p.printf("the ledger records the destruction of %d keys, of which %d were destroyed again\n", out.Recorded, out.Destroyed)
}

// destructions are those that the ledger records, the first of each key, with
// what it says of the key. It reads the ledger twice, so that what it remembers
// are the destroyed keys only.
func destructions(ctx context.Context, ledger eventstore.Store, keys *vault.Vault) (map[event.UUID]*vault.Buried, error) {
	reader := codec.NewReader(catalogue.Events, keys, codec.Options{})
	all := map[event.UUID]*vault.Buried{}
	for e, err := range ofType(ctx, ledger, "key.destroyed", reader) {
		if err != nil {
			return nil, err
		}
		key := e.Data.(event.KeyDestroyed).Key
		if all[key] == nil {
			all[key] = &vault.Buried{Destruction: vault.Destruction{Key: key, By: e.ID}, Ref: vault.Ref{Subject: e.Subject}}
		}
	}
	if len(all) == 0 {
		return all, nil
	}
	for e, err := range ofType(ctx, ledger, "key.created", reader) {
		if err != nil {
			return nil, err
		}
		created := e.Data.(event.KeyCreated)
		if b := all[created.Key]; b != nil && b.Commitment == (event.Commitment{}) {
			b.Commitment, b.Ref.Subject = created.Commitment, e.Subject
		}
	}
	return all, nil
}

// ofType yields the events of one type, none of which has sealed content.
func ofType(ctx context.Context, ledger eventstore.Store, name string, reader *codec.Reader) iter.Seq2[event.Recorded, error] {
	return func(yield func(event.Recorded, error) bool) {
		for s, err := range ledger.ReadAll(ctx, 0) {
			if err != nil {
				yield(event.Recorded{}, err)
				return
			}
			b, err := codec.ParseBody(s.Body)
			if err != nil || b.Meta.Type != name {
				continue // what cannot be read is another check's to tell
			}
			e, err := reader.Decode(ctx, s)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
