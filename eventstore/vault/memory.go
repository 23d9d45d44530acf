package vault

import (
	"context"
	"slices"
	"sync"
	"time"

	"caseledger/domain/event"
)

// memory is the storage that keeps nothing beyond the process.
type memory struct {
	mu      sync.Mutex
	keys    map[event.UUID]record
	current map[Ref]event.UUID
	order   []event.UUID
	secrets map[string][]byte
	claims  map[Blinded][]claim
	gone    uint64
}

func newMemory() *memory {
	return &memory{keys: map[event.UUID]record{}, current: map[Ref]event.UUID{}, secrets: map[string][]byte{}, claims: map[Blinded][]claim{}}
}

func (m *memory) key(_ context.Context, id event.UUID) (record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.keys[id]
	if !ok {
		return record{}, ErrKeyMissing
	}
	return r, nil
}

func (m *memory) liveKey(_ context.Context, ref Ref) (record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.current[ref]
	if !ok {
		return record{}, ErrKeyMissing
	}
	return m.keys[id], nil
}

func (m *memory) add(_ context.Context, keys []record) ([]record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := make([]record, len(keys))
	for i, k := range keys {
		if first, taken := m.current[k.ref]; taken {
			stored[i] = m.keys[first]
			continue
		}
		m.keys[k.id], m.current[k.ref], stored[i] = k, k.id, k
		m.order = append(m.order, k.id)
	}
	return stored, nil
}

func (m *memory) counted(_ context.Context, id event.UUID, seals uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.keys[id]
	r.sealed += seals
	m.keys[id] = r
	return r.sealed, nil
}

func (m *memory) retire(_ context.Context, id event.UUID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.keys[id]; r.state == live {
		r.state = retired
		m.keys[id] = r
		delete(m.current, r.ref)
	}
	return nil
}

func (m *memory) destroy(_ context.Context, id event.UUID, by event.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.keys[id]
	if !ok {
		return ErrKeyMissing
	}
	if r.state == destroyed {
		return nil
	}
	if r.state == live {
		delete(m.current, r.ref)
	}
	r.state, r.wrapped, r.destroyedBy = destroyed, nil, by
	m.keys[id] = r
	m.gone++
	return nil
}

func (m *memory) keysOf(_ context.Context, subject event.UUID) ([]record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []record
	for _, id := range m.order {
		if r := m.keys[id]; r.ref.Subject == subject {
			found = append(found, r)
		}
	}
	return found, nil
}

func (m *memory) destructions(context.Context) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.gone, nil
}

func (m *memory) secret(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.secrets[name], nil
}

func (m *memory) addSecret(_ context.Context, name string, wrapped []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets[name] == nil {
		m.secrets[name] = wrapped
	}
	return m.secrets[name], nil
}

func (m *memory) addFirst(_ context.Context, name string, wrapped []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.secrets[name] != nil || len(m.keys) > 0 || len(m.claims) > 0 {
		return false, nil
	}
	m.secrets[name] = wrapped
	return true, nil
}

func (m *memory) reserve(_ context.Context, c claim) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, other := range m.claims[c.blind] {
		switch {
		case other.person != c.person:
			return false, nil
		case other.command == c.command:
			return true, nil
		}
	}
	m.claims[c.blind] = append(m.claims[c.blind], c)
	return true, nil
}

func (m *memory) confirm(_ context.Context, c claim) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, other := range m.claims[c.blind] {
		if other.person != c.person {
			return false, nil
		}
	}
	c.command = event.UUID{}
	m.claims[c.blind] = []claim{c}
	return true, nil
}

func (m *memory) release(_ context.Context, c claim) error {
	m.remove(c.blind, func(other claim) bool {
		return other.person == c.person && other.command == c.command && !other.command.IsZero()
	})
	return nil
}

func (m *memory) unlink(_ context.Context, c claim) error {
	m.remove(c.blind, func(other claim) bool { return other.person == c.person })
	return nil
}

func (m *memory) remove(b Blinded, which func(claim) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if left := slices.DeleteFunc(m.claims[b], which); len(left) > 0 {
		m.claims[b] = left
	} else {
		delete(m.claims, b)
	}
}

func (m *memory) holder(_ context.Context, b Blinded) (event.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.claims[b] {
		if c.command.IsZero() {
			return c.person, nil
		}
	}
	return event.UUID{}, nil
}

func (m *memory) reservations(_ context.Context, before time.Time) ([]claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []claim
	for _, claims := range m.claims {
		for _, c := range claims {
			if !c.command.IsZero() && c.reserved.Before(before) {
				found = append(found, c)
			}
		}
	}
	slices.SortFunc(found, func(a, b claim) int { return a.reserved.Compare(b.reserved) })
	return found, nil
}

func (m *memory) close() error { return nil }
