package vault

import (
	"context"
	"errors"
	"fmt"

	"caseledger/domain/event"
)

// KeyState is how a key stands in the keystore.
type KeyState int

// How a key stands.
const (
	// KeyAbsent: the keystore does not know it.
	KeyAbsent KeyState = iota
	// KeyThere: it unwraps, and is the one of its commitment.
	KeyThere
	// KeyBroken: it does not unwrap, is not the one of its commitment, or its row
	// is not what the keystore wrote.
	KeyBroken
	// KeyGone: it was destroyed, and the row is its tombstone.
	KeyGone
)

// Standing is how one key stands in the keystore.
type Standing struct {
	State KeyState
	// Commitment is that of the row; zero if the key is absent.
	Commitment event.Commitment
	// DestroyedBy is the event that a tombstone names.
	DestroyedBy event.ID
}

// Standings says how keys stand, in the order of their ids, for whoever reads the
// ledger in order and does not know yet what it will say of a key; [Vault.Check]
// is for who knows. Each row is read from the keystore, compared with its stamp,
// unwrapped and compared with its commitment. What is wrong with a key is in its
// standing; an error is that the keystore, or what unwraps, is out of reach.
func (v *Vault) Standings(ctx context.Context, ids []event.UUID) ([]Standing, error) {
	records, err := v.store.some(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := make(map[event.UUID]Standing, len(records))
	for _, r := range records {
		if known[r.id], err = v.standing(r); err != nil {
			return nil, err
		}
	}
	standings := make([]Standing, len(ids))
	for i, id := range ids {
		standings[i] = known[id]
	}
	return standings, nil
}

func (v *Vault) standing(r record) (Standing, error) {
	s := Standing{KeyBroken, r.commitment, r.destroyedBy}
	if !v.stamps.right(r.stamp, v.stamps.ofKey(r)) {
		return s, nil
	}
	if r.state == destroyed {
		s.State = KeyGone
		return s, nil
	}
	dek, err := unwrapKey(v.ring, r)
	switch {
	case errors.Is(err, ErrKeyBroken):
		return s, nil
	case err != nil:
		return Standing{}, fmt.Errorf("vault: unwrap a key: %w", err)
	}
	clear(dek)
	s.State = KeyThere
	return s, nil
}
