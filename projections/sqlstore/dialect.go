package sqlstore

import (
	"context"
	"database/sql"
	"iter"
	"strings"

	"caseledger/projections"
)

// dialect is all that differs between the databases in how rows are kept: how
// a kind of column is declared, and how many rows are passed as parameters.
type dialect struct {
	declare map[projections.Kind]string
	// rows is a relation named r with these columns, read from the parameters
	// from number first on.
	rows func(columns []projections.Column, first int) string
	// params are those parameters.
	params func(columns []projections.Column) params
	// suffix ends a CREATE TABLE.
	suffix string
	// unhurried lifts the limit on how long this transaction's statements take;
	// empty: there is none.
	unhurried string
	// verify says "ok" if the database's structure is; empty: it cannot be asked.
	verify string
	// fill writes all rows into an empty table; nil: as any rows are.
	fill func(ctx context.Context, on *sql.Conn, t projections.Table, rows iter.Seq2[[]projections.Value, error]) error
}

// params gathers rows for a statement.
type params interface {
	add(row []projections.Value) error
	args() []any
}

var sqlite = dialect{
	declare: map[projections.Kind]string{
		projections.Text: "TEXT", projections.Int: "INTEGER", projections.Day: "TEXT",
		projections.Instant: "INTEGER", projections.JSON: "TEXT",
	},
	rows:   rowsOfJSON,
	params: func(columns []projections.Column) params { return &jsonRows{columns: columns} },
	suffix: " WITHOUT ROWID",
	verify: "PRAGMA quick_check(1)",
}

var postgres = dialect{
	declare: map[projections.Kind]string{
		// Bytewise, as SQLite orders text: the same pages in both.
		projections.Text: `text COLLATE "C"`, projections.Int: "bigint", projections.Day: `text COLLATE "C"`,
		projections.Instant: "bigint", projections.JSON: "jsonb",
	},
	rows:   rowsOfArrays,
	params: func(columns []projections.Column) params { return newArrays(columns) },
	fill:   copyRows,

	unhurried: "SET LOCAL statement_timeout = 0",
}

// quote makes an identifier of a name, which holds no quote.
func quote(name string) string { return `"` + name + `"` }

func list(columns []projections.Column, form func(projections.Column) string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = form(c)
	}
	return strings.Join(parts, ", ")
}

func names(columns []projections.Column, prefix string) string {
	return list(columns, func(c projections.Column) string { return prefix + quote(c.Name) })
}

func keysOf(columns []projections.Column) []projections.Column {
	n := 0
	for n < len(columns) && columns[n].Key {
		n++
	}
	return columns[:n]
}

func (d dialect) createTable(t projections.Table) string {
	columns := t.Projection.Columns()
	return "CREATE TABLE IF NOT EXISTS " + quote(t.Name) + " (" +
		list(columns, func(c projections.Column) string { return quote(c.Name) + " " + d.declare[c.Kind] + " NOT NULL" }) +
		", PRIMARY KEY (" + names(keysOf(columns), "") + "))" + d.suffix
}

func (d dialect) load(t projections.Table) string {
	columns := t.Projection.Columns()
	keys := keysOf(columns)
	on := strings.ReplaceAll(list(keys, func(c projections.Column) string {
		return "t." + quote(c.Name) + " = r." + quote(c.Name)
	}), ", ", " AND ")
	return "SELECT " + names(columns, "t.") + " FROM " + d.rows(keys, 1) + " JOIN " + quote(t.Name) + " AS t ON " + on
}

func (d dialect) put(t projections.Table) string {
	columns := t.Projection.Columns()
	keys := keysOf(columns)
	do := "NOTHING"
	if len(keys) < len(columns) {
		do = "UPDATE SET " + list(columns[len(keys):], func(c projections.Column) string {
			return quote(c.Name) + " = excluded." + quote(c.Name)
		})
	}
	// SQLite's parser takes ON for a join condition unless WHERE comes before.
	return "INSERT INTO " + quote(t.Name) + " (" + names(columns, "") + ") SELECT " + names(columns, "r.") +
		" FROM " + d.rows(columns, 1) + " WHERE true ON CONFLICT (" + names(keys, "") + ") DO " + do
}

func (d dialect) remove(t projections.Table) string {
	keys := keysOf(t.Projection.Columns())
	return "DELETE FROM " + quote(t.Name) + " WHERE (" + names(keys, "") + ") IN (SELECT " +
		names(keys, "r.") + " FROM " + d.rows(keys, 1) + ")"
}

var streamOnly = []projections.Column{{Name: "stream", Kind: projections.Text, Key: true}}

func (d dialect) clear(t projections.Table) string {
	return "DELETE FROM " + quote(t.Name) + " WHERE stream IN (SELECT r.stream FROM " + d.rows(streamOnly, 1) + ")"
}

var parkedColumns = []projections.Column{
	{Name: "stream", Kind: projections.Text}, {Name: "position", Kind: projections.Int}, {Name: "reason", Kind: projections.Text},
}

func (d dialect) park() string {
	return "INSERT INTO parked (tbl, stream, position, reason) SELECT $1, r.stream, r.position, r.reason FROM " +
		d.rows(parkedColumns, 2) + " WHERE true ON CONFLICT (tbl, stream) DO NOTHING"
}

func (d dialect) unpark() string {
	return "DELETE FROM parked WHERE tbl = $1 AND stream IN (SELECT r.stream FROM " + d.rows(streamOnly, 2) + ")"
}

func (d dialect) parked() string {
	return "SELECT p.stream, p.position, p.reason FROM " + d.rows(streamOnly, 2) +
		" JOIN parked AS p ON p.stream = r.stream WHERE p.tbl = $1"
}
