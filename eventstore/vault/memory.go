package vault

import (
	"bytes"
	"cmp"
	"context"
	"maps"
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
	wrapped map[string]secret
	claims  map[Blinded][]claim
	is      state
	stamps  stamps
}

func newMemory() *memory {
	return &memory{keys: map[event.UUID]record{}, current: map[Ref]event.UUID{}, wrapped: map[string]secret{},
		claims: map[Blinded][]claim{}, is: state{epoch: firstEpoch}}
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
		if k.epoch != m.is.epoch {
			return nil, errOtherEpoch
		}
		k.stamp = m.stamps.ofKey(k)
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
	m.change(id, func(r *record) { r.sealed += seals })
	return m.keys[id].sealed, nil
}

// change changes a key and keeps what follows from it.
func (m *memory) change(id event.UUID, change func(*record)) {
	was := m.keys[id]
	r := m.stamps.changeKey(was, change)
	m.keys[id] = r
	if was.state == live && r.state != live {
		delete(m.current, r.ref)
	}
}

func (m *memory) changeState(change func(*state)) { m.is = m.stamps.changeState(m.is, change) }

func (m *memory) retire(_ context.Context, ids []event.UUID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if _, ok := m.keys[id]; !ok {
			return ErrKeyMissing
		}
	}
	for _, id := range ids {
		if m.keys[id].state == live {
			m.change(id, (*record).retire)
			m.changeState(func(t *state) { t.changes++ })
		}
	}
	return nil
}

func (m *memory) destroy(ctx context.Context, keys []Destruction) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		if _, ok := m.keys[k.Key]; !ok {
			return ErrKeyMissing
		}
	}
	for _, k := range keys {
		m.entomb(record{id: k.Key, destroyedBy: k.By})
	}
	return nil
}

func (m *memory) bury(_ context.Context, keys []record) (done int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range keys {
		if m.entomb(k) {
			done++
		}
	}
	return done, nil
}

func (m *memory) entomb(k record) bool {
	switch r, there := m.keys[k.id]; {
	case !there:
		k.stamp = m.stamps.ofKey(k)
		m.keys[k.id] = k
		m.order = append(m.order, k.id)
	case r.state == destroyed:
		return false
	default:
		m.change(k.id, func(r *record) { r.destroy(k.destroyedBy) })
	}
	m.changeState(func(t *state) { t.gone++ })
	return true
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

func (m *memory) keysAfter(_ context.Context, after record) ([]record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return following(slices.Collect(maps.Values(m.keys)), after, func(a, b record) int { return bytes.Compare(a.id[:], b.id[:]) }), nil
}

// following returns up to copiedAtOnce of all that come after one.
func following[T any](all []T, after T, compare func(a, b T) int) []T {
	all = slices.DeleteFunc(all, func(one T) bool { return compare(one, after) <= 0 })
	slices.SortFunc(all, compare)
	return all[:min(len(all), copiedAtOnce)]
}

func (m *memory) some(_ context.Context, ids []event.UUID) (found []record, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		if r, there := m.keys[id]; there {
			found = append(found, r)
		}
	}
	return found, nil
}

func (m *memory) state(context.Context) (state, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.is, nil
}

func (m *memory) stamped(_ context.Context, s stamps) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stamps = s
	m.is.stamp = s.ofState(m.is)
	return nil
}

func (m *memory) counts(context.Context) (h holding, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.keys {
		h.Keys++
		if r.state == destroyed {
			h.Destroyed++
		}
	}
	for _, c := range m.claims {
		h.Claims += uint64(len(c))
	}
	h.Secrets, h.destructions = uint64(len(m.wrapped)), m.is.gone
	return h, nil
}

func (m *memory) changing(_ context.Context, f func(*state) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var err error
	is := m.stamps.changeState(m.is, func(t *state) { err = f(t) })
	if err == nil {
		m.is = is
	}
	return err
}

func (m *memory) rewrap(_ context.Context, epoch uint32, keys []rewrapped) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.is.epoch {
		return errOtherEpoch
	}
	for _, k := range keys {
		if r := m.keys[k.id]; r.state != destroyed && bytes.Equal(r.wrapped, k.from) {
			m.change(k.id, func(r *record) { r.wrapped, r.epoch = k.to, epoch })
		}
	}
	return nil
}

func (m *memory) rewrapSecrets(_ context.Context, epoch uint32, secrets []rewrapped) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if epoch != m.is.epoch {
		return errOtherEpoch
	}
	for _, k := range secrets {
		if bytes.Equal(m.wrapped[k.name].wrapped, k.from) {
			m.wrapped[k.name] = secret{k.name, k.to, epoch}
		}
	}
	return nil
}

func (m *memory) wrappedBefore(_ context.Context, epoch uint32) (n uint64, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.keys {
		if r.state != destroyed && r.epoch != epoch {
			n++
		}
	}
	for _, s := range m.wrapped {
		if s.epoch != epoch {
			n++
		}
	}
	return n, nil
}

func (m *memory) wiped(context.Context) error { return nil }

func (m *memory) secret(_ context.Context, name string) (secret, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, ok := m.wrapped[name]
	if !ok {
		return secret{}, errNoSecret
	}
	return one, nil
}

func (m *memory) secrets(context.Context) ([]secret, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.wrapped), func(a, b secret) int { return cmp.Compare(a.name, b.name) }), nil
}

func (m *memory) addSecret(_ context.Context, one secret) (secret, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.wrapped[one.name]; !there {
		if err := m.putSecret(one); err != nil {
			return secret{}, err
		}
	}
	return m.wrapped[one.name], nil
}

func (m *memory) putSecret(one secret) error {
	if one.epoch != m.is.epoch {
		return errOtherEpoch
	}
	m.wrapped[one.name] = one
	m.changeState(func(t *state) { t.secrets++ })
	return nil
}

func (m *memory) addFirst(_ context.Context, one secret) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.wrapped[one.name]; there || len(m.keys) > 0 || len(m.claims) > 0 {
		return false, nil
	}
	err := m.putSecret(one)
	return err == nil, err
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
	c.stamp = m.stamps.ofClaim(c)
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
	c.stamp = m.stamps.ofClaim(c)
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

func (m *memory) unlinkAll(_ context.Context, person event.UUID, keep []Blinded) (n int, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for b, claims := range m.claims {
		before := len(claims)
		left := slices.DeleteFunc(claims, func(c claim) bool { return c.person == person && !slices.Contains(keep, b) })
		n += before - len(left)
		if m.claims[b] = left; len(left) == 0 {
			delete(m.claims, b)
		}
	}
	return n, nil
}

func (m *memory) claimsOf(_ context.Context, person event.UUID) ([]claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Concat(slices.Collect(maps.Values(m.claims))...)
	all = slices.DeleteFunc(all, func(c claim) bool { return c.person != person })
	slices.SortFunc(all, compareClaims)
	return all, nil
}

func (m *memory) claimsAfter(_ context.Context, after claim) ([]claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return following(slices.Concat(slices.Collect(maps.Values(m.claims))...), after, compareClaims), nil
}

func compareClaims(a, b claim) int {
	return cmp.Or(bytes.Compare(a.blind[:], b.blind[:]), bytes.Compare(a.command[:], b.command[:]))
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
