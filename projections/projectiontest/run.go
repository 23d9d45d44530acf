// Package projectiontest checks what every read model promises, on SQLite and,
// in a build with the tag postgres, on PostgreSQL; and has the invented ledger
// to check it with. It must never be part of a program.
package projectiontest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/sqlstore"
)

// database is a kind of database that [Run] checks on.
type database struct {
	name string
	open func(testing.TB) *sqlstore.Store
}

var databases = []database{{"sqlite", OpenSQLite}}

// OpenSQLite returns an empty store in a file that goes with the test.
func OpenSQLite(t testing.TB) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "side.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// Stores runs check as a subtest for each kind of database.
func Stores(t *testing.T, check func(t *testing.T, open func(testing.TB) *sqlstore.Store)) {
	t.Helper()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			check(t, d.open)
		})
	}
}

var pageSizes = []int{1, 2, 7, 1000}

// memories are bounds of what is built in memory: for hardly a row, for a few
// rows, and for all.
var memories = []int{1, 3000, 0}

// stepwise bounds the histories that are followed event by event.
const stepwise = 120

// Run checks a read model against histories, each a ledger of its own:
//
//   - its rows are the same whatever the size of a page, when the events come
//     one by one, and when they are built with little memory or much;
//   - after every event they are those of a stream folded anew, so corrections
//     leave nothing behind;
//   - a check finds no difference, and a rebuild changes no row;
//   - its fold changes no row it is given, gives the same rows again, and every
//     row comes back from the database as it went in.
func Run[Row any](t *testing.T, m projections.Model[Row], histories ...*Ledger) {
	t.Helper()
	if len(histories) == 0 {
		t.Fatal("no history to check with")
	}
	for i, ledger := range histories {
		t.Run(fmt.Sprintf("fold %d", i+1), func(t *testing.T) {
			t.Parallel()
			checkFold(t, m.Projection, ledger)
		})
		Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
			if err := Check(t, open(t), ledger, m.Projection); err != nil {
				t.Errorf("history %d: %v", i+1, err)
			}
		})
	}
}

func checkFold(t *testing.T, p *projections.Projection, ledger *Ledger) {
	for _, stream := range ledger.Streams() {
		events, good := ledger.Events(stream)
		if err := p.Audit(event.Standing(events)); good && err != nil && !errors.Is(err, projections.ErrPoison) {
			t.Error(err)
		}
	}
}

// History is a ledger that does not change while it is checked with: a
// [Ledger], or what a real store holds.
type History interface {
	projections.Source
	// Streams lists the streams.
	Streams() []event.StreamID
	// Events returns the events of a stream, and whether all can be decoded.
	Events(stream event.StreamID) (events []event.Recorded, good bool)
	// Last is the position of the last event.
	Last() event.Position
}

// Check is what [Run] does on one store, which nothing else uses, for models
// that one runner keeps; it leaves the store without tables. Only a [Ledger] is
// followed event by event as it grows. The error tells rows apart by opaque keys
// only.
func Check(t testing.TB, store *sqlstore.Store, ledger History, models ...*projections.Projection) error {
	var first []*state
	for _, size := range pageSizes {
		Empty(t, store)
		runner := projections.NewRunner(store, ledger, models, projections.Options{PageEvents: size, RebuildEvents: size})
		// Beginning with tables that serve, events are followed and not built.
		fresh := projections.NewRunner(store, NewLedger(nil), models, projections.Options{})
		if err := fresh.CatchUp(t.Context()); err != nil {
			return err
		}
		if err := runner.CatchUp(t.Context()); err != nil {
			return fmt.Errorf("pages of %d: %w", size, err)
		}
		now, err := read(t, store, runner, ledger, models)
		if err != nil {
			return fmt.Errorf("pages of %d: %w", size, err)
		}
		if first == nil {
			first = now
		}
		if err := equal(now, first); err != nil {
			return fmt.Errorf("pages of %d against pages of %d: %w", size, pageSizes[0], err)
		}
		if size != pageSizes[1] {
			continue
		}
		for i, p := range models {
			if err := rebuilt(t, store, runner, p, first[i]); err != nil {
				return fmt.Errorf("%s: %w", p.Name(), err)
			}
		}
	}
	if invented, ok := ledger.(*Ledger); ok {
		if err := oneByOne(t, store, invented, models, first); err != nil {
			return err
		}
	}
	for _, memory := range memories {
		Empty(t, store)
		runner := projections.NewRunner(store, ledger, models, projections.Options{RebuildEvents: 3, RebuildBytes: memory})
		if err := runner.CatchUp(t.Context()); err != nil {
			return fmt.Errorf("built in %d bytes: %w", memory, err)
		}
		now, err := read(t, store, runner, ledger, models)
		if err == nil {
			err = equal(now, first)
		}
		if err != nil {
			return fmt.Errorf("built in %d bytes against followed: %w", memory, err)
		}
	}
	Empty(t, store)
	return nil
}

// Empty drops every table of a store.
func Empty(t testing.TB, store *sqlstore.Store) {
	t.Helper()
	tables, err := store.Checkpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = store.Update(t.Context(), func(tx projections.Tx) error {
		for _, cp := range tables {
			if err := tx.Drop(cp.Table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rebuilt(t testing.TB, store *sqlstore.Store, runner *projections.Runner, p *projections.Projection, want *state) error {
	report, err := runner.Check(t.Context(), p.Name())
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if report.Different != 0 || report.Repaired != 0 || report.Serving != report.Built || report.ServingRows != len(want.rows) {
		return fmt.Errorf("check found %d rows of %d to differ and %d repaired: %v",
			report.Different, report.ServingRows, report.Repaired, report.Keys)
	}
	if _, err := runner.Rebuild(t.Context(), p.Name(), projections.RebuildOptions{}); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	now, err := readOne(t, store, runner, p)
	if err != nil {
		return err
	}
	if err := now.equal(want); err != nil {
		return fmt.Errorf("rebuilt against followed: %w", err)
	}
	return nil
}

// oneByOne follows a ledger that grows event by event.
func oneByOne(t testing.TB, store *sqlstore.Store, ledger *Ledger, models []*projections.Projection, want []*state) error {
	items, _ := ledger.visible()
	if len(items) > stepwise {
		return nil
	}
	Empty(t, store)
	growing := &Ledger{items: items, more: make(chan struct{})}
	runner := projections.NewRunner(store, growing, models, projections.Options{})
	for n := range len(items) + 1 {
		growing.Show(n)
		if err := runner.CatchUp(t.Context()); err != nil {
			return err
		}
		now, err := read(t, store, runner, growing, models)
		if err != nil {
			return fmt.Errorf("after %d events: %w", n, err)
		}
		if n < len(items) {
			continue
		}
		if err := equal(now, want); err != nil {
			return fmt.Errorf("one by one against pages: %w", err)
		}
	}
	return nil
}

// read returns what each model holds, having compared it with the ledger.
func read(t testing.TB, store *sqlstore.Store, runner *projections.Runner, ledger History, models []*projections.Projection) ([]*state, error) {
	states := make([]*state, len(models))
	for i, p := range models {
		now, err := readOne(t, store, runner, p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name(), err)
		}
		if last := ledger.Last(); now.position != last {
			return nil, fmt.Errorf("%s reflects position %d of %d", p.Name(), now.position, last)
		}
		if err := now.standing(p, ledger); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name(), err)
		}
		states[i] = now
	}
	return states, nil
}

func equal(got, want []*state) error {
	for i := range got {
		if err := got[i].equal(want[i]); err != nil {
			return err
		}
	}
	return nil
}

// state is everything a read model holds.
type state struct {
	position event.Position
	rows     map[projections.RowKey][]byte
	parked   []projections.Parked
}

func readOne(t testing.TB, store *sqlstore.Store, runner *projections.Runner, p *projections.Projection) (*state, error) {
	s := &state{rows: map[projections.RowKey][]byte{}}
	err := store.View(t.Context(), func(v projections.View) error {
		var err error
		if s.position, err = v.Position(p); err != nil {
			return err
		}
		plan, err := p.Resolve(projections.Query{Limit: projections.MaxLimit})
		if err != nil {
			return err
		}
		plan.Limit = 1 << 20
		clear(s.rows)
		return v.Rows(p, plan, func(f projections.Found) error {
			encoded, err := p.Encode(f)
			s.rows[projections.RowKey{Stream: f.Stream, Key: f.Key}] = encoded
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	s.parked, err = runner.Parked(t.Context(), p.Name())
	return s, err
}

func (s *state) equal(want *state) error {
	if s.position != want.position {
		return fmt.Errorf("got position %d, want %d", s.position, want.position)
	}
	if !slices.Equal(s.parked, want.parked) {
		return fmt.Errorf("got parked %v, want %v", s.parked, want.parked)
	}
	return sameRows(s.rows, want.rows)
}

func sameRows(got, want map[projections.RowKey][]byte) error {
	for key, row := range want {
		if other, ok := got[key]; !ok || !bytes.Equal(other, row) {
			return fmt.Errorf("row %v is missing (%t) or differs", key, !ok)
		}
	}
	for key := range maps.Keys(got) {
		if _, ok := want[key]; !ok {
			return fmt.Errorf("row %v should not be there", key)
		}
	}
	return nil
}

// standing compares the rows of every stream that is not parked with its
// events folded anew.
func (s *state) standing(p *projections.Projection, ledger History) error {
	for _, stream := range ledger.Streams() {
		if slices.ContainsFunc(s.parked, func(one projections.Parked) bool { return one.Stream == stream }) {
			continue
		}
		events, _ := ledger.Events(stream)
		found, err := p.Replay(events)
		if err != nil {
			return fmt.Errorf("%s is not parked: %w", stream, err)
		}
		want, got := map[projections.RowKey][]byte{}, map[projections.RowKey][]byte{}
		for _, f := range found {
			if want[projections.RowKey{Stream: f.Stream, Key: f.Key}], err = p.Encode(f); err != nil {
				return err
			}
		}
		for key, row := range s.rows {
			if key.Stream == stream {
				got[key] = row
			}
		}
		if err := sameRows(got, want); err != nil {
			return fmt.Errorf("against the stream folded anew: %w", err)
		}
	}
	return nil
}
