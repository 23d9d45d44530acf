package vault

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"caseledger/domain/event"
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

func (s *sqlStore) add(ctx context.Context, keys []record) ([]record, error) {
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
func (s *sqlStore) writeAll(ctx context.Context) {
	for {
		s.joint.mu.Lock()
		batch := s.joint.waiting
		s.joint.waiting = nil
		s.joint.writing = len(batch) > 0
		s.joint.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		var stored map[Ref]record
		var epoch uint32
		err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			t, err := lockedState(ctx, tx, s.forShare)
			if err != nil {
				return err
			}
			epoch = t.epoch
			stored, err = addIn(ctx, tx, s.wanted(batch, epoch))
			return err
		})
		for _, a := range batch {
			a.err = err
			if err == nil && !a.of(epoch) {
				a.err = errOtherEpoch
			}
			if a.err == nil {
				a.stored = make([]record, len(a.keys))
				for i, k := range a.keys {
					a.stored[i] = stored[k.ref]
				}
			}
			close(a.done)
		}
	}
}

// of reports whether all keys are wrapped by an epoch.
func (a *addition) of(epoch uint32) bool {
	return !slices.ContainsFunc(a.keys, func(k record) bool { return k.epoch != epoch })
}

// wanted is, stamped, the first key of each reference among those that are
// wrapped by an epoch.
func (s *sqlStore) wanted(batch []*addition, epoch uint32) map[Ref]record {
	wanted := map[Ref]record{}
	for _, a := range batch {
		if !a.of(epoch) {
			continue
		}
		for _, k := range a.keys {
			if _, there := wanted[k.ref]; !there {
				k.stamp = s.stamps.ofKey(k)
				wanted[k.ref] = k
			}
		}
	}
	return wanted
}

// addAtOnce is how many keys one statement stores.
const addAtOnce = 64

// addIn stores the keys whose reference has no live key and returns the live
// key of each reference.
func addIn(ctx context.Context, tx *sql.Tx, wanted map[Ref]record) (map[Ref]record, error) {
	stored := map[Ref]record{}
	// Always in the same order, so that two processes never wait for each other.
	order := slices.SortedFunc(maps.Keys(wanted), func(a, b Ref) int {
		return cmp.Or(bytes.Compare(a.Subject[:], b.Subject[:]), cmp.Compare(a.Side, b.Side), cmp.Compare(a.Class, b.Class))
	})
	for refs := range slices.Chunk(order, addAtOnce) {
		// Between the two statements another process may retire or destroy what
		// was in the way of ours.
		for attempt := 0; ; attempt++ {
			missing, err := addSome(ctx, tx, refs, wanted, stored)
			if err != nil {
				return nil, err
			}
			if refs = missing; len(refs) == 0 {
				break
			}
			if attempt == 8 {
				return nil, errors.New("vault: a key is retired as fast as it is made")
			}
		}
	}
	return stored, nil
}

const (
	insertKeys = `INSERT INTO keys (` + keyColumns + `) VALUES `
	unlessLive = ` ON CONFLICT (subject, side, class) WHERE state = 1 DO NOTHING`
)

// appendKey appends the values of keyColumns.
func appendKey(args []any, k record) []any {
	wrapped, by := keyValues(k)
	return append(args, k.id[:], k.ref.Subject[:], string(k.ref.Side), string(k.ref.Class), wrapped, k.commitment[:],
		int(k.state), by, k.created.UnixMicro(), int64(k.epoch), int64(k.sealed), k.stamp)
}

// keyValues are what a row holds of the key and of its destruction: one of them
// is nothing.
func keyValues(k record) (wrapped, by any) {
	if k.state == destroyed {
		return nil, k.destroyedBy.UUID[:]
	}
	return k.wrapped, nil
}

// rows is the text of the values of n rows, of which args is how many values
// there are in all.
func rows(n, args int) string {
	var b strings.Builder
	for i := range args {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%(args/n) == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	return b.String() + ")"
}

// addSome puts into stored what addIn returns, for some references, and
// returns those that have no live key after all.
func addSome(ctx context.Context, tx *sql.Tx, refs []Ref, wanted, stored map[Ref]record) (missing []Ref, _ error) {
	var args []any
	subjects := map[event.UUID]bool{}
	for _, ref := range refs {
		args = appendKey(args, wanted[ref])
		subjects[ref.Subject] = true
	}
	if _, err := tx.ExecContext(ctx, insertKeys+rows(len(refs), len(args))+unlessLive, args...); err != nil {
		return nil, err
	}
	of := make([]string, 0, len(subjects))
	args = args[:0]
	for subject := range subjects {
		args = append(args, subject[:])
		of = append(of, fmt.Sprintf("$%d", len(args)))
	}
	found, err := list(ctx, tx, scanKey, fmt.Sprintf(`SELECT %s FROM keys WHERE state = 1 AND subject IN (%s)`, keyColumns, strings.Join(of, ", ")), args...)
	if err != nil {
		return nil, err
	}
	for _, k := range found {
		stored[k.ref] = k
	}
	for _, ref := range refs {
		if _, there := stored[ref]; !there {
			missing = append(missing, ref)
		}
	}
	return missing, nil
}
