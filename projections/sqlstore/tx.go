package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
	"caseledger/projections"
)

// tx implements [projections.Tx].
type tx struct {
	ctx     context.Context
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
	var found []projections.Parked
	err := each(t.ctx, t.sql, scanParked(&found), t.dialect.parked(), streamsJSON(streams), table)
	return found, err
}

func (t *tx) Load(table projections.Table, keys []projections.RowKey) (map[projections.RowKey]any, error) {
	loaded := make(map[projections.RowKey]any, len(keys))
	columns := table.Projection.Columns()
	scan := newScanner(table.Projection)
	err := each(t.ctx, t.sql, func(rows *sql.Rows) error {
		found, err := scan.row(rows)
		loaded[projections.RowKey{Stream: found.Stream, Key: found.Key}] = found.Row
		return err
	}, t.dialect.load(table), keysJSON(keysOf(columns), keys))
	return loaded, err
}

func (t *tx) Save(table projections.Table, c projections.Changes) error {
	for _, one := range []struct {
		due   bool
		query func() string
		args  func() []any
	}{
		{len(c.Clear) > 0, func() string { return t.dialect.clear(table) }, func() []any { return []any{streamsJSON(c.Clear)} }},
		{len(c.Remove) > 0, func() string { return t.dialect.remove(table) },
			func() []any { return []any{keysJSON(keysOf(table.Projection.Columns()), c.Remove)} }},
		{len(c.Put) > 0, func() string { return t.dialect.put(table) }, func() []any { return []any{joined(c.Put)} }},
		{len(c.Unpark) > 0, t.dialect.unpark, func() []any { return []any{streamsJSON(c.Unpark), table.Name} }},
		{len(c.Park) > 0, t.dialect.park, func() []any { return []any{parkedJSON(c.Park), table.Name} }},
	} {
		if !one.due {
			continue
		}
		if err := t.exec(one.query(), one.args()...); err != nil {
			return err
		}
	}
	if c.Erased {
		t.erased = append(t.erased, table.Name)
	}
	return nil
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

// The parameters below are arrays of objects by column name. Stream ids and
// reasons need no quoting; keys do.

func joined(objects [][]byte) string {
	size := 2
	for _, o := range objects {
		size += len(o) + 1
	}
	dst := append(make([]byte, 0, size), '[')
	for i, o := range objects {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, o...)
	}
	return string(append(dst, ']'))
}

func streamsJSON(streams []event.StreamID) string {
	objects := make([][]byte, len(streams))
	for i, s := range streams {
		objects[i] = []byte(`{"stream":"` + s.String() + `"}`)
	}
	return joined(objects)
}

func parkedJSON(parked []projections.Parked) string {
	objects := make([][]byte, len(parked))
	for i, p := range parked {
		objects[i] = []byte(`{"stream":"` + p.Stream.String() + `","position":` +
			strconv.FormatUint(uint64(p.Position), 10) + `,"reason":"` + string(p.Reason) + `"}`)
	}
	return joined(objects)
}

func keysJSON(columns []projections.Column, keys []projections.RowKey) string {
	objects := make([][]byte, len(keys))
	for i, k := range keys {
		dst := append(append([]byte(`{"stream":"`), k.Stream.String()...), '"')
		for j, part := range k.Key.Parts() {
			dst = append(append(append(dst, `,"`...), columns[1+j].Name...), `":`...)
			// A key that is no UTF-8 or holds U+0000 names no row; the row itself
			// is refused by its encoding.
			dst, _ = jsontext.AppendQuote(dst, part)
		}
		objects[i] = append(dst, '}')
	}
	return joined(objects)
}
