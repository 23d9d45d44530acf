package keep

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"caseledger/eventstore/ledger"
)

// ShelfMemory is a shelf that ends with the process: what the others are
// compared with. The zero value is empty.
type ShelfMemory struct {
	mu        sync.RWMutex
	objects   map[string][]byte
	registers map[string][]byte
}

var _ ledger.Shelf = (*ShelfMemory)(nil)

// Put implements [ledger.Shelf]. It stores all, or nothing.
func (s *ShelfMemory) Put(ctx context.Context, objects ...ledger.Object) error {
	if err := ledger.CheckObjects(objects); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	fresh := map[string][]byte{}
	for _, o := range objects {
		there, ok := s.objects[o.Name]
		if !ok {
			there, ok = fresh[o.Name]
		}
		switch {
		case !ok:
			fresh[o.Name] = bytes.Clone(o.Bytes)
		case !bytes.Equal(there, o.Bytes):
			return fmt.Errorf("%w: %s", ledger.ErrOther, o.Name)
		}
	}
	if s.objects == nil {
		s.objects = map[string][]byte{}
	}
	for name, b := range fresh {
		s.objects[name] = b
	}
	return nil
}

// Get implements [ledger.Shelf].
func (s *ShelfMemory) Get(ctx context.Context, name string) ([]byte, error) {
	if err := ledger.CheckName(name); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b, ok := s.objects[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ledger.ErrAbsent, name)
	}
	return bytes.Clone(b), nil
}

// Remove implements [ledger.Shelf].
func (s *ShelfMemory) Remove(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := ledger.CheckName(name); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.objects, name)
	}
	return ctx.Err()
}

// Load implements [ledger.Shelf].
func (s *ShelfMemory) Load(ctx context.Context, register string) ([]byte, error) {
	if err := ledger.CheckRegister(register, nil); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return bytes.Clone(s.registers[register]), ctx.Err()
}

// Swap implements [ledger.Shelf].
func (s *ShelfMemory) Swap(ctx context.Context, register string, old, value []byte) error {
	if err := ledger.CheckRegister(register, value); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if held := s.registers[register]; (held == nil) != (old == nil) || !bytes.Equal(held, old) {
		return fmt.Errorf("%w: %s", ledger.ErrMoved, register)
	}
	if s.registers == nil {
		s.registers = map[string][]byte{}
	}
	s.registers[register] = append([]byte{}, value...)
	return nil
}
