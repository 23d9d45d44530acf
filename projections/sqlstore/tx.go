package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"caseledger/domain/event"
	"caseledger/projections"
)

// tx implements [projections.Tx].
type tx struct {
	ctx     context.Context
	conn    *sql.Conn // of the transaction
	sql     *sql.Tx
	dialect dialect

	moved   bool     // a checkpoint or a state changed
	erased  []string // tables whose overwritten rows must not linger
	dropped []string
}

func (t *tx) exec(query string, args ...any) error {
	_, err := t.sql.ExecContext(t.ctx, query, args...)
	return err
}

func (t *tx) Create(table projections.Table) error {
	if err := t.exec(t.dialect.createTable(table)); err != nil {
		return err
	}
	p := table.Projection
	return t.exec("INSERT INTO checkpoints ("+checkpointColumns+") VALUES ($1, $2, $3, $4, $5, 0, 0, 0) ON CONFLICT (tbl) DO NOTHING",
		table.Name, p.Name(), p.Version(), p.Shape(), string(projections.Building))
}

func (t *tx) Index(table projections.Table) error {
	for i, index := range table.Projection.Indexes() {
		columns := make([]projections.Column, len(index.Columns))
		for j, name := range index.Columns {
			columns[j].Name = name
		}
		if err := t.exec("CREATE INDEX IF NOT EXISTS " + quote(table.Name+"_i"+strconv.Itoa(i+1)) +
			" ON " + quote(table.Name) + " (" + names(columns, "") + ")"); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) returning(query string, args ...any) (projections.Checkpoint, error) {
	row := t.sql.QueryRowContext(t.ctx, query+" RETURNING "+checkpointColumns, args...)
	cp, err := scanCheckpoint(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return projections.Checkpoint{}, nil
	}
	return cp, err
}

func (t *tx) Claim(table string) (projections.Checkpoint, error) {
	cp, err := t.returning("UPDATE checkpoints SET epoch = epoch + 1 WHERE tbl = $1", table)
	if err == nil && cp.Table == "" {
		err = fmt.Errorf("%w: %s has gone", projections.ErrBuilding, table)
	}
	return cp, err
}

// Lock updates without a change: in both databases that takes the row for
// this transaction and returns it as last committed.
func (t *tx) Lock(table string) (projections.Checkpoint, error) {
	return t.returning("UPDATE checkpoints SET epoch = epoch WHERE tbl = $1", table)
}

func (t *tx) Move(table string, to event.Position, parked int) error {
	t.moved = true
	return t.exec("UPDATE checkpoints SET position = $2, parked = $3 WHERE tbl = $1", table, int64(to), parked)
}

func (t *tx) SetState(table string, s projections.State) error {
	t.moved = true
	return t.exec("UPDATE checkpoints SET state = $2 WHERE tbl = $1", table, string(s))
}

func (t *tx) Drop(table string) error {
	t.dropped = append(t.dropped, table)
	if err := t.exec("DELETE FROM parked WHERE tbl = $1", table); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM checkpoints WHERE tbl = $1", table); err != nil {
		return err
	}
	return t.exec("DROP TABLE IF EXISTS " + quote(table))
}

func (t *tx) Parked(table string, streams []event.StreamID) ([]projections.Parked, error) {
	args, err := t.dialect.streams(streams)
	if err != nil {
		return nil, err
	}
	var found []projections.Parked
	err = each(t.ctx, t.sql, scanParked(&found), t.dialect.parked(), append([]any{table}, args...)...)
	return found, err
}

// mostRows is how many rows one statement writes or names at most.
const mostRows = 10_000

func (t *tx) Save(table projections.Table, c projections.Changes) error {
	if len(c.Clear) > 0 {
		args, err := t.dialect.streams(c.Clear)
		if err == nil {
			err = t.exec(t.dialect.clear(table), args...)
		}
		if err != nil {
			return err
		}
	}
	if len(c.Remove) > 0 {
		args, err := t.dialect.keys(table, c.Remove)
		if err == nil {
			err = t.exec(t.dialect.remove(table), args...)
		}
		if err != nil {
			return err
		}
	}
	if c.Put != nil {
		if err := t.put(table, c); err != nil {
			return err
		}
	}
	if len(c.Unpark) > 0 {
		args, err := t.dialect.streams(c.Unpark)
		if err == nil {
			err = t.exec(t.dialect.unpark(), append([]any{table.Name}, args...)...)
		}
		if err != nil {
			return err
		}
	}
	if len(c.Park) > 0 {
		p := t.dialect.params(parkedColumns)
		for _, one := range c.Park {
			if err := p.add([]projections.Value{{Text: one.Stream.String()}, {Int: int64(one.Position)}, {Text: string(one.Reason)}}); err != nil {
				return err
			}
		}
		if err := t.exec(t.dialect.park(), append([]any{table.Name}, p.args()...)...); err != nil {
			return err
		}
	}
	if c.Erased {
		t.erased = append(t.erased, table.Name)
	}
	return nil
}

func (t *tx) put(table projections.Table, c projections.Changes) error {
	if c.Fresh && t.dialect.fill != nil {
		return t.dialect.fill(t.ctx, t.conn, table, c.Put)
	}
	columns, text := table.Projection.Columns(), t.dialect.put(table)
	p, n := t.dialect.params(columns), 0
	for row, err := range c.Put {
		if err == nil {
			err = p.add(row)
		}
		if n++; err == nil && n == mostRows {
			err = t.exec(text, p.args()...)
			p, n = t.dialect.params(columns), 0
		}
		if err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	return t.exec(text, p.args()...)
}

// Load implements [projections.Store].
func (s *Store) Load(ctx context.Context, table projections.Table, keys []projections.RowKey) (map[projections.RowKey]any, error) {
	if s.load == nil {
		return nil, ErrReadOnly
	}
	loaded := make(map[projections.RowKey]any, len(keys))
	scan := newScanner(table.Projection)
	args, err := s.dialect.keys(table, keys)
	if err != nil {
		return nil, err
	}
	err = each(ctx, s.load, func(rows *sql.Rows) error {
		found, err := scan.row(rows)
		loaded[projections.RowKey{Stream: found.Stream, Key: found.Key}] = found.Row
		return err
	}, s.dialect.load(table), args...)
	if err != nil {
		return nil, fmt.Errorf("load rows: %w", err)
	}
	return loaded, nil
}

// streams are the parameters for rows of streamOnly.
func (d dialect) streams(streams []event.StreamID) ([]any, error) {
	p := d.params(streamOnly)
	for _, s := range streams {
		if err := p.add([]projections.Value{{Text: s.String()}}); err != nil {
			return nil, err
		}
	}
	return p.args(), nil
}

// keys are the parameters for rows of a table's key columns.
func (d dialect) keys(t projections.Table, keys []projections.RowKey) ([]any, error) {
	columns := keysOf(t.Projection.Columns())
	p := d.params(columns)
	row := make([]projections.Value, 0, len(columns))
	for _, k := range keys {
		row = append(row[:0], projections.Value{Text: k.Stream.String()})
		for _, part := range k.Key.Parts() {
			// A key that no column can hold names no row: what is folded into it
			// is refused by its encoding.
			row = append(row, projections.Value{Text: storable(part)})
		}
		if err := p.add(row); err != nil {
			return nil, err
		}
	}
	return p.args(), nil
}

// storable is a text as a column can hold it.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}

// scanner reads rows of one projection, whose columns were asked for in order.
type scanner struct {
	p      *projections.Projection
	values []any
	into   []any
}

func newScanner(p *projections.Projection) *scanner {
	n := len(p.Columns())
	s := &scanner{p: p, values: make([]any, n), into: make([]any, n)}
	for i := range s.values {
		s.into[i] = &s.values[i]
	}
	return s
}

func (s *scanner) row(rows *sql.Rows) (projections.Found, error) {
	if err := rows.Scan(s.into...); err != nil {
		return projections.Found{}, err
	}
	found, err := s.p.Decode(s.values)
	if err != nil {
		err = fmt.Errorf("%w: %w", projections.ErrDamaged, err)
	}
	return found, err
}
