package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
)

// recordSigners puts on the record which keys sign after the first, and which no
// more, so that whoever trusts one of them finds the others in the ledger itself.
// Processes that start at once, with the same keys, record it once.
func recordSigners(ctx context.Context, r *record, keys *ledger.SigningKeys, now time.Time) error {
	for {
		added, retired := map[event.VerifierKey]bool{event.VerifierKey(keys.List()[0].Public): true}, map[event.VerifierKey]bool{}
		var last event.Revision
		for e, err := range r.store.ReadStream(ctx, event.Ledger, 0) {
			if err != nil {
				return fmt.Errorf("read which keys sign the ledger: %w", err)
			}
			last = e.Revision
			d, err := r.codec.Decode(ctx, e)
			if err != nil {
				return err
			}
			if c, ok := d.Data.(event.SignerChanged); ok {
				for _, k := range c.Added {
					added[k] = true
				}
				for _, k := range c.Retired {
					retired[k] = true
				}
			}
		}
		var change event.SignerChanged
		for _, k := range keys.List() {
			public := event.VerifierKey(k.Public)
			if !added[public] {
				change.Added = append(change.Added, public)
			}
			if !k.Signs && !retired[public] {
				change.Retired = append(change.Retired, public)
			}
		}
		if len(change.Added)+len(change.Retired) == 0 {
			return nil
		}
		said := fmt.Appendf(nil, "%q %q", change.Added, change.Retired)
		batch, err := r.codec.Seal(ctx, eventstore.Command{ID: event.DeriveUUID("signers", said), Stream: event.Ledger, Subject: event.Ledger.Subject(),
			Effective: event.At(now.UTC().Truncate(time.Microsecond)), Actor: publisher, Origin: event.Live}, []event.Draft{{Data: change}}, nil)
		if err != nil {
			return fmt.Errorf("write which keys sign the ledger: %w", err)
		}
		if _, err = r.store.Append(ctx, event.Ledger, last, batch); err == nil {
			return nil
		} else if !errors.Is(err, eventstore.ErrConflict) {
			return fmt.Errorf("record which keys sign the ledger: %w", err)
		}
	}
}
