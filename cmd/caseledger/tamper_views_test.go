package main

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"caseledger/projections"
)

// readModels alters the rows of each read model, all of them at a time and each in
// its own way, and wants their own check to find as many as were altered.
func (c *corpus) readModels() {
	for _, set := range viewNames {
		db, schema := c.view(set)
		c.eachModel(set, func(s *side) error {
			for _, model := range s.runner.Models() {
				c.readModel(s, db, schema, model)
			}
			return nil
		})
	}
}

func (c *corpus) readModel(s *side, db *sql.DB, schema string, model *projections.Projection) {
	table := fmt.Sprintf("%s\"%s_v%d\"", schema, model.Name(), model.Version())
	m := &modelRows{rows{db: db, table: table}, 0}
	for _, column := range model.Columns() {
		if column.Key {
			m.key += ", " + quoted([]string{column.Name})
			m.keys++
		}
	}
	m.key = strings.TrimPrefix(m.key, ", ")
	var all [][]any
	if err := m.read(func(row []any) { all = append(all, row) }); err != nil {
		c.t.Fatal(err)
	}
	if c.one > 1 {
		all = all[:min(len(all), 25)]
	}
	each := func(what string, alter func(i int, n uint64) error) {
		n, yes := c.chosen("read model", s.name+model.Name()+what)
		if !yes || len(all) == 0 {
			return
		}
		c.model(s, m, model.Name(), what, func(i int) error { return alter(i, n+uint64(i)) }, len(all))
	}
	for at, column := range m.columns {
		for _, kind := range kinds {
			each(kind+" "+column, func(i int, n uint64) error {
				return m.update(all[i], column, spoiled(kind, all[i][at], all[(i+1)%len(all)][at], n))
			})
		}
	}
	each("delete", func(i int, _ uint64) error { return m.delete(all[i]) })
	each("duplicate", func(i int, _ uint64) error { return m.insert(all[i]) })
	each("swap", func(i int, _ uint64) error {
		if i%2 == 0 || len(m.columns) == m.keys {
			return nil
		}
		a, b := slices.Clone(all[i]), slices.Clone(all[i-1])
		copy(a[m.keys:], all[i-1][m.keys:])
		copy(b[m.keys:], all[i][m.keys:])
		return errors.Join(m.delete(a), m.delete(b), m.insert(a), m.insert(b))
	})
}

// modelRows is the table of a read model, whose first columns are its key.
type modelRows struct {
	rows
	keys int
}

func (m *modelRows) where(row []any, first int) (string, []any) {
	var on []string
	for i, column := range m.columns[:m.keys] {
		on = append(on, fmt.Sprintf("%s = $%d", quoted([]string{column}), first+i))
	}
	return " WHERE " + strings.Join(on, " AND "), row[:m.keys]
}

func (m *modelRows) update(row []any, column string, value any) error {
	on, key := m.where(row, 2)
	return m.exec("UPDATE "+m.table+" SET "+quoted([]string{column})+" = $1"+on, append([]any{value}, key...)...)
}

func (m *modelRows) delete(row []any) error {
	on, key := m.where(row, 1)
	return m.exec("DELETE FROM "+m.table+on, key...)
}

// now is the rows by their keys.
func (m *modelRows) now(t testing.TB) map[string][]any {
	t.Helper()
	all := map[string][]any{}
	if err := m.read(func(row []any) { all[fmt.Sprintf("%q", row[:m.keys])] = row }); err != nil {
		t.Fatal(err)
	}
	return all
}

// model alters rows, and compares what the check finds with what was altered.
func (c *corpus) model(s *side, m *modelRows, name, what string, alter func(i int) error, n int) {
	const group = "read model rows"
	count := c.counts[group]
	if count == nil {
		count = &tally{}
		c.counts[group] = count
	}
	before := m.now(c.t)
	for i := range n {
		if count.tried++; alter(i) != nil {
			count.refused++
		}
	}
	after := m.now(c.t)
	different := 0
	for key, row := range before {
		if is, there := after[key]; !there || !sameRow(row, is) {
			different++
		}
	}
	for key := range after {
		if _, there := before[key]; !there {
			different++
		}
	}
	report, err := s.runner.Check(c.t.Context(), name)
	if (err == nil || errors.Is(err, projections.ErrDiffers)) && report.Different != different {
		c.t.Errorf("%s, %s of %s: %d rows were altered, %d found", s.name, what, name, different, report.Different)
	}
	if err != nil && !errors.Is(err, projections.ErrDiffers) && different == 0 {
		c.t.Errorf("%s, %s of %s: %v", s.name, what, name, err)
	}
	count.found += different
	if err := m.exec("DELETE FROM " + m.table); err != nil {
		c.t.Fatal(err)
	}
	for _, row := range before {
		if err := m.insert(row); err != nil {
			c.t.Fatal(err)
		}
	}
}
