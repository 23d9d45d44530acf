package projections

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"caseledger/domain/event"
)

// Term is a [Condition] resolved for a store: column names are known to exist
// and values are int64 or string.
type Term struct {
	Column string
	Op     string // "=", "<>", "<", "<=", ">", ">=", "in"
	Values []any
	Any    []Term // if not nil, at least one must hold, and nothing else is set
	All    []Term // if not nil, all must hold, and nothing else is set
}

// Plan is a [Query] resolved for a store: complete in its order, the cursor
// turned into a term.
type Plan struct {
	Where []Term
	Order []Order
	Limit int
}

// Resolve checks a query against the projection's columns. [ErrQuery] where it
// does not fit.
func (p *Projection) Resolve(q Query) (Plan, error) {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return Plan{}, fmt.Errorf("%w: limit must be 1 to %d", ErrQuery, MaxLimit)
	}
	plan := Plan{Limit: q.Limit}
	var err error
	if plan.Where, err = p.ResolveAll(q.Where); err != nil {
		return Plan{}, err
	}
	if plan.Order, err = p.order(q.Order); err != nil {
		return Plan{}, err
	}
	if q.After != "" {
		after, err := p.after(plan.Order, q.After)
		if err != nil {
			return Plan{}, err
		}
		plan.Where = append(plan.Where, after)
	}
	return plan, nil
}

// ResolveAll checks conditions against the projection's columns.
func (p *Projection) ResolveAll(where []Condition) ([]Term, error) {
	terms := make([]Term, 0, len(where))
	for _, c := range where {
		if c.column == "" {
			alternatives, err := p.ResolveAll(c.any)
			if err != nil {
				return nil, err
			}
			terms = append(terms, Term{Any: alternatives})
			continue
		}
		column, ok := p.column(c.column)
		if !ok || column.Kind == JSON {
			return nil, fmt.Errorf("%w: %s has no comparable column %s", ErrQuery, p.name, c.column)
		}
		term := Term{Column: c.column, Op: c.op, Values: make([]any, 0, len(c.values))}
		for _, v := range c.values {
			value, err := stored(column.Kind, v)
			if err != nil {
				return nil, fmt.Errorf("%w: column %s cannot hold a %T", ErrQuery, c.column, v)
			}
			term.Values = append(term.Values, value)
		}
		terms = append(terms, term)
	}
	return terms, nil
}

// stored is a Go value in the form a column of this kind holds.
func stored(kind Kind, v any) (any, error) {
	if v == nil {
		return nil, ErrQuery
	}
	rv := reflect.ValueOf(v)
	if s, ok := v.(string); ok && (kind == Text || kind == Day) {
		_, err := textValue(s)
		return s, err
	}
	if kind == Instant && rv.CanInt() && rv.Type() != dayType {
		return rv.Int(), nil
	}
	own, c := codecOf(rv.Type(), false)
	if own != kind {
		return nil, ErrQuery
	}
	value, err := c.encode(rv)
	if err != nil {
		return nil, err
	}
	if kind == Text || kind == Day {
		return value.Text, nil
	}
	return value.Int, nil
}

func (p *Projection) order(given []Order) ([]Order, error) {
	order := slices.Clone(given)
	for _, o := range order {
		column, ok := p.column(o.Column)
		if !ok || column.Kind == JSON {
			return nil, fmt.Errorf("%w: %s cannot be ordered by %s", ErrQuery, p.name, o.Column)
		}
	}
	for _, f := range p.layout.fields[:1+p.layout.keys] {
		if !slices.ContainsFunc(order, func(o Order) bool { return o.Column == f.Name }) {
			order = append(order, Order{Column: f.Name})
		}
	}
	return order, nil
}

// after is the term for the rows behind a cursor: (a > x) or (a = x and
// (b > y)) and so on, in the direction of each term of the order.
func (p *Projection) after(order []Order, c Cursor) (Term, error) {
	malformed := fmt.Errorf("%w: malformed cursor", ErrQuery)
	var values []jsontext.Value
	if err := json.Unmarshal([]byte(c), &values); err != nil || len(values) != len(order) {
		return Term{}, malformed
	}
	var equal, places []Term
	for i, o := range order {
		value, err := cursorValue(p.kind(o.Column), values[i])
		if err != nil {
			return Term{}, malformed
		}
		op := ">"
		if o.Descending {
			op = "<"
		}
		beyond := Term{Column: o.Column, Op: op, Values: []any{value}}
		places = append(places, Term{All: append(slices.Clone(equal), beyond)})
		equal = append(equal, Term{Column: o.Column, Op: "=", Values: []any{value}})
	}
	return Term{Any: places}, nil
}

func cursorValue(kind Kind, raw jsontext.Value) (any, error) {
	if kind == Text || kind == Day {
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	var n int64
	err := json.Unmarshal(raw, &n)
	return n, err
}

func (p *Projection) kind(column string) Kind {
	c, _ := p.column(column)
	return c.Kind
}

// cursorOf names the place of a row in an order.
func (p *Projection) cursorOf(order []Order, stream event.StreamID, row reflect.Value) (Cursor, error) {
	dst := []byte{'['}
	for i, o := range order {
		if i > 0 {
			dst = append(dst, ',')
		}
		at := slices.IndexFunc(p.layout.fields, func(f field) bool { return f.Name == o.Column })
		f := p.layout.fields[at]
		value, err := Value{Text: stream.String()}, error(nil)
		if at > 0 {
			value, err = f.encode(row.Field(f.index))
		}
		if err == nil {
			dst, err = appendValue(dst, f.Kind, value)
		}
		if err != nil {
			return "", err
		}
	}
	return Cursor(append(dst, ']')), nil
}

// Found is a row as a [View] gives it back.
type Found struct {
	Stream event.StreamID
	Key    Key
	Row    any // *Row
}

// Decode makes a row of the values of its columns, in the order of Columns, as
// a database driver returns them: int64, string or []byte. For stores.
func (p *Projection) Decode(values []any) (Found, error) {
	stream, key, row, err := p.layout.decode(values)
	if err != nil {
		return Found{}, fmt.Errorf("decode a row of %s: %w", p.name, err)
	}
	return Found{stream, key, row.Interface()}, nil
}

// Encode writes a row as a JSON object by column name. Two rows are the same if
// and only if their encodings are.
func (p *Projection) Encode(f Found) ([]byte, error) {
	return p.layout.encode(f.Stream, reflect.ValueOf(f.Row).Elem())
}

// Values appends what the columns of a row hold, in the order of Columns. For
// stores.
func (p *Projection) Values(dst []Value, f Found) ([]Value, error) {
	return p.layout.values(dst, f.Stream, reflect.ValueOf(f.Row).Elem())
}

// Object appends values, in the order of Columns, as [Projection.Encode] writes
// the row that they are of. For stores.
func (p *Projection) Object(dst []byte, values []Value) ([]byte, error) {
	return p.layout.object(dst, values)
}

func selectPage[Row any](v View, m Model[Row], q Query) (Page[Row], error) {
	var page Page[Row]
	plan, err := m.Resolve(q)
	if err != nil {
		return page, err
	}
	if page.Position, err = v.Position(m.Projection); err != nil {
		return page, err
	}
	limit := plan.Limit
	plan.Limit++ // one more tells whether there are more
	var last Found
	more := false
	err = v.Rows(m.Projection, plan, func(f Found) error {
		if len(page.Rows) == limit {
			more = true
			return nil
		}
		page.Rows, last = append(page.Rows, *f.Row.(*Row)), f
		return nil
	})
	if err == nil && more {
		page.Next, err = m.cursorOf(plan.Order, last.Stream, reflect.ValueOf(last.Row).Elem())
	}
	return page, err
}

func selectOne[Row any](v View, m Model[Row], stream event.StreamID, key Key) (*Row, error) {
	parts := key.Parts()
	if len(parts) != m.layout.keys {
		return nil, fmt.Errorf("%w: the key does not fit the key columns of %s", ErrQuery, m.name)
	}
	q := Query{Where: []Condition{Stream(stream)}, Limit: 1}
	for i, part := range parts {
		q.Where = append(q.Where, Eq(m.layout.fields[1+i].Name, part))
	}
	page, err := selectPage(v, m, q)
	if err != nil || len(page.Rows) == 0 {
		return nil, err
	}
	return &page.Rows[0], nil
}
