package projections

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"caseledger/domain/event"
)

// Key names one row among the rows of its stream: the values of the row's key
// columns, in order, made by [Keyed]. "" names the stream's only row, for a
// table without key columns. Keys are opaque identifiers or codes, never
// personal values: they appear in reports.
type Key string

const keySeparator = "\x1f"

// Keyed makes the key that holds these values in the row's key columns.
func Keyed(values ...string) Key { return Key(strings.Join(values, keySeparator)) }

// Parts are the values that [Keyed] was given.
func (k Key) Parts() []string {
	if k == "" {
		return nil
	}
	return strings.Split(string(k), keySeparator)
}

// Spec declares a read model: a table as data, and one pure fold.
//
// Row is a struct, and each of its fields a column, named by a tag:
//
//	type Row struct {
//		Person   event.StreamID `db:"stream"`       // filled in by the engine; may be left out
//		Referral event.UUID     `db:"referral,key"` // filled in by the engine from Keys
//		Stage    Stage          `db:"stage"`        // Text: a string or anything with MarshalText
//		Open     bool           `db:"open"`         // Int: a bool or an integer
//		Due      *event.Day     `db:"due"`          // Day: ISO text; nil is empty text
//		SentAt   time.Time      `db:"sent_at"`      // Instant: microseconds since 1970, UTC
//		Scope    Scope          `db:"scope,json"`   // JSON: whatever becomes JSON and back unchanged
//	}
//
// No column is ever NULL: nothing is the zero value of its field.
type Spec[Row any] struct {
	// Name is what the model is called and its tables begin with: lower-case
	// letters, digits and underscores, from a letter, at most 40 bytes.
	Name string
	// Version counts from 1. Raise it whenever the table changes, or the fold
	// gives other rows for the same events: the model is then built anew beside
	// the old table, which serves readers until it has caught up.
	Version int
	// Types lists the stored event names that Fold reads. Fold sees no others.
	// Corrections of these events and destroyed keys are followed without
	// being named: they make the engine fold the stream anew.
	Types []string
	// Keys lists the rows of e's stream that e may touch. nil stands for the
	// stream's only row, the key "". It sees only events of Types.
	Keys func(e event.Recorded) []Key
	// Fold returns a row as it stands after e. row is nil where there is none
	// yet; returning nil removes the row, returning row leaves it. Fold must
	// never change the row it is given (see [Copy]), read a clock or anything
	// else outside its arguments. A panic parks the stream, see [Parked].
	//
	// The fields for stream and key columns are filled in after Fold; where an
	// event touches several rows, Fold is called once for each.
	Fold func(row *Row, e event.Recorded) *Row
	// FoldKey is Fold for a model in which one event makes several rows that
	// differ by more than their key: it is told which. Give one of the two.
	FoldKey func(row *Row, key Key, e event.Recorded) *Row
	// Raw folds what was recorded, in the order in which it was, instead of
	// what stands: corrections are events like any other, to be named in Types,
	// and change no row but through Fold. It is for models that show what was
	// replaced or voided, too.
	Raw bool
	// Indexes are those the model's queries need beside the primary key, which
	// is the stream and the key columns.
	Indexes []Index
}

// Index is one further index of a table, by column names in order.
type Index struct{ Columns []string }

// Model is a read model whose rows are of type Row.
type Model[Row any] struct{ *Projection }

// Projection is a [Model] without its row type, as the engine handles it.
type Projection struct {
	name    string
	version int
	own     []string // sorted, those of the Spec
	types   []string // sorted, with Always
	indexes []Index
	columns []Column // stream, key columns, then the others
	layout  layout
	keys    func(event.Recorded) []Key
	raw     bool
	fold    func(row any, key Key, e event.Recorded) any // row and result: *Row, or nil
}

var modelName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// Always lists the stored event names that every projection follows beside its
// own types.
var Always = []string{"record.corrected", "record.entered-in-error", "key.destroyed"}

// Define makes a read model. It panics, at start-up, on a malformed name, a
// version below 1, no types, no fold or two, a field without a column name or of a
// type that no kind of column holds, and an index over an unknown column.
func Define[Row any](spec Spec[Row]) Model[Row] {
	switch {
	case !modelName.MatchString(spec.Name):
		panic(fmt.Sprintf("projection %q: malformed name", spec.Name))
	case spec.Version < 1 || (spec.Fold == nil) == (spec.FoldKey == nil) || len(spec.Types) == 0:
		panic(fmt.Sprintf("projection %s: needs a version from 1, types and one fold", spec.Name))
	}
	fold := spec.FoldKey
	if fold == nil {
		fold = func(row *Row, _ Key, e event.Recorded) *Row { return spec.Fold(row, e) }
	}
	p := &Projection{name: spec.Name, version: spec.Version, indexes: spec.Indexes, keys: spec.Keys, raw: spec.Raw}
	p.own = sorted(spec.Types)
	p.types = sorted(append(slices.Clone(spec.Types), Always...))
	p.layout = layoutOf(spec.Name, reflect.TypeFor[Row]())
	p.columns = p.layout.columns()
	for _, index := range spec.Indexes {
		for _, name := range index.Columns {
			if _, ok := p.column(name); !ok {
				panic(fmt.Sprintf("projection %s: index over unknown column %s", spec.Name, name))
			}
		}
	}
	if p.keys == nil {
		p.keys = func(event.Recorded) []Key { return []Key{""} }
	}
	p.fold = func(row any, key Key, e event.Recorded) any {
		var before *Row
		if row != nil {
			before = row.(*Row)
		}
		if after := fold(before, key, e); after != nil {
			return after
		}
		return nil
	}
	return Model[Row]{p}
}

// Name is what the read model is called.
func (p *Projection) Name() string { return p.name }

// Version is the version this program folds.
func (p *Projection) Version() int { return p.version }

// Types lists the stored event names the projection follows, in order.
func (p *Projection) Types() []string { return slices.Clone(p.types) }

// Columns lists the columns of the table: "stream", the key columns, the rest.
func (p *Projection) Columns() []Column { return slices.Clone(p.columns) }

// Indexes lists the further indexes of the table.
func (p *Projection) Indexes() []Index { return slices.Clone(p.indexes) }

func (p *Projection) column(name string) (Column, bool) {
	i := slices.IndexFunc(p.columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return p.columns[i], true
}

// folds reports whether Fold sees events of a type.
func (p *Projection) folds(eventType string) bool {
	_, found := slices.BinarySearch(p.own, eventType)
	return found
}

func sorted(names []string) []string {
	names = slices.Clone(names)
	slices.Sort(names)
	return slices.Compact(names)
}

// Shape names the columns and their kinds: tables of one shape can be read by
// the same program.
func (p *Projection) Shape() string {
	var b strings.Builder
	for _, c := range p.columns {
		fmt.Fprintf(&b, "%s:%d:%t ", c.Name, c.Kind, c.Key)
	}
	return strings.TrimSpace(b.String())
}

// Copy returns a copy of a row for a fold to change; of nil, an empty row. The
// copy is shallow: copy a slice or a map too before changing what it holds.
func Copy[Row any](row *Row) *Row {
	if row == nil {
		return new(Row)
	}
	next := *row
	return &next
}
