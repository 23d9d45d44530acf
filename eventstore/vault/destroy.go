package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"caseledger/domain/event"
)

var errNoEvent = errors.New("vault: a destruction names its event")

// Retire ends the sealing of keys: they still open what they sealed, and
// [Vault.Ensure] makes others in their place. Nobody has sealed with one of
// them [Noticed] after Retire has returned nil; what was sealed until then may
// still be on its way to the ledger. Keys that are retired or destroyed are left
// as they are, so repeating it is safe.
//
// Errors: [ErrReadOnly]; [ErrKeyMissing], and then none was retired.
func (v *Vault) Retire(ctx context.Context, keys ...event.UUID) error {
	if v.readOnly {
		return ErrReadOnly
	}
	if len(keys) == 0 {
		return nil
	}
	err := v.store.retire(ctx, keys)
	v.forget()
	if err != nil {
		return fmt.Errorf("retire keys: %w", err)
	}
	return nil
}

// Destroy destroys a key: see [Vault.DestroyAll].
func (v *Vault) Destroy(ctx context.Context, key event.UUID, by event.ID) error {
	return v.DestroyAll(ctx, Destruction{key, by})
}

// DestroyAll destroys keys for ever, all or none, and leaves tombstones naming
// the events that recorded the decision, which must already be in the ledger.
// Copies in backups last as long as the backups, or until everything is wrapped
// by another key-encryption key ([Vault.Rewrap]). Repeating it is safe, also
// with another event: the first is kept. Another process may open with a key for
// a second more, and seal with one that was not retired [Noticed] before; what
// it seals then is lost with the rest.
//
// When it returns nil, no byte of the wrapped keys is left in the files of a
// keystore in SQLite. From one in PostgreSQL their rows are gone, for every
// process; what the package comment says is left of their bytes opens only with
// the key-encryption key.
//
// Errors: [ErrReadOnly]; [ErrKeyMissing], and then none was destroyed;
// [ErrStillInLog] if the keys are destroyed but their bytes may not be gone:
// repeat it.
func (v *Vault) DestroyAll(ctx context.Context, keys ...Destruction) error {
	if v.readOnly {
		return ErrReadOnly
	}
	for _, k := range keys {
		if k.By.IsZero() {
			return errNoEvent
		}
	}
	if len(keys) == 0 {
		return nil
	}
	err := v.store.destroy(ctx, keys)
	v.forget()
	if err != nil {
		return fmt.Errorf("destroy %d keys: %w", len(keys), err)
	}
	return nil
}

// Destroyed counts the keys that were destroyed. Where the ledger records more
// destructions than that, the keystore is older than the ledger:
// [Vault.Reapply].
func (v *Vault) Destroyed(ctx context.Context) (uint64, error) {
	t, err := v.store.state(ctx)
	return t.gone, err
}

// Buried is a destruction as the ledger records it, with what the ledger knows
// of the key. Reference and commitment are used where the keystore has never
// had the key.
type Buried struct {
	Destruction
	Ref        Ref
	Commitment event.Commitment
}

// atOnce is how many destructions one transaction repeats.
const atOnce = 100

// Reapply repeats the destructions that the ledger records, for a keystore that
// was restored from a copy of before them, and returns how many it had not
// known. A key that was made after the copy, and that the keystore lacks, gets
// the tombstone that it had. It is made in parts; after an
// error it may be repeated.
//
// Nobody may be let in before it is done: what was erased can be read until then.
//
// Errors: the sequence's own; [ErrReadOnly]; [ErrStillInLog] as in
// [Vault.DestroyAll].
func (v *Vault) Reapply(ctx context.Context, all iter.Seq2[Buried, error]) (repeated uint64, err error) {
	if v.readOnly {
		return 0, ErrReadOnly
	}
	defer v.forget()
	var part []record
	bury := func() error {
		n, err := v.store.bury(ctx, part)
		repeated += uint64(n)
		part = part[:0]
		if err != nil {
			return fmt.Errorf("repeat destructions: %w", err)
		}
		return nil
	}
	for b, err := range all {
		switch {
		case err != nil:
			return repeated, err
		case b.By.IsZero():
			return repeated, errNoEvent
		}
		part = append(part, record{id: b.Key, ref: b.Ref, commitment: b.Commitment, state: destroyed, destroyedBy: b.By,
			created: v.now().UTC(), epoch: v.seen.Load().epoch})
		if len(part) == atOnce {
			if err := bury(); err != nil {
				return repeated, err
			}
		}
	}
	if len(part) == 0 {
		return repeated, nil
	}
	return repeated, bury()
}
