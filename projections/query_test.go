package projections_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

// shelf holds rows whose every kind of column repeats values.
func shelf(t *testing.T, store *sqlstore.Store) {
	t.Helper()
	ledger := newLedger()
	for n := range 40 {
		name := []string{"Ä", "a", "B", "", "😀", `"\`}[n%6]
		ledger.Add(projectiontest.Person(n), joined{Stage: stages[n%3], On: event.Day(n % 5), Name: event.Own(name)})
	}
	ledger.Add(projectiontest.Person(40), moved{Stage: "new"}) // since is empty
	catchUp(t, runner(store, ledger, members.Projection))
}

func readAll(t testing.TB, store projections.Reader, q projections.Query) []memberRow {
	t.Helper()
	var all []memberRow
	for {
		page, err := projections.Read(t.Context(), store, members, q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Position != 41 {
			t.Fatalf("the page reflects position %d, want 41", page.Position)
		}
		if all = append(all, page.Rows...); page.Next == "" {
			return all
		}
		q.After = page.Next
	}
}

func since(r memberRow) string {
	if r.Since == nil {
		return ""
	}
	return r.Since.String()
}

var comparisons = map[string]func(a, b memberRow) int{
	"stage":   func(a, b memberRow) int { return cmp.Compare(a.Stage, b.Stage) },
	"name":    func(a, b memberRow) int { return cmp.Compare(a.Name, b.Name) },
	"since":   func(a, b memberRow) int { return cmp.Compare(since(a), since(b)) },
	"seen_at": func(a, b memberRow) int { return a.SeenAt.Compare(b.SeenAt) },
	"last":    func(a, b memberRow) int { return cmp.Compare(a.Last, b.Last) },
	"active":  func(a, b memberRow) int { return cmp.Compare(fmt.Sprint(a.Active), fmt.Sprint(b.Active)) },
}

// Paging by any order and page size yields every row once, in that order, the
// same on every database.
func TestPagesCoverEveryRowOnceInOrder(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store := open(t)
		shelf(t, store)
		all := readAll(t, store, projections.Query{Limit: projections.MaxLimit})
		if len(all) != 41 {
			t.Fatalf("got %d rows, want 41", len(all))
		}
		columns := []string{"stage", "name", "since", "seen_at", "last", "active"}
		rapid.Check(t, func(draw *rapid.T) {
			var order []projections.Order
			for _, column := range rapid.SliceOfNDistinct(rapid.SampledFrom(columns), 0, 3, rapid.ID[string]).Draw(draw, "columns") {
				order = append(order, projections.Order{Column: column, Descending: rapid.Bool().Draw(draw, "descending")})
			}
			want := slices.Clone(all)
			slices.SortFunc(want, func(a, b memberRow) int {
				for _, o := range order {
					c := comparisons[o.Column](a, b)
					if o.Descending {
						c = -c
					}
					if c != 0 {
						return c
					}
				}
				return cmp.Compare(a.Person.String(), b.Person.String())
			})
			got := readAll(t, store, projections.Query{Order: order, Limit: rapid.IntRange(1, 45).Draw(draw, "limit")})
			if !slices.EqualFunc(got, want, func(a, b memberRow) bool { return a.Person == b.Person }) {
				draw.Fatalf("ordered by %v: rows are missing, repeated or out of order", order)
			}
		})
	})
}

func TestConditions(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store := open(t)
		shelf(t, store)
		at := projectiontest.Start.Add(10 * time.Minute)
		for name, test := range map[string]struct {
			where []projections.Condition
			want  func(memberRow) bool
		}{
			"none":         {nil, func(memberRow) bool { return true }},
			"stream":       {[]projections.Condition{projections.Stream(alpha)}, func(r memberRow) bool { return r.Person == alpha }},
			"text":         {[]projections.Condition{projections.Eq("stage", stage("new"))}, func(r memberRow) bool { return r.Stage == "new" }},
			"plain text":   {[]projections.Condition{projections.Eq("stage", "new")}, func(r memberRow) bool { return r.Stage == "new" }},
			"not":          {[]projections.Condition{projections.Not("stage", "new")}, func(r memberRow) bool { return r.Stage != "new" }},
			"bool":         {[]projections.Condition{projections.Eq("active", false)}, func(r memberRow) bool { return !r.Active }},
			"day":          {[]projections.Condition{projections.AtLeast("since", event.Day(3))}, func(r memberRow) bool { return r.Since != nil && *r.Since >= 3 }},
			"no day":       {[]projections.Condition{projections.Eq("since", "")}, func(r memberRow) bool { return r.Since == nil }},
			"instant":      {[]projections.Condition{projections.Below("seen_at", at)}, func(r memberRow) bool { return r.SeenAt.Before(at) }},
			"at most":      {[]projections.Condition{projections.AtMost("last", event.Position(7))}, func(r memberRow) bool { return r.Last <= 7 }},
			"above":        {[]projections.Condition{projections.Above("last", 7)}, func(r memberRow) bool { return r.Last > 7 }},
			"in":           {[]projections.Condition{projections.In("stage", "new", "waiting")}, func(r memberRow) bool { return r.Stage != "active" }},
			"in nothing":   {[]projections.Condition{projections.In("stage")}, func(memberRow) bool { return false }},
			"any of none":  {[]projections.Condition{projections.AnyOf()}, func(memberRow) bool { return false }},
			"both":         {[]projections.Condition{projections.Eq("stage", "new"), projections.Eq("name", "B")}, func(r memberRow) bool { return r.Stage == "new" && r.Name == "B" }},
			"one or other": {[]projections.Condition{projections.AnyOf(projections.Eq("stage", "new"), projections.Eq("name", "B"))}, func(r memberRow) bool { return r.Stage == "new" || r.Name == "B" }},
		} {
			want := 0
			for _, row := range readAll(t, store, projections.Query{Limit: 100}) {
				if test.want(row) {
					want++
				}
			}
			got := readAll(t, store, projections.Query{Where: test.where, Limit: 100})
			for _, row := range got {
				if !test.want(row) {
					t.Errorf("%s: a row that does not meet the condition", name)
				}
			}
			counted := 0
			err := store.View(t.Context(), func(v projections.View) (err error) {
				counted, err = v.Count(members.Projection, test.where...)
				return err
			})
			if len(got) != want || counted != want || err != nil {
				t.Errorf("%s: got %d rows, counted %d, %v, want %d", name, len(got), counted, err, want)
			}
		}
	})
}

func TestMalformedQueriesAreRefused(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]projections.Query{
		"no limit":           {},
		"over the limit":     {Limit: projections.MaxLimit + 1},
		"unknown column":     {Limit: 1, Where: []projections.Condition{projections.Eq("rank", "x")}},
		"json condition":     {Limit: 1, Where: []projections.Condition{projections.Eq("stages", "x")}},
		"json order":         {Limit: 1, Order: []projections.Order{{Column: "stages"}}},
		"unknown order":      {Limit: 1, Order: []projections.Order{projections.Descending("rank")}},
		"wrong kind":         {Limit: 1, Where: []projections.Condition{projections.Eq("stage", 3)}},
		"no value":           {Limit: 1, Where: []projections.Condition{projections.Eq("stage", nil)}},
		"U+0000":             {Limit: 1, Where: []projections.Condition{projections.Eq("stage", "a\x00")}},
		"foreign cursor":     {Limit: 1, After: `["a","b"]`},
		"cursor of no order": {Limit: 1, Order: []projections.Order{projections.Ascending("last")}, After: `["case-x"]`},
		"wrong cursor kind":  {Limit: 1, Order: []projections.Order{projections.Ascending("last")}, After: `["x","case-x"]`},
		"no cursor":          {Limit: 1, After: "nonsense"},
	} {
		if _, err := members.Resolve(q); !errors.Is(err, projections.ErrQuery) {
			t.Errorf("%s: got %v, want ErrQuery", name, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "[]", `["new",3,"case-x"]`, `["new",9223372036854775808,"x"]`, "[null]", `["\u0000",1,"x"]`, "\xff"} {
		f.Add(seed)
	}
	order := []projections.Order{projections.Ascending("stage"), projections.Descending("last")}
	f.Fuzz(func(t *testing.T, cursor string) {
		plan, err := members.Resolve(projections.Query{Limit: 1, Order: order, After: projections.Cursor(cursor)})
		if err != nil && !errors.Is(err, projections.ErrQuery) {
			t.Errorf("got %v, want ErrQuery or none", err)
		}
		if err == nil && cursor != "" && len(plan.Where) != 1 {
			t.Error("a cursor that was accepted limits nothing")
		}
	})
}
