package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/projections"
)

// pollEvery is how often a reader looks whether another process has moved a
// checkpoint; this process tells at once.
const pollEvery = 50 * time.Millisecond

// WaitFor implements [projections.Reader].
func (s *Store) WaitFor(ctx context.Context, p *projections.Projection, at event.Position) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		tables, err := s.Checkpoints(ctx)
		if err != nil {
			return err
		}
		cp, err := resolve(p, tables)
		if err != nil {
			return err
		}
		if cp.Position >= at {
			return nil
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// resolve finds the table from which a program reads a model: the one that
// serves, if it has the columns the program knows, or else the one of the
// program's own version, which outlives the switch.
func resolve(p *projections.Projection, tables []projections.Checkpoint) (projections.Checkpoint, error) {
	var own *projections.Checkpoint
	for i, cp := range tables {
		switch {
		case cp.Model != p.Name() || cp.Shape != p.Shape() || cp.State == projections.Building:
		case cp.State == projections.Current:
			return cp, nil
		case cp.Version == p.Version():
			own = &tables[i]
		}
	}
	if own == nil {
		return projections.Checkpoint{}, fmt.Errorf("%w: %s", projections.ErrBuilding, p.Name())
	}
	return *own, nil
}

// switches bounds how often a view starts afresh because tables were switched
// under it.
const switches = 5

// View implements [projections.Reader].
func (s *Store) View(ctx context.Context, read func(projections.View) error) error {
	for attempt := 1; ; attempt++ {
		again, err := s.view(ctx, read)
		if !again || attempt == switches {
			if err != nil && ctx.Err() == nil && broken(err) {
				err = ErrUnreachable // the cause quotes the server's address
			}
			return err
		}
	}
}

func (s *Store) view(ctx context.Context, read func(projections.View) error) (again bool, err error) {
	conn, tx, err := begin(ctx, s.read, s.snapshot)
	if err != nil {
		return false, err
	}
	begun := &within{Tx: tx, statements: &s.compiled}
	defer func() {
		_, _ = begun.Rollback(), conn.Close() // it has only read
		s.compiled.learn(ctx, begun.missed)
	}()
	tables, err := checkpoints(ctx, begun)
	if err != nil {
		return false, err
	}
	v := &view{ctx: ctx, sql: begun, tables: tables}
	err = read(v)
	if v.failed == "" || ctx.Err() != nil {
		return false, err
	}
	// A query failed. PostgreSQL drops a table also for snapshots that hold it.
	now, failed := s.Checkpoints(ctx)
	if failed != nil {
		return false, err
	}
	gone := !slices.ContainsFunc(now, func(cp projections.Checkpoint) bool { return cp.Table == v.failed })
	return gone, err
}

type view struct {
	ctx    context.Context
	sql    *within
	tables []projections.Checkpoint
	failed string // the table of the last query that failed
}

func (v *view) Position(p *projections.Projection) (event.Position, error) {
	cp, err := resolve(p, v.tables)
	return cp.Position, err
}

func (v *view) Parked(p *projections.Projection, stream event.StreamID) (projections.Parked, bool, error) {
	cp, err := resolve(p, v.tables)
	if err != nil || cp.Parked == 0 {
		return projections.Parked{}, false, err
	}
	var found []projections.Parked
	err = each(v.ctx, v.sql, scanParked(&found),
		"SELECT stream, position, reason FROM parked WHERE tbl = $1 AND stream = $2", cp.Table, stream.String())
	if err != nil || len(found) == 0 {
		return projections.Parked{}, false, err
	}
	return found[0], true, nil
}

func (v *view) Rows(p *projections.Projection, plan projections.Plan, use func(projections.Found) error) error {
	cp, err := resolve(p, v.tables)
	if err != nil {
		return err
	}
	var w where
	query := "SELECT " + names(p.Columns(), "") + " FROM " + quote(cp.Table) + w.all(" WHERE ", plan.Where) + " ORDER BY "
	for i, o := range plan.Order {
		if i > 0 {
			query += ", "
		}
		query += quote(o.Column)
		if o.Descending {
			query += " DESC"
		}
	}
	// A bound limit would make SQLite compile a kept query again each time.
	query += " LIMIT " + strconv.Itoa(plan.Limit)
	scan := newScanner(p)
	var used error
	err = each(v.ctx, v.sql, func(rows *sql.Rows) error {
		found, err := scan.row(rows)
		if err != nil {
			return err
		}
		used = use(found)
		return used
	}, query, w.args...)
	if err != nil && used == nil {
		v.failed = cp.Table
		return fmt.Errorf("query %s: %w", p.Name(), err)
	}
	return err
}

func (v *view) Count(p *projections.Projection, conditions ...projections.Condition) (int, error) {
	cp, err := resolve(p, v.tables)
	if err != nil {
		return 0, err
	}
	terms, err := p.ResolveAll(conditions)
	if err != nil {
		return 0, err
	}
	var w where
	query := "SELECT count(*) FROM " + quote(cp.Table) + w.all(" WHERE ", terms)
	var n int
	if err := v.sql.QueryRowContext(v.ctx, query, w.args...).Scan(&n); err != nil {
		v.failed = cp.Table
		return 0, fmt.Errorf("count %s: %w", p.Name(), err)
	}
	return n, nil
}

// where writes terms as SQL and gathers their values.
type where struct{ args []any }

func (w *where) value(v any) string {
	w.args = append(w.args, v)
	return "$" + strconv.Itoa(len(w.args))
}

func (w *where) all(intro string, terms []projections.Term) string {
	if len(terms) == 0 {
		return ""
	}
	return intro + w.join(terms, " AND ")
}

func (w *where) join(terms []projections.Term, with string) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		parts[i] = w.term(t)
	}
	return strings.Join(parts, with)
}

func (w *where) term(t projections.Term) string {
	switch {
	case len(t.Any) > 0:
		return "(" + w.join(t.Any, " OR ") + ")"
	case len(t.All) > 0:
		return "(" + w.join(t.All, " AND ") + ")"
	case t.Column == "" || t.Op == "in" && len(t.Values) == 0:
		return "1 = 0" // none of nothing
	case t.Op == "in":
		values := make([]string, len(t.Values))
		for i, v := range t.Values {
			values[i] = w.value(v)
		}
		return quote(t.Column) + " IN (" + strings.Join(values, ", ") + ")"
	}
	return quote(t.Column) + " " + t.Op + " " + w.value(t.Values[0])
}
