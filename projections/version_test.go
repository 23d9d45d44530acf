package projections_test

import (
	"context"
	"errors"
	"testing"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

// membersOf is the model of another version; wider has one more column.
func membersOf(version int, prefix stage) projections.Model[memberRow] {
	return projections.Define(projections.Spec[memberRow]{
		Name: "members", Version: version, Types: members.Types(),
		Fold: func(row *memberRow, e event.Recorded) *memberRow {
			next := foldMember(row, e)
			if next != nil {
				next.Name = string(prefix + next.Stage)
			}
			return next
		},
	})
}

type widerRow struct {
	Stage stage `db:"stage"`
	Wide  bool  `db:"wide"`
}

var wider = projections.Define(projections.Spec[widerRow]{
	Name: "members", Version: 2, Types: members.Types(),
	Fold: func(_ *widerRow, e event.Recorded) *widerRow {
		if d, ok := e.Data.(joined); ok {
			return &widerRow{Stage: d.Stage, Wide: true}
		}
		return nil
	},
})

func nameOf(t *testing.T, store projections.Reader, m projections.Model[memberRow], person event.StreamID) (string, error) {
	t.Helper()
	name := ""
	err := store.View(t.Context(), func(v projections.View) error {
		row, err := projections.One(v, m, person, "")
		if err == nil && row != nil {
			name = row.Name
		}
		return err
	})
	return name, err
}

func TestANewVersionIsBuiltBesideTheOldAndThenServes(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		for n := range 10 {
			ledger.Add(projectiontest.Person(n), joined{Stage: "new"})
		}
		one, two := membersOf(1, "one:"), membersOf(2, "two:")
		catchUp(t, runner(store, ledger, one.Projection))
		looks := 0
		r := projections.NewRunner(store, ledger, []*projections.Projection{two.Projection}, projections.Options{
			RebuildEvents: 3,
			Progress: func(*projections.Projection, event.Position) {
				looks++
				if name, err := nameOf(t, store, two, projectiontest.Person(0)); name != "one:new" || err != nil {
					t.Errorf("while the new version is built readers got %q, %v, want the old rows", name, err)
				}
			},
		})
		catchUp(t, r)
		if looks != 4 {
			t.Errorf("readers looked %d times during the build, want 4", looks)
		}
		for _, m := range []projections.Model[memberRow]{one, two} {
			if name, err := nameOf(t, store, m, projectiontest.Person(0)); name != "two:new" || err != nil {
				t.Errorf("after the switch: got %q, %v, want the new rows", name, err)
			}
		}
		if err := runner(store, ledger, one.Projection).CatchUp(t.Context()); !errors.Is(err, projections.ErrNewer) {
			t.Errorf("a runner of the old version: got %v, want ErrNewer", err)
		}
		catchUp(t, r) // the next start drops what was retired
		tables, err := store.Checkpoints(t.Context())
		if err != nil || len(tables) != 1 || tables[0].Table != "members_v2" {
			t.Errorf("got tables %v, %v, want the new one only", tables, err)
		}
	})
}

func TestReadersOfOtherColumnsKeepTheirOwnTable(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	ledger.Add(alpha, joined{Stage: "new"})
	catchUp(t, runner(store, ledger, members.Projection))
	readWide := func() error {
		_, err := projections.Read(t.Context(), store, wider, projections.Query{Limit: 1})
		return err
	}
	if err := readWide(); !errors.Is(err, projections.ErrBuilding) {
		t.Errorf("the new version before it is built: got %v, want ErrBuilding", err)
	}
	if err := store.WaitFor(t.Context(), wider.Projection, 1); !errors.Is(err, projections.ErrBuilding) {
		t.Errorf("waiting for it: got %v, want ErrBuilding", err)
	}
	catchUp(t, runner(store, ledger, wider.Projection))
	if err := readWide(); err != nil {
		t.Errorf("the new version: %v", err)
	}
	wantStage(t, store, alpha, "new") // a program of the old version still reads its own
}

func TestChangedColumnsNeedANewVersion(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	catchUp(t, runner(store, ledger, members.Projection))
	same := projections.Define(projections.Spec[widerRow]{Name: "members", Version: 1, Types: members.Types(),
		Fold: func(row *widerRow, _ event.Recorded) *widerRow { return row }})
	if err := runner(store, ledger, same.Projection).CatchUp(t.Context()); !errors.Is(err, projections.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

func TestAnInterruptedBuildIsResumed(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	for n := range 9 {
		ledger.Add(projectiontest.Person(n), joined{Stage: "new"})
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var seen []event.Position
	options := projections.Options{RebuildEvents: 2, Progress: func(_ *projections.Projection, at event.Position) {
		if seen = append(seen, at); at == 4 {
			stop()
		}
	}}
	models := []*projections.Projection{members.Projection}
	if err := projections.NewRunner(store, ledger, models, options).CatchUp(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("the interrupted build: got %v", err)
	}
	if _, err := nameOf(t, store, members, alpha); !errors.Is(err, projections.ErrBuilding) {
		t.Errorf("reading what is half built: got %v, want ErrBuilding", err)
	}
	interrupted := seen[len(seen)-1]
	seen = nil
	catchUp(t, projections.NewRunner(store, ledger, models, options))
	if len(seen) == 0 || seen[0] <= interrupted {
		t.Errorf("resumed at %v after %d, want it to go on", seen, interrupted)
	}
	wantStage(t, store, alpha, "new")
}

func TestCheckFindsWhatWasTamperedWithAndRebuildRepairsIt(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		for _, person := range []event.StreamID{alpha, bravo, charlie} {
			ledger.Add(person, joined{Stage: "new"})
		}
		r := runner(store, ledger, members.Projection)
		catchUp(t, r)
		table := projections.Table{Name: "members_v1", Projection: members.Projection}
		// One row changed, one gone: another fold's row stands for the tampering.
		found, err := membersOf(1, "false:").Replay([]event.Recorded{{Stream: alpha, Meta: event.Meta{Type: "sample.joined"}, Data: joined{}}})
		if err != nil {
			t.Fatal(err)
		}
		forged := func(yield func([]projections.Value, error) bool) { yield(members.Values(nil, found[0])) }
		err = store.Update(t.Context(), func(tx projections.Tx) error {
			return tx.Save(table, projections.Changes{Put: forged, Remove: []projections.RowKey{{Stream: bravo}}})
		})
		if err != nil {
			t.Fatal(err)
		}

		report, err := r.Check(t.Context(), "members")
		if err != nil || report.Different != 2 || len(report.Keys) != 2 || report.Serving == report.Built ||
			report.ServingRows != 2 || report.BuiltRows != 3 || report.Position != 3 {
			t.Errorf("check: got %+v, %v", report, err)
		}
		if _, err := r.Rebuild(t.Context(), "members", projections.RebuildOptions{}); !errors.Is(err, projections.ErrDiffers) {
			t.Errorf("rebuild: got %v, want ErrDiffers", err)
		}
		wantStage(t, store, bravo, "")
		if _, err := r.Rebuild(t.Context(), "members", projections.RebuildOptions{Replace: true}); err != nil {
			t.Fatal(err)
		}
		wantStage(t, store, bravo, "new")
		if report, err := r.Check(t.Context(), "members"); err != nil || report.Different != 0 {
			t.Errorf("check after the rebuild: got %+v, %v", report, err)
		}
		tables, err := store.Checkpoints(t.Context())
		if err != nil || len(tables) != 1 || tables[0].State != projections.Current {
			t.Errorf("got tables %v, %v, want one", tables, err)
		}
	})
}

// A rebuild beside a running runner: readers never miss a row, and the runner
// goes on in the new table.
func TestRebuildWhileTheRunnerGoesOn(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		for n := range 50 {
			ledger.Add(projectiontest.Person(n%7), joined{Stage: "new"})
		}
		r := projections.NewRunner(store, ledger, []*projections.Projection{members.Projection}, projections.Options{RebuildEvents: 10})
		catchUp(t, r)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- r.Run(ctx) }()
		reading := make(chan error, 1)
		go func() {
			for ctx.Err() == nil {
				page, err := projections.Read(ctx, store, members, projections.Query{Limit: 10})
				if err == nil && len(page.Rows) != 7 {
					err = errors.New("a reader missed rows")
				}
				if err != nil && ctx.Err() == nil {
					reading <- err
					return
				}
			}
			reading <- nil
		}()
		for range 5 {
			ledger.Add(alpha, moved{Stage: "active"})
			if _, err := r.Rebuild(t.Context(), "members", projections.RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
			e := ledger.Add(alpha, moved{Stage: "waiting"})
			if err := store.WaitFor(t.Context(), members.Projection, e.Position); err != nil {
				t.Fatal(err)
			}
			wantStage(t, store, alpha, "waiting")
		}
		stop()
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("the runner ended with %v", err)
		}
		if err := <-reading; err != nil {
			t.Error(err)
		}
		catchUp(t, r)
		if report, err := r.Check(t.Context(), "members"); err != nil || report.Different != 0 {
			t.Errorf("check: got %+v, %v", report, err)
		}
	})
}
