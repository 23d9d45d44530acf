package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
)

func define[Row any](change func(*projections.Spec[Row])) func() {
	return func() {
		spec := projections.Spec[Row]{Name: "sample", Version: 1, Types: []string{"sample.joined"},
			Fold: func(row *Row, _ event.Recorded) *Row { return row }}
		if change != nil {
			change(&spec)
		}
		projections.Define(spec)
	}
}

func TestAModelThatCannotWorkIsRefusedAtStartUp(t *testing.T) {
	t.Parallel()
	type good struct {
		A string `db:"a"`
	}
	for name, f := range map[string]func(){
		"name":    define(func(s *projections.Spec[good]) { s.Name = "Sample" }),
		"version": define(func(s *projections.Spec[good]) { s.Version = 0 }),
		"types":   define(func(s *projections.Spec[good]) { s.Types = nil }),
		"no fold": define(func(s *projections.Spec[good]) { s.Fold = nil }),
		"two folds": define(func(s *projections.Spec[good]) {
			s.FoldKey = func(row *good, _ projections.Key, _ event.Recorded) *good { return row }
		}),
		"index":     define(func(s *projections.Spec[good]) { s.Indexes = []projections.Index{{Columns: []string{"b"}}} }),
		"no struct": define[string](nil),
		"untagged":  define[struct{ A string }](nil),
		"bad column": define[struct {
			A string `db:"A b"`
		}](nil),
		"repeated": define[struct {
			A, B string `db:"a"`
		}](nil),
		"float": define[struct {
			A float64 `db:"a"`
		}](nil),
		"nullable": define[struct {
			A *string `db:"a"`
		}](nil),
		"key kind": define[struct {
			A int `db:"a,key"`
		}](nil),
		"tag option": define[struct {
			A int `db:"a,index"`
		}](nil),
		"stream type": define[struct {
			A string `db:"stream"`
		}](nil),
		"two streams": define[struct {
			A, B event.StreamID `db:"stream"`
		}](nil),
		"two runners'": func() { runner(nil, nil, members.Projection, members.Projection) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			f()
		}()
	}
	define[good](nil)() // the rest is sound
}

// A fold that is asked twice, or changes the row it is given, is told apart.
func TestAuditFindsAFoldThatBreaksItsPromises(t *testing.T) {
	t.Parallel()
	ledger := newLedger()
	for range 3 {
		ledger.Add(alpha, joined{Stage: "new"})
	}
	events, _ := ledger.Events(alpha)
	calls := 0
	for name, fold := range map[string]func(row *memberRow, e event.Recorded) *memberRow{
		"changes its row": func(row *memberRow, _ event.Recorded) *memberRow {
			if row != nil {
				row.Events++
			}
			return projections.Copy(row)
		},
		"counts its calls": func(row *memberRow, _ event.Recorded) *memberRow {
			calls++
			return &memberRow{Events: calls}
		},
	} {
		m := projections.Define(projections.Spec[memberRow]{Name: "bad", Version: 1, Types: []string{"sample.joined"}, Fold: fold})
		if err := m.Audit(events); err == nil {
			t.Errorf("a fold that %s passes", name)
		}
	}
	if err := members.Audit(events); err != nil {
		t.Errorf("a good fold: %v", err)
	}
}

func TestReplayShowsWhatWasKnownAtAPosition(t *testing.T) {
	t.Parallel()
	ledger := newLedger()
	first := ledger.Add(alpha, joined{Stage: "new"})
	ledger.Add(alpha, event.EventCorrected{}, projectiontest.Corrects(first.ID))
	ledger.Add(alpha, joined{Stage: "waiting"}, projectiontest.Corrects(first.ID))
	ledger.Add(alpha, left{})
	events, _ := ledger.Events(alpha)
	for cut, want := range map[int][]stage{0: nil, 1: {"new"}, 2: {"new"}, 3: {"waiting"}, 4: nil} {
		rows, err := projections.Replay(members, events[:cut])
		var got []stage
		for _, row := range rows {
			got = append(got, row.Stage)
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("known at %d (-want +got), %v:\n%s", cut, err, diff)
		}
	}
}

// Every kind of value comes back from both databases as it went in.
func TestValuesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	day := event.MustDay("1899-12-31")
	want := memberRow{
		Stage: "…", Name: "O'Brien \"\\\n\u2028 😀", Since: &day, SeenAt: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
		Active: true, Events: -1 << 62, Last: 1<<63 - 1, Stages: []stage{"<&>", "\\u0000"}, Changed: event.On(day),
	}
	m := projections.Define(projections.Spec[memberRow]{Name: "values", Version: 1, Types: []string{"sample.joined"},
		Fold: func(*memberRow, event.Recorded) *memberRow { row := want; return &row }})
	ledger := newLedger()
	ledger.Add(alpha, joined{})
	projectiontest.Run(t, m, ledger)
	store := projectiontest.OpenSQLite(t)
	catchUp(t, runner(store, ledger, m.Projection))
	page, err := projections.Read(t.Context(), store, m, projections.Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	expected := want
	expected.Person = alpha
	if diff := cmp.Diff([]memberRow{expected}, page.Rows, cmp.Comparer(func(a, b event.When) bool { return a == b })); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

// A flag is stored as 0 or 1: a row with another number is not taken for one of
// them.
func TestAFlagIsOneOfTwoNumbers(t *testing.T) {
	t.Parallel()
	m := projections.Define(projections.Spec[memberRow]{Name: "flags", Version: 1, Types: []string{"sample.joined"},
		Fold: func(*memberRow, event.Recorded) *memberRow { return nil }})
	stored, err := m.Projection.Values(nil, projections.Found{Stream: alpha, Row: &memberRow{Person: alpha, Active: true, SeenAt: time.Unix(0, 0), Changed: event.At(time.Unix(0, 0))}})
	if err != nil {
		t.Fatal(err)
	}
	for n, ok := range map[int64]bool{0: true, 1: true, 2: false, 257: false, -1: false} {
		row := make([]any, len(stored))
		for i, column := range m.Projection.Columns() {
			switch row[i] = stored[i].Text; {
			case column.Name == "active":
				row[i] = n
			case column.Kind == projections.Int, column.Kind == projections.Instant:
				row[i] = stored[i].Int
			}
		}
		if _, err := m.Projection.Decode(row); (err == nil) != ok {
			t.Errorf("a flag of %d: %v", n, err)
		}
	}
}
