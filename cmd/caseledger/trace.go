package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// What follows the ledger remembers how far it has come, and not of which
// ledger: after an older copy was restored that went on otherwise, its position
// may be that of another event. So before anything is followed beyond the trace,
// a trace of the ledger's end at that moment is left beside the read models.
// Whatever was followed lies before the trace; a ledger that does not hold the
// trace is not the one that was followed, and all that was made from it is made
// again.

// trace is an entry of the ledger, as it can be recognised: one that was recorded
// again after a restore has another time.
type trace struct {
	Position   event.Position `json:"position"`
	Event      event.ID       `json:"event"`
	RecordedAt int64          `json:"recordedAt"` // microseconds since 1970
}

func traceOf(e eventstore.Stored) trace { return trace{e.Position, e.ID, e.RecordedAt.UnixMicro()} }

// traces keeps the trace.
type traces interface {
	// recall returns the trace; the zero one if none was left.
	recall(ctx context.Context) (trace, error)
	// leave leaves a trace, durably, unless one further on is there.
	leave(ctx context.Context, t trace) error
	// forget removes the trace.
	forget(ctx context.Context) error
	Close() error
}

// traced is a ledger as those follow it who remember how far they have come.
type traced struct {
	eventstore.Store
	traces traces

	mu    sync.Mutex
	known event.Position // how far the trace that was left reaches, at least
}

// ReadAll implements [eventstore.Store]. It leaves a trace before it yields what
// lies beyond the last one.
func (t *traced) ReadAll(ctx context.Context, after event.Position) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		for e, err := range t.Store.ReadAll(ctx, after) {
			if err == nil {
				err = t.reach(ctx, e.Position)
			}
			if err != nil {
				yield(eventstore.Stored{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// reach makes sure that the trace lies at a position or beyond it.
func (t *traced) reach(ctx context.Context, at event.Position) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at <= t.known {
		return nil
	}
	head, err := t.Head(ctx)
	if err != nil {
		return err
	}
	for e, err := range t.Store.ReadAll(ctx, max(head, at)-1) {
		if err == nil {
			err = t.traces.leave(ctx, traceOf(e))
		}
		if err != nil {
			return fmt.Errorf("leave a trace of the ledger: %w", err)
		}
		t.known = e.Position
		return nil
	}
	return fmt.Errorf("%w: it has no entry %d", errIntegrity, max(head, at))
}

// holds reports whether the ledger holds an entry.
func (t *traced) holds(ctx context.Context, entry trace) (bool, error) {
	for e, err := range t.Store.ReadAll(ctx, entry.Position-1) {
		return err == nil && traceOf(e) == entry, err
	}
	return false, nil // it ends before
}

// forget begins anew: what was made from another ledger is gone.
func (t *traced) forget(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = 0
	return t.traces.forget(ctx)
}

// traceFile is where the trace of a data folder is. It stands beside the read
// models and is written before they go on.
const traceFile = "followed.json"

// fileTraces keeps the trace in a data folder.
type fileTraces struct{ dir dataDir }

// Close implements [traces].
func (fileTraces) Close() error { return nil }

func (f fileTraces) recall(context.Context) (t trace, _ error) {
	if !f.dir.recall(traceFile, &t) {
		return trace{}, nil
	}
	return t, nil
}

func (f fileTraces) leave(ctx context.Context, t trace) error {
	if before, err := f.recall(ctx); err != nil || before.Position >= t.Position {
		return err
	}
	return f.dir.remember(traceFile, t)
}

func (f fileTraces) forget(context.Context) error { return f.dir.unremember(traceFile) }

var errAnother = errors.New("the read models are of another ledger, or of a later state of this one: they are made again by the process that writes the record")

const startedOver = "the ledger is not the one that was followed before: what was made from that one is made again"

// recognise makes sure that what follows the ledger goes on with the ledger that
// it has followed so far. Otherwise it removes what was made from that one: the
// read models, and what the monitors remember. That is made again by whoever
// follows next; until then readers are told that it is being built. again says
// so. If the program stops in between, the next start finds the same and does the
// rest. Nobody follows meanwhile. A record that is open for reading is
// [errAnother] instead.
func (r *record) recognise(ctx context.Context) (again bool, err error) {
	ours, err := r.ours(ctx)
	switch {
	case err != nil:
		return false, fmt.Errorf("look for the trace of the ledger: %w", err)
	case ours && !r.unsaid():
		return false, nil
	case r.readOnly:
		return false, errAnother
	}
	for _, name := range viewNames {
		if err := r.clearViews(ctx, name); err != nil {
			return false, fmt.Errorf("clear the read models of %s: %w", name, err)
		}
	}
	if err := r.forgetMemo(ctx); err != nil {
		return false, err
	}
	if err := r.follows.forget(ctx); err != nil {
		return false, err
	}
	return true, r.dir.remember(unsaidNote, unsaid{r.destroyed, r.saidDestroyed})
}

// unsaid is a keystore that knows of more destructions than its ledger: the ledger
// is of an earlier moment. What was made from it then may hold what the destroyed
// keys sealed, and nothing in it says so.
type unsaid struct {
	Destroyed uint64 `json:"destroyed"` // that the keystore knows
	Said      uint64 `json:"said"`      // that the ledger says
}

// unsaidNote says for which such pair everything was made again.
const unsaidNote = "unsaid.json"

// unsaid reports whether everything must be made again, because the ledger does not
// say what the keystore knows.
func (r *record) unsaid() bool {
	now, before := unsaid{r.destroyed, r.saidDestroyed}, unsaid{}
	return now.Destroyed > now.Said && (!r.dir.recall(unsaidNote, &before) || now != before)
}

// ours reports whether the ledger holds the trace. What was made before there
// was a trace is held against the ledger's end.
func (r *record) ours(ctx context.Context) (bool, error) {
	last, err := r.follows.traces.recall(ctx)
	if err != nil {
		return false, err
	}
	if last.Position > 0 {
		return r.follows.holds(ctx, last)
	}
	var furthest event.Position
	for _, name := range viewNames {
		err := r.withViews(ctx, name, r.readOnly, func(s *sqlstore.Store) error {
			all, err := s.Checkpoints(ctx)
			for _, one := range all {
				furthest = max(furthest, one.Position)
			}
			return err
		})
		if err != nil {
			return false, err
		}
	}
	head, err := r.head(ctx)
	return furthest <= head, err
}

// clearViews removes one set of read models, if it is there.
func (r *record) clearViews(ctx context.Context, name string) error {
	return r.withViews(ctx, name, false, func(s *sqlstore.Store) error {
		all, err := s.Checkpoints(ctx)
		if err != nil {
			return err
		}
		if err := s.Update(ctx, func(tx projections.Tx) error {
			for _, one := range all {
				if err := tx.Drop(one.Table); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		return s.Scrub(ctx)
	})
}
