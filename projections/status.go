package projections

import (
	"context"
	"fmt"
	"slices"

	"caseledger/domain/event"
)

// Status is how one read model stands.
type Status struct {
	Model   string
	Version int // of the table that serves; 0 if none does
	Wanted  int // the version this program folds
	// Position is what the table that serves reflects; it lags by the ledger's
	// head minus Position.
	Position event.Position
	Parked   int // streams parked in the table that serves
	// Building is true while a table is built beside, up to Built so far.
	Building bool
	Built    event.Position
}

// Status tells how each read model stands, by name.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	all, err := r.store.Checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	statuses := make([]Status, len(r.models))
	for i, p := range r.models {
		s := Status{Model: p.name, Wanted: p.version}
		for _, cp := range all {
			switch {
			case cp.Model != p.name:
			case cp.State == Current:
				s.Version, s.Position, s.Parked = cp.Version, cp.Position, cp.Parked
			case cp.State == Building:
				s.Building, s.Built = true, max(s.Built, cp.Position)
			}
		}
		statuses[i] = s
	}
	return statuses, nil
}

// Parked lists the parked streams of a read model, by position.
func (r *Runner) Parked(ctx context.Context, model string) ([]Parked, error) {
	_, cp, _, err := r.serving(ctx, model)
	if err != nil {
		return nil, err
	}
	return r.store.ParkedStreams(ctx, cp.Table)
}

// Retry folds a parked stream anew, from its beginning to the position the
// table reflects, and unparks it if every event can now be folded. If not, it
// stays parked and [ErrPoison] says why. A stream that is not parked is left
// as it is. It may be called beside Run, from any process.
func (r *Runner) Retry(ctx context.Context, model string, stream event.StreamID) error {
	p, serving, _, err := r.serving(ctx, model)
	if err != nil {
		return err
	}
	return r.store.Update(ctx, func(tx Tx) error {
		cp, err := tx.Lock(serving.Table)
		if err != nil {
			return err
		}
		if cp.State != Current {
			return fmt.Errorf("%w: %s was switched meanwhile, try again", ErrBuilding, model)
		}
		parked, err := tx.Parked(cp.Table, []event.StreamID{stream})
		if err != nil || len(parked) == 0 {
			return err
		}
		h := &histories{ctx: ctx, source: r.source, end: cp.Position, types: p.types}
		items, err := h.upTo(stream, cp.Position)
		if err != nil {
			return err
		}
		rows, bad := p.foldStream(items)
		if bad != "" {
			return fmt.Errorf("%w: %s stays parked in %s: %s", ErrPoison, stream, model, bad)
		}
		changes := Changes{Clear: []event.StreamID{stream}, Unpark: []event.StreamID{stream}}
		put := make([]Found, 0, len(rows))
		for key, row := range rows {
			put = append(put, Found{stream, key, row})
		}
		changes.Put = p.valuesOf(put)
		if err := tx.Save(Table{cp.Table, p}, changes); err != nil {
			return err
		}
		return tx.Move(cp.Table, cp.Position, cp.Parked-1)
	})
}

// Models lists the runner's read models, by name.
func (r *Runner) Models() []*Projection { return slices.Clone(r.models) }
