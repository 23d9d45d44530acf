package ledger_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"caseledger/eventstore"
	"caseledger/eventstore/ledger"
)

// between does something once, after the first answer of a memory, or of a shelf
// about a register.
type between struct {
	ledger.Shelf
	ledger.Memory
	register string // after this one was read; empty: after the memory was
	do       func()
}

func (b *between) once() {
	if do := b.do; do != nil {
		b.do = nil
		do()
	}
}

func (b *between) LastSigned(ctx context.Context) (ledger.Tree, error) {
	t, err := b.Memory.LastSigned(ctx)
	if b.register == "" {
		b.once()
	}
	return t, err
}

func (b *between) Load(ctx context.Context, register string) ([]byte, error) {
	v, err := b.Shelf.Load(ctx, register)
	if b.register != "" && register == b.register {
		b.once()
	}
	return v, err
}

// TestWhoIsOvertakenWhileItLooksRaisesNoAlarm has another sealer publish while one
// looks where the ledger is, also for the first time ever.
func TestWhoIsOvertakenWhileItLooksRaisesNoAlarm(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 300} {
		for _, register := range []string{"", ledger.RegisterCheckpoint} {
			w := newWorld(t)
			if before > 0 {
				w.record(t, before)
				w.mustSeal(t, w.sealer(t))
			}
			w.record(t, 5)
			other := w.sealer(t)
			b := &between{Shelf: w.shelf, Memory: w.memory, register: register, do: func() {
				for range 2 {
					w.mustSeal(t, other)
					w.record(t, 5)
				}
			}}
			reads := &counted{Store: w.store}
			c := w.config()
			c.Shelf, c.Memory, c.Store = b, b, reads
			s, err := ledger.NewSealer(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Seal(t.Context()); err != nil && !errors.Is(err, ledger.ErrMoved) {
				t.Errorf("%d sealed before, overtaken after %q was read: %v", before, register, err)
			}
			if b.do != nil {
				t.Error("nobody overtook it")
			}
			if before > 0 && slices.Contains(reads.from, 0) {
				t.Errorf("overtaken after %q was read, it read the whole store", register)
			}
			w.mustSeal(t, s)
			mustBeConsistent(t, w.store, w.signer.trees(t))
		}
	}
}

// counted keeps from where a store was read.
type counted struct {
	eventstore.Store
	from []eventstore.Position
}

func (c *counted) ReadAll(ctx context.Context, from eventstore.Position) iter.Seq2[eventstore.Stored, error] {
	c.from = append(c.from, from)
	return c.Store.ReadAll(ctx, from)
}
