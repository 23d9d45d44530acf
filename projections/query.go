package projections

import (
	"context"

	"caseledger/domain/event"
)

// Reader gives read access to one side's read models.
type Reader interface {
	// View calls read with one consistent state of the store: every query
	// inside reflects the same moment. When a read model is switched to a
	// rebuilt table meanwhile, read is called again: it must start afresh
	// each time. Its error is returned as it is.
	View(ctx context.Context, read func(View) error) error
	// WaitFor returns once the projection reflects at least the position at, or
	// ctx's error. It wakes at once where this process runs the projections,
	// within a twentieth of a second elsewhere. [ErrBuilding] as for View.
	WaitFor(ctx context.Context, p *Projection, at event.Position) error
}

// View is one consistent state of a side's read models; it ends with the
// function it was passed to.
//
// Each method may return [ErrBuilding]: this program's version of the read
// model is not there to be read yet.
type View interface {
	// Position is the position that the rows of a read model reflect.
	Position(p *Projection) (event.Position, error)
	// Parked returns the parked event of a stream; false if the stream is not
	// parked, that is, if its rows are as good as Position says.
	Parked(p *Projection, stream event.StreamID) (Parked, bool, error)
	// Rows calls each for the rows of a resolved query, until it returns an
	// error; use [Select].
	Rows(p *Projection, plan Plan, each func(Found) error) error
	// Count returns the number of rows that meet every condition.
	Count(p *Projection, where ...Condition) (int, error)
}

// Query asks for rows by named columns, in a stated order, up to a limit.
type Query struct {
	Where []Condition // all must hold
	Order []Order     // then by the primary key, so that the order is total
	Limit int         // 1 to [MaxLimit]
	After Cursor      // only rows after the one this cursor was made from; "" from the start
}

// MaxLimit is the largest number of rows one query may ask for.
const MaxLimit = 1000

// Order is one term of an order. Text is ordered by its bytes.
type Order struct {
	Column     string
	Descending bool
}

// Ascending and Descending make terms of an order.
func Ascending(column string) Order  { return Order{Column: column} }
func Descending(column string) Order { return Order{Column: column, Descending: true} }

// Cursor is a place in an ordered list of rows: the values of the row's order
// and key columns as JSON. They may be personal, so seal or encrypt a cursor
// before it leaves the server. It stays good when rows come and go.
type Cursor string

// Condition limits a query to some rows; see [Eq] and its neighbours.
type Condition struct {
	column string
	op     string
	values []any
	any    []Condition
}

// Stream holds for the rows of one stream.
func Stream(s event.StreamID) Condition { return Eq(streamColumn, s) }

// Eq holds where the column equals v. Values are given as the field's own type
// or a plain string, integer or bool of the same kind.
func Eq(column string, v any) Condition { return Condition{column: column, op: "=", values: []any{v}} }

// Not holds where the column differs from v.
func Not(column string, v any) Condition {
	return Condition{column: column, op: "<>", values: []any{v}}
}

// Below holds where the column is less than v.
func Below(column string, v any) Condition {
	return Condition{column: column, op: "<", values: []any{v}}
}

// AtMost holds where the column is v or less.
func AtMost(column string, v any) Condition {
	return Condition{column: column, op: "<=", values: []any{v}}
}

// Above holds where the column is more than v.
func Above(column string, v any) Condition {
	return Condition{column: column, op: ">", values: []any{v}}
}

// AtLeast holds where the column is v or more.
func AtLeast(column string, v any) Condition {
	return Condition{column: column, op: ">=", values: []any{v}}
}

// In holds where the column equals one of the values; never, if there are none.
func In(column string, values ...any) Condition {
	return Condition{column: column, op: "in", values: values}
}

// AnyOf holds where at least one of the conditions does.
func AnyOf(conditions ...Condition) Condition { return Condition{any: conditions} }

// Page is the answer to a [Query].
type Page[Row any] struct {
	Rows []Row
	// Next continues after the last row; "" if there are no more.
	Next Cursor
	// Position is the position that the rows reflect.
	Position event.Position
}

// Select returns a page of rows. [ErrQuery] tells of a query that the model
// cannot answer, a malformed or foreign cursor included.
func Select[Row any](v View, m Model[Row], q Query) (Page[Row], error) {
	return selectPage(v, m, q)
}

// One returns the row of a stream and key; nil if there is none.
func One[Row any](v View, m Model[Row], stream event.StreamID, key Key) (*Row, error) {
	return selectOne(v, m, stream, key)
}

// Read is [Select] in a view of its own.
func Read[Row any](ctx context.Context, r Reader, m Model[Row], q Query) (page Page[Row], err error) {
	err = r.View(ctx, func(v View) error {
		page, err = Select(v, m, q)
		return err
	})
	return page, err
}
