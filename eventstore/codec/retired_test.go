package codec_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"caseledger/domain/event"
	"caseledger/eventstore/codec"
	"caseledger/eventstore/vault"
)

// retiring retires, or destroys, what Ensure has just given out, some times.
type retiring struct {
	*vault.Vault
	times int
	end   func(ctx context.Context, key event.UUID) error
}

func (r *retiring) Ensure(ctx context.Context, refs ...vault.Ref) ([]vault.Key, error) {
	keys, err := r.Vault.Ensure(ctx, refs...)
	if r.times--; r.times >= 0 && err == nil {
		err = r.end(ctx, keys[0].ID)
	}
	return keys, err
}

// A command whose keys are retired under its hands is sealed under the next,
// with their commitments.
func TestACommandIsSealedUnderTheNextKeyWhenOneIsRetired(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	keys := &retiring{Vault: v, times: 2, end: func(ctx context.Context, key event.UUID) error { return v.Retire(ctx, key) }}
	c := codec.New(catalogue, keys, rand.Reader)
	all := mustSeal(t, c, commandOf(alpha, command), nil, full())
	committed := map[event.UUID]bool{}
	for _, s := range all {
		e, err := c.Decode(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if created, ok := e.Data.(event.KeyCreated); ok {
			committed[created.Key] = true
			continue
		}
		stored, err := codec.ParseBody(s.Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range stored.Boxes {
			if b.Class != "" && !committed[b.Key] {
				t.Errorf("a box is sealed under %s, which nothing before it commits to", b.Key)
			}
		}
	}

	keys.times, keys.end = 100, func(ctx context.Context, key event.UUID) error {
		return v.Destroy(ctx, key, all[0].ID)
	}
	_, err := c.Seal(t.Context(), commandOf(bravo, command), []event.Draft{{Data: full()}}, nil)
	if !errors.Is(err, vault.ErrErased) {
		t.Errorf("keys are destroyed as fast as they are made: %v", err)
	}
}
