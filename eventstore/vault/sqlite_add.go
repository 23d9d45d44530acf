package vault

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// joint makes one transaction of the keys that many callers want stored at
// once: while one is being written, the next gathers.
type joint struct {
	mu      sync.Mutex
	waiting []*addition
	writing bool
	writers sync.WaitGroup
}

// addition is what one caller wants stored, and what became of it.
type addition struct {
	keys, stored []record
	err          error
	done         chan struct{}
}

func (s *sqliteStore) add(ctx context.Context, keys []record) ([]record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &addition{keys: keys, done: make(chan struct{})}
	s.joint.mu.Lock()
	s.joint.waiting = append(s.joint.waiting, a)
	leads := !s.joint.writing
	s.joint.writing = true
	s.joint.mu.Unlock()
	if leads {
		// The leader's patience is not the others': what it writes for them
		// goes on after its own context has ended.
		s.joint.writers.Go(func() { s.writeAll(context.WithoutCancel(ctx)) })
	}
	select {
	case <-a.done:
		return a.stored, a.err
	case <-ctx.Done():
		return nil, ctx.Err() // the keys may be stored all the same: harmless, see the package comment
	}
}

// writeAll writes what is waiting until nothing is.
func (s *sqliteStore) writeAll(ctx context.Context) {
	for {
		s.joint.mu.Lock()
		batch := s.joint.waiting
		s.joint.waiting = nil
		s.joint.writing = len(batch) > 0
		s.joint.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := s.tx(ctx, func(tx *sql.Tx) error {
			for _, a := range batch {
				stored, err := addIn(ctx, tx, a.keys)
				if err != nil {
					return err
				}
				a.stored = stored
			}
			return nil
		})
		for _, a := range batch {
			a.err = err
			close(a.done)
		}
	}
}

// addIn stores keys whose reference has no live key yet.
func addIn(ctx context.Context, tx *sql.Tx, keys []record) ([]record, error) {
	stored := make([]record, len(keys))
	for i, k := range keys {
		first, err := liveKeyIn(ctx, tx, k.ref)
		if err == nil {
			stored[i] = first
			continue
		}
		if !errors.Is(err, ErrKeyMissing) {
			return nil, err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO keys (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
			k.id[:], k.ref.Subject[:], string(k.ref.Side), string(k.ref.Class), k.wrapped, k.commitment[:],
			int(k.state), k.created.UnixMicro(), k.epoch, int64(k.sealed)); err != nil {
			return nil, err
		}
		stored[i] = k
	}
	return stored, nil
}
