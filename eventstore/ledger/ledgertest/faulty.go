package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"caseledger/eventstore/ledger"
)

// ErrInjected is what a [Faulty] shelf's failing calls return.
var ErrInjected = errors.New("ledgertest: a fault that was asked for")

// Moment is when in a call a fault strikes.
type Moment int

// The moments.
const (
	// Before: nothing was done.
	Before Moment = iota
	// Halfway: of several objects, the first half was put or removed; of one
	// object, of a register, nothing.
	Halfway
	// After: all was done, and nobody is told.
	After
)

// Faulty is a shelf some of whose calls fail.
type Faulty struct {
	shelf ledger.Shelf

	mu     sync.Mutex
	calls  int
	faults map[int]Moment
	each   func(call int, method string)
}

var _ ledger.Shelf = (*Faulty)(nil)

// NewFaulty is a shelf whose calls of the numbers in faults, counted from 1 over
// all methods, fail with [ErrInjected]. The others are those of the shelf.
func NewFaulty(shelf ledger.Shelf, faults map[int]Moment) *Faulty {
	return &Faulty{shelf: shelf, faults: faults}
}

// Calls is how many calls there have been.
func (f *Faulty) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// Each has a function called with every call's number and method before it is
// made: it may wait, or end the process.
func (f *Faulty) Each(do func(call int, method string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.each = do
}

// call makes a call, or a part of it, and fails it if it is to.
func (f *Faulty) call(method string, all, half func() error) error {
	f.mu.Lock()
	f.calls++
	call, each := f.calls, f.each
	moment, fails := f.faults[call]
	f.mu.Unlock()
	if each != nil {
		each(call, method)
	}
	if !fails {
		return all()
	}
	err := fmt.Errorf("%w: call %d, %s", ErrInjected, call, method)
	switch moment {
	case Halfway:
		return errors.Join(err, half())
	case After:
		return errors.Join(err, all())
	case Before:
	}
	return err
}

func nothing() error { return nil }

// Put implements [ledger.Shelf].
func (f *Faulty) Put(ctx context.Context, objects ...ledger.Object) error {
	return f.call("Put", func() error { return f.shelf.Put(ctx, objects...) },
		func() error { return f.shelf.Put(ctx, objects[:len(objects)/2]...) })
}

// Get implements [ledger.Shelf].
func (f *Faulty) Get(ctx context.Context, name string) (b []byte, err error) {
	err = f.call("Get", func() (err error) { b, err = f.shelf.Get(ctx, name); return err }, nothing)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Remove implements [ledger.Shelf].
func (f *Faulty) Remove(ctx context.Context, names ...string) error {
	return f.call("Remove", func() error { return f.shelf.Remove(ctx, names...) },
		func() error { return f.shelf.Remove(ctx, names[:len(names)/2]...) })
}

// Load implements [ledger.Shelf].
func (f *Faulty) Load(ctx context.Context, register string) (value []byte, err error) {
	err = f.call("Load", func() (err error) { value, err = f.shelf.Load(ctx, register); return err }, nothing)
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Swap implements [ledger.Shelf].
func (f *Faulty) Swap(ctx context.Context, register string, old, value []byte) error {
	return f.call("Swap", func() error { return f.shelf.Swap(ctx, register, old, value) }, nothing)
}
