package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"caseledger/domain/event"
)

// tablesOf returns the tables of a read model, by name.
func (r *Runner) tablesOf(ctx context.Context, p *Projection) ([]Checkpoint, error) {
	all, err := r.store.Checkpoints(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(cp Checkpoint) bool { return cp.Model != p.name }), nil
}

func current(tables []Checkpoint) (Checkpoint, bool) {
	i := slices.IndexFunc(tables, func(cp Checkpoint) bool { return cp.State == Current })
	if i < 0 {
		return Checkpoint{}, false
	}
	return tables[i], true
}

// serves reports whether the program can go on with a table as it is.
func (p *Projection) serves(cp Checkpoint) (bool, error) {
	switch {
	case cp.Version > p.version:
		return false, fmt.Errorf("%w: %s is at version %d, this program knows %d", ErrNewer, p.name, cp.Version, p.version)
	case cp.Version == p.version && cp.Shape != p.Shape():
		return false, fmt.Errorf("%w: the columns of %s changed without a new version", ErrNewer, p.name)
	}
	return cp.Version == p.version, nil
}

// start drops what earlier switches left behind and prepares a table for each
// read model that has none of this program's version.
func (r *Runner) start(ctx context.Context) ([]*member, error) {
	var pending []*member
	for _, p := range r.models {
		tables, err := r.tablesOf(ctx, p)
		if err != nil {
			return nil, err
		}
		if cp, ok := current(tables); ok {
			same, err := p.serves(cp)
			if err != nil {
				return nil, err
			}
			if same {
				if err := r.dropRetired(ctx, tables); err != nil {
					return nil, err
				}
				continue
			}
		}
		t := Table{fmt.Sprintf("%s_v%d", p.name, p.version), p}
		m, err := r.prepare(ctx, t, func(cp Checkpoint) bool { return cp.State == Building && cp.Shape == p.Shape() })
		if err != nil {
			return nil, err
		}
		pending = append(pending, m)
	}
	return pending, nil
}

// dropRetired removes tables that nobody of this version reads. They outlive
// the switch that retired them, because programs of the version before may
// still have been serving from them.
func (r *Runner) dropRetired(ctx context.Context, tables []Checkpoint) error {
	for _, cp := range tables {
		if cp.State != Retired {
			continue
		}
		if err := r.store.Update(ctx, func(tx Tx) error { return tx.Drop(cp.Table) }); err != nil {
			return fmt.Errorf("drop %s: %w", cp.Table, err)
		}
	}
	return nil
}

// prepare claims a table to build, resuming one that was begun if that is good
// enough and beginning anew otherwise.
func (r *Runner) prepare(ctx context.Context, t Table, resume func(Checkpoint) bool) (*member, error) {
	var cp Checkpoint
	err := r.store.Update(ctx, func(tx Tx) error {
		var err error
		cp, err = tx.Lock(t.Name)
		if err == nil && cp.State != "" && !resume(cp) {
			err = tx.Drop(t.Name)
		}
		if err == nil {
			err = tx.Create(t)
		}
		if err == nil {
			cp, err = tx.Claim(t.Name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", t.Name, err)
	}
	m, err := r.join(ctx, t, cp)
	if err != nil {
		return nil, fmt.Errorf("prepare %s: %w", t.Name, err)
	}
	m.building = true
	return m, nil
}

// build brings tables to the head of the ledger and switches readers to them.
func (r *Runner) build(ctx context.Context, pending []*member) error {
	if err := r.follow(ctx, pending, 0); err != nil {
		if ctx.Err() != nil {
			r.keep(ctx, pending)
		}
		return err
	}
	for _, m := range pending {
		err := r.store.Update(ctx, func(tx Tx) error {
			if err := tx.Index(m.Table); err != nil {
				return err
			}
			tables, err := r.tablesOf(ctx, m.Projection)
			if err != nil {
				return err
			}
			return switchTo(tx, m, tables)
		})
		if err != nil {
			return fmt.Errorf("switch to %s: %w", m.Name, err)
		}
	}
	return nil
}

// switchTo makes a built table the one that serves.
func switchTo(tx Tx, m *member, tables []Checkpoint) error {
	if old, ok := current(tables); ok {
		if err := tx.SetState(old.Table, Retired); err != nil {
			return err
		}
	}
	cp, err := tx.Lock(m.Name)
	if err != nil {
		return err
	}
	if cp.Epoch != m.epoch || cp.Position != m.position {
		return ErrFenced
	}
	return tx.SetState(m.Name, Current)
}

// adopt claims the tables that serve and are not this runner's yet.
func (r *Runner) adopt(ctx context.Context) error {
	for _, p := range r.models {
		if r.live[p.name] != nil {
			continue
		}
		tables, err := r.tablesOf(ctx, p)
		if err != nil {
			return err
		}
		cp, ok := current(tables)
		if !ok {
			continue // being built
		}
		if same, err := p.serves(cp); err != nil {
			return err
		} else if !same {
			continue // its successor is being built
		}
		err = r.store.Update(ctx, func(tx Tx) error {
			cp, err = tx.Claim(cp.Table)
			return err
		})
		if err != nil {
			return fmt.Errorf("claim %s: %w", cp.Table, err)
		}
		if r.live[p.name], err = r.join(ctx, Table{cp.Table, p}, cp); err != nil {
			return fmt.Errorf("claim %s: %w", cp.Table, err)
		}
	}
	return nil
}

// Comparison is what a [Store] found comparing two tables.
type Comparison struct {
	// Digests are SHA-256 over the encoded rows in primary key order, each
	// preceded by its length as eight bytes, big endian.
	Serving, Built [32]byte
	ServingRows    int
	BuiltRows      int
}

// Report is the outcome of a rebuild or a check.
type Report struct {
	Comparison
	Position event.Position // at which rows were compared
	// Different counts the rows that differ; those of streams that are parked
	// in the table that serves are counted apart, for a fresh fold may repair
	// them.
	Different int
	Repaired  int
	// Keys names up to [MaxReported] of the different rows.
	Keys []RowKey
}

// MaxReported is how many different rows a [Report] names.
const MaxReported = 100

// RebuildOptions say how a rebuild ends.
type RebuildOptions struct {
	// Replace switches to the rebuilt table even if its rows differ from those
	// that serve: say so when a check has found those to be wrong.
	Replace bool
}

// Rebuild folds the ledger into a table beside the one that serves, compares
// the two at one position, and switches readers over in one transaction.
// Readers and the runner, in whatever process it runs, go on meanwhile. If the
// rows differ and that was not asked for, nothing is switched: [ErrDiffers].
// [ErrBuilding] if there is no table of this program's version to replace.
func (r *Runner) Rebuild(ctx context.Context, model string, options RebuildOptions) (Report, error) {
	return r.refold(ctx, model, func(m *member, report Report) (bool, error) {
		if report.Different > 0 && !options.Replace {
			return false, fmt.Errorf("%w: %d rows of %s", ErrDiffers, report.Different, model)
		}
		for {
			switched, err := r.replace(ctx, m)
			if switched || err != nil {
				return switched, err
			}
		}
	})
}

// Check folds the ledger again, beside the table that serves, and compares the
// two at one position. It changes nothing that is read.
func (r *Runner) Check(ctx context.Context, model string) (Report, error) {
	return r.refold(ctx, model, func(*member, Report) (bool, error) { return false, nil })
}

// refold builds a table of the same version beside the one that serves, and
// compares. conclude says whether it has switched; if not, the table is dropped.
func (r *Runner) refold(ctx context.Context, model string, conclude func(*member, Report) (bool, error)) (Report, error) {
	r.repairing.Lock()
	defer r.repairing.Unlock()
	p, serving, tables, err := r.serving(ctx, model)
	if err != nil {
		return Report{}, err
	}
	t := Table{nextName(p, tables), p}
	m, err := r.prepare(ctx, t, func(Checkpoint) bool { return false })
	if err != nil {
		return Report{}, err
	}
	switched := false
	defer func() {
		if !switched {
			// Where this fails the table stays behind as Building, and the next
			// rebuild begins by dropping it.
			_ = r.store.Update(context.WithoutCancel(ctx), func(tx Tx) error { return tx.Drop(t.Name) })
		}
	}()
	if err := r.followTo(ctx, m, serving.Position); err != nil {
		return Report{}, err
	}
	report, err := r.compare(ctx, m, serving)
	if err != nil {
		return report, err
	}
	switched, err = conclude(m, report)
	return report, err
}

func (r *Runner) followTo(ctx context.Context, m *member, to event.Position) error {
	if to == 0 {
		return nil
	}
	err := r.follow(ctx, []*member{m}, to)
	if errors.Is(err, errMoved) {
		return fmt.Errorf("%w: %s", ErrFenced, m.Name) // another rebuild began anew
	}
	return err
}

func (r *Runner) compare(ctx context.Context, m *member, serving Checkpoint) (Report, error) {
	report := Report{Position: serving.Position}
	list, err := r.store.ParkedStreams(ctx, serving.Table)
	if err != nil {
		return report, err
	}
	parked := map[event.StreamID]bool{}
	for _, one := range list {
		parked[one.Stream] = true
	}
	report.Comparison, err = r.store.Compare(ctx, Table{serving.Table, m.Projection}, m.Table,
		func(to event.Position) error {
			report.Position = to
			return r.followTo(ctx, m, to)
		},
		func(k RowKey) error {
			if parked[k.Stream] {
				report.Repaired++
				return nil
			}
			report.Different++
			if len(report.Keys) < MaxReported {
				report.Keys = append(report.Keys, k)
			}
			return nil
		})
	if err != nil {
		return report, fmt.Errorf("compare %s with %s: %w", serving.Table, m.Name, err)
	}
	return report, nil
}

// replace switches from the table that serves to m once m is about as far: the
// last page is folded while the other is held.
func (r *Runner) replace(ctx context.Context, m *member) (bool, error) {
	_, serving, tables, err := r.serving(ctx, m.Projection.name)
	if err != nil {
		return false, err
	}
	if err := r.followTo(ctx, m, serving.Position); err != nil {
		return false, err
	}
	if err := r.store.Update(ctx, func(tx Tx) error { return tx.Index(m.Table) }); err != nil {
		return false, err
	}
	switched := false
	err = r.store.Update(ctx, func(tx Tx) error {
		cp, err := tx.Lock(serving.Table)
		if err != nil {
			return err
		}
		if cp.State != Current || cp.Position > m.position+event.Position(r.options.PageEvents) {
			return nil // moved on: try again
		}
		last, types := page{end: cp.Position}, m.Projection.types
		if cp.Position > m.position {
			for item, err := range r.source.ReadAll(ctx, m.position, types) {
				if err != nil {
					return err
				}
				if item.Position > cp.Position {
					break
				}
				last.items = append(last.items, item)
			}
			h := &histories{ctx: ctx, source: r.source, end: last.end, types: types}
			if err := m.fold(ctx, r.store, last, h); err != nil {
				return err
			}
			if err := m.save(tx, m.window); err != nil {
				return err
			}
			m.saved = last.end
		}
		switched = true
		return switchTo(tx, m, tables)
	})
	if err != nil || !switched {
		return false, err
	}
	r.changed()
	if err := r.store.Update(ctx, func(tx Tx) error { return tx.Drop(serving.Table) }); err != nil {
		return true, fmt.Errorf("drop %s: %w", serving.Table, err)
	}
	return true, nil
}

// serving returns the table that serves a model, which must be of this
// program's version.
func (r *Runner) serving(ctx context.Context, model string) (*Projection, Checkpoint, []Checkpoint, error) {
	i := slices.IndexFunc(r.models, func(p *Projection) bool { return p.name == model })
	if i < 0 {
		return nil, Checkpoint{}, nil, fmt.Errorf("%w: there is no read model of that name", ErrQuery)
	}
	p := r.models[i]
	tables, err := r.tablesOf(ctx, p)
	if err != nil {
		return nil, Checkpoint{}, nil, err
	}
	cp, ok := current(tables)
	if ok {
		if ok, err = p.serves(cp); err != nil {
			return nil, Checkpoint{}, nil, err
		}
	}
	if !ok {
		return nil, Checkpoint{}, nil, fmt.Errorf("%w: %s", ErrBuilding, model)
	}
	return p, cp, tables, nil
}

// nextName is the first name for a further build that serves no reader.
func nextName(p *Projection, tables []Checkpoint) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s_v%d_r%d", p.name, p.version, n)
		at := slices.IndexFunc(tables, func(cp Checkpoint) bool { return cp.Table == name })
		if at < 0 || tables[at].State == Building {
			return name
		}
	}
}
