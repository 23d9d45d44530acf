package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// rows is a table with what is in it.
type rows struct {
	db      *sql.DB
	table   string
	key     string // its primary key, one column
	columns []string
	clean   map[string][]any // by the text of the key
	order   []string         // of the keys
}

func readRows(t testing.TB, db *sql.DB, table, key string) *rows {
	t.Helper()
	r := &rows{db: db, table: table, key: key}
	var all [][]any
	if err := r.read(func(row []any) { all = append(all, row) }); err != nil {
		t.Fatal(err)
	}
	r.clean = map[string][]any{}
	for _, row := range all {
		k := r.keyOf(row)
		r.clean[k] = row
		r.order = append(r.order, k)
	}
	return r
}

func (r *rows) keyOf(row []any) string { return fmt.Sprint(row[slices.Index(r.columns, r.key)]) }

func (r *rows) read(each func([]any)) (err error) {
	found, err := r.db.QueryContext(context.Background(), "SELECT * FROM "+r.table+" ORDER BY "+r.key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, found.Close()) }()
	if r.columns, err = found.Columns(); err != nil {
		return err
	}
	for found.Next() {
		row := make([]any, len(r.columns))
		into := make([]any, len(row))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			return err
		}
		each(row)
	}
	return found.Err()
}

func sameRow(a, b []any) bool {
	for i := range a {
		x, isBytes := a[i].([]byte)
		y, areBytes := b[i].([]byte)
		if isBytes != areBytes || isBytes && !bytes.Equal(x, y) || !isBytes && a[i] != b[i] {
			return false
		}
	}
	return true
}

// restore puts the table back, and reports whether anything was altered.
func (r *rows) restore(t testing.TB) (altered bool) {
	t.Helper()
	missing := maps.Clone(r.clean)
	var wrong []any
	if err := r.read(func(row []any) {
		if was, ok := missing[r.keyOf(row)]; ok && sameRow(was, row) {
			delete(missing, r.keyOf(row))
		} else {
			wrong = append(wrong, row[slices.Index(r.columns, r.key)])
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, key := range wrong {
		r.must(t, "DELETE FROM "+r.table+" WHERE "+r.key+" = $1", key)
	}
	for _, row := range missing {
		if err := r.insert(row); err != nil {
			t.Fatal(err)
		}
	}
	return len(wrong)+len(missing) > 0
}

func (r *rows) insert(row []any) error {
	marks := make([]string, len(row))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	_, err := r.db.ExecContext(context.Background(), "INSERT INTO "+r.table+" ("+quoted(r.columns)+") VALUES ("+strings.Join(marks, ", ")+")", row...)
	return err
}

func quoted(columns []string) string {
	return `"` + strings.Join(columns, `", "`) + `"`
}

func (r *rows) exec(statement string, args ...any) error {
	_, err := r.db.ExecContext(context.Background(), statement, args...)
	return err
}

func (r *rows) must(t testing.TB, statement string, args ...any) {
	t.Helper()
	if err := r.exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// replace writes other rows, which may have any keys, in place of what is there.
func (r *rows) replace(all [][]any) error {
	if err := r.exec("DELETE FROM " + r.table); err != nil {
		return err
	}
	for _, row := range all {
		if err := r.insert(row); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) at(i int) []any { return r.clean[r.order[i]] }

func (r *rows) column(name string) int { return slices.Index(r.columns, name) }

// list is a copy of the rows, in order.
func (r *rows) list() [][]any {
	all := make([][]any, len(r.order))
	for i := range all {
		all[i] = slices.Clone(r.at(i))
	}
	return all
}

// kinds are what is done to a value.
var kinds = []string{"flip", "null", "zero", "truncate", "extend", "copy"}

// spoiled is a value after it was altered; n chooses the bit.
func spoiled(kind string, value, neighbour any, n uint64) any {
	switch kind {
	case "null":
		return nil
	case "copy":
		return neighbour
	}
	switch v := value.(type) {
	case int64:
		switch kind {
		case "flip":
			return v ^ 1<<(n%40)
		case "zero":
			return int64(0)
		case "truncate":
			return v / 256
		}
		return v*256 + 1
	case []byte:
		return spoiledBytes(kind, v, n)
	case string:
		if kind == "zero" && len(v) == 36 {
			return "00000000-0000-0000-0000-000000000000"
		}
		return string(spoiledText(kind, []byte(v), n))
	case bool:
		return !v
	}
	return value
}

func spoiledBytes(kind string, v []byte, n uint64) []byte {
	b := bytes.Clone(v)
	switch {
	case kind == "zero":
		clear(b)
	case kind == "extend":
		return append(b, 0)
	case len(b) == 0:
	case kind == "flip":
		b[n/8%uint64(len(b))] ^= 1 << (n % 8)
	case kind == "truncate":
		b = b[:len(b)-1]
	}
	return b
}

// spoiledText keeps to characters that a text may have.
func spoiledText(kind string, b []byte, n uint64) []byte {
	switch {
	case kind == "zero":
		return nil
	case kind == "extend":
		return append(b, '0')
	case len(b) == 0:
	case kind == "flip":
		at := n % uint64(len(b))
		if b[at]++; b[at] == ':' || b[at] == 'g' || b[at] == '.' {
			b[at] = '1'
		}
	case kind == "truncate":
		b = b[:len(b)-1]
	}
	return b
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
