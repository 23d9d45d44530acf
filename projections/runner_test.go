package projections_test

import (
	"context"
	"errors"
	"flag"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

func TestMain(m *testing.M) {
	// A history is followed in many ways, each with its own durable commits.
	// -rapid.checks on the command line prevails.
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var (
	alpha   = projectiontest.Person(1)
	bravo   = projectiontest.Person(2)
	charlie = projectiontest.Person(3)
)

func runner(store projections.Store, source projections.Source, models ...*projections.Projection) *projections.Runner {
	return projections.NewRunner(store, source, models, projections.Options{})
}

func catchUp(t *testing.T, r *projections.Runner) {
	t.Helper()
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// stageOf returns the stage in a person's row; "" if there is none.
func stageOf(t *testing.T, store projections.Reader, person event.StreamID) (got stage) {
	t.Helper()
	err := store.View(t.Context(), func(v projections.View) error {
		row, err := projections.One(v, members, person, "")
		if err == nil && row != nil {
			got = row.Stage
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantStage(t *testing.T, store projections.Reader, person event.StreamID, want stage) {
	t.Helper()
	if got := stageOf(t, store, person); got != want {
		t.Errorf("got stage %q, want %q", got, want)
	}
}

func TestPoisonParksItsStreamAndNoOther(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		ledger.Add(alpha, joined{Stage: "new"})
		ledger.Add(bravo, joined{Stage: "new"})
		ledger.Poison(alpha, "sample.moved")
		ledger.Poison(bravo, "sample.lent") // of a type the model does not read
		ledger.Add(alpha, moved{Stage: "active"})
		ledger.Add(bravo, moved{Stage: "active"})
		ledger.Poison(charlie, "") // of a type nobody can read
		r := runner(store, ledger, members.Projection)
		catchUp(t, r)

		wantStage(t, store, alpha, "new")
		wantStage(t, store, bravo, "active")
		parked, err := r.Parked(t.Context(), "members")
		want := []projections.Parked{
			{Stream: alpha, Position: 3, Reason: projections.Undecodable},
			{Stream: charlie, Position: 7, Reason: projections.Undecodable},
		}
		if diff := cmp.Diff(want, parked); diff != "" || err != nil {
			t.Errorf("parked (-want +got), %v:\n%s", err, diff)
		}
		status, err := r.Status(t.Context())
		if err != nil || status[0] != (projections.Status{Model: "members", Version: 1, Wanted: 1, Position: 7, Parked: 2}) {
			t.Errorf("got status %+v, %v", status, err)
		}
		err = store.View(t.Context(), func(v projections.View) error {
			for person, want := range map[event.StreamID]bool{alpha: true, bravo: false} {
				if _, got, err := v.Parked(members.Projection, person); got != want || err != nil {
					t.Errorf("parked: got %t, %v, want %t", got, err, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestRetryFoldsAParkedStreamOnceItDecodes(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		ledger.Add(alpha, joined{Stage: "new"})
		ledger.Poison(alpha, "sample.moved")
		ledger.Add(alpha, moved{Stage: "active"})
		r := runner(store, ledger, members.Projection)
		catchUp(t, r)
		if err := r.Retry(t.Context(), "members", alpha); !errors.Is(err, projections.ErrPoison) {
			t.Errorf("retry of what is still poison: got %v, want ErrPoison", err)
		}
		wantStage(t, store, alpha, "new")
		ledger.Heal(alpha, moved{Stage: "waiting"})
		if err := r.Retry(t.Context(), "members", alpha); err != nil {
			t.Fatal(err)
		}
		if err := r.Retry(t.Context(), "members", alpha); err != nil {
			t.Errorf("retry of what is not parked: %v", err)
		}
		wantStage(t, store, alpha, "active")
		ledger.Add(alpha, moved{Stage: "waiting"})
		catchUp(t, r)
		wantStage(t, store, alpha, "waiting")
		parked, err := r.Parked(t.Context(), "members")
		if len(parked) != 0 || err != nil {
			t.Errorf("got parked %v, %v, want none", parked, err)
		}
		if status, err := r.Status(t.Context()); err != nil || status[0].Parked != 0 {
			t.Errorf("got status %+v, %v, want none parked", status, err)
		}
	})
}

func TestAVoidedPoisonEventDoesNoHarm(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	ledger.Add(alpha, joined{Stage: "new"})
	poison := ledger.Poison(alpha, "sample.moved")
	ledger.Add(alpha, event.EnteredInError{}, projectiontest.Corrects(poison.ID))
	ledger.Add(alpha, moved{Stage: "active"})
	r := runner(store, ledger, members.Projection)
	catchUp(t, r)
	if err := r.Retry(t.Context(), "members", alpha); err != nil {
		t.Fatal(err)
	}
	wantStage(t, store, alpha, "active")
}

// A fold whose panic quotes a person's name must leave no trace of it.
func TestAPanickingFoldIsParkedByReasonAlone(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	ledger.Add(alpha, moved{Stage: "explosive"})
	ledger.Add(bravo, joined{Stage: "new", Name: event.Own("a\x00b")})
	r := runner(store, ledger, members.Projection)
	catchUp(t, r)
	parked, err := r.Parked(t.Context(), "members")
	want := []projections.Parked{
		{Stream: alpha, Position: 1, Reason: projections.Panicked},
		{Stream: bravo, Position: 2, Reason: projections.Unstorable},
	}
	if diff := cmp.Diff(want, parked); diff != "" || err != nil {
		t.Errorf("parked (-want +got), %v:\n%s", err, diff)
	}
}

func TestASecondRunnerFencesTheFirst(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		ledger.Add(alpha, joined{Stage: "new"})
		first, second := runner(store, ledger, members.Projection), runner(store, ledger, members.Projection)
		catchUp(t, first)
		stopped := make(chan error, 1)
		go func() { stopped <- first.Run(t.Context()) }()
		ledger.Add(alpha, moved{Stage: "active"})
		if err := store.WaitFor(t.Context(), members.Projection, 2); err != nil {
			t.Fatal(err)
		}
		catchUp(t, second)
		ledger.Add(alpha, moved{Stage: "waiting"})
		if err := <-stopped; !errors.Is(err, projections.ErrFenced) {
			t.Errorf("the first runner got %v, want ErrFenced", err)
		}
		wantStage(t, store, alpha, "active")
		catchUp(t, second)
		wantStage(t, store, alpha, "waiting")
	})
}

func TestAReaderSeesItsOwnWrite(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		store, ledger := open(t), newLedger()
		r := runner(store, ledger, members.Projection, loans.Projection)
		catchUp(t, r)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- r.Run(ctx) }()
		for _, want := range []stage{"new", "active", "waiting"} {
			e := ledger.Add(alpha, joined{Stage: want})
			if err := store.WaitFor(t.Context(), members.Projection, e.Position); err != nil {
				t.Fatal(err)
			}
			wantStage(t, store, alpha, want)
		}
		if err := r.CatchUp(t.Context()); !errors.Is(err, projections.ErrRunning) {
			t.Errorf("catching up beside Run: got %v, want ErrRunning", err)
		}
		stop()
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v, want its context's error", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := store.WaitFor(gone, members.Projection, 99); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting for what never comes: got %v, want the context's error", err)
		}
	})
}

// broken is a source or a store that fails at the n-th call.
type broken struct {
	projections.Source
	projections.Store
	left atomic.Int64
}

var errBroken = errors.New("broken on purpose")

func (b *broken) fail() error {
	if b.left.Add(-1) < 0 {
		return errBroken
	}
	return nil
}

type brokenSource struct{ *broken }

func (b brokenSource) ReadAll(ctx context.Context, after event.Position, types []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for item, err := range b.Source.ReadAll(ctx, after, types) {
			if failed := b.fail(); failed != nil {
				yield(projections.Item{}, failed)
				return
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

func (b brokenSource) ReadStream(ctx context.Context, stream event.StreamID, upTo event.Position, types []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for item, err := range b.Source.ReadStream(ctx, stream, upTo, types) {
			if failed := b.fail(); failed != nil {
				yield(projections.Item{}, failed)
				return
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

func (b brokenSource) Wait(ctx context.Context, after event.Position) (event.Position, error) {
	return b.Source.Wait(ctx, after)
}

type brokenStore struct{ *broken }

func (b brokenStore) Update(ctx context.Context, write func(projections.Tx) error) error {
	return b.Store.Update(ctx, func(tx projections.Tx) error {
		if err := write(brokenTx{tx, b.broken}); err != nil {
			return err
		}
		return b.fail()
	})
}

type brokenTx struct {
	projections.Tx
	b *broken
}

func (t brokenTx) Save(table projections.Table, c projections.Changes) error {
	if err := t.b.fail(); err != nil {
		return err
	}
	if err := t.Tx.Save(table, c); err != nil {
		return err
	}
	return t.b.fail()
}

func (t brokenTx) Move(table string, to event.Position, parked int) error {
	if err := t.b.fail(); err != nil {
		return err
	}
	return t.Tx.Move(table, to, parked)
}

// Wherever reading or writing fails, what was committed is a whole number of
// pages, and the next runner ends with the rows of one that never failed.
func TestAFailedPageChangesNothing(t *testing.T) {
	t.Parallel()
	ledger := newLedger()
	first := ledger.Add(alpha, joined{Stage: "new"})
	ledger.Add(bravo, joined{Stage: "new"})
	ledger.Add(alpha, moved{Stage: "active"})
	ledger.Add(alpha, event.EventCorrected{}, projectiontest.Corrects(first.ID))
	ledger.Add(alpha, joined{Stage: "waiting"}, projectiontest.Corrects(first.ID))
	ledger.Poison(bravo, "sample.moved")
	ledger.Add(alpha, lent{Book: event.DeriveUUID("book")})
	models := []*projections.Projection{members.Projection, loans.Projection}
	options := projections.Options{PageEvents: 2, RebuildEvents: 2}

	for _, side := range []string{"source", "store", "source, little memory", "store, little memory"} {
		store := projectiontest.OpenSQLite(t)
		if strings.HasSuffix(side, "memory") {
			options.RebuildBytes = 1
		}
		for n := int64(0); ; n++ {
			projectiontest.Empty(t, store)
			b := &broken{Source: ledger, Store: store}
			b.left.Store(n)
			var r *projections.Runner
			if strings.HasPrefix(side, "source") {
				r = projections.NewRunner(store, brokenSource{b}, models, options)
			} else {
				r = projections.NewRunner(brokenStore{b}, ledger, models, options)
			}
			failed := r.CatchUp(t.Context())
			if failed != nil && !errors.Is(failed, errBroken) {
				t.Fatalf("%s failing at call %d: %v", side, n, failed)
			}
			healthy := projections.NewRunner(store, ledger, models, options)
			catchUp(t, healthy)
			for _, p := range models {
				report, err := healthy.Check(t.Context(), p.Name())
				if err != nil || report.Different != 0 {
					t.Errorf("%s failing at call %d: %d rows of %s differ, %v", side, n, report.Different, p.Name(), err)
				}
			}
			if failed == nil {
				break
			}
		}
	}
}

// backwards reads the ledger in the wrong order.
type backwards struct{ *projectiontest.Ledger }

func (b backwards) ReadAll(context.Context, event.Position, []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for _, p := range []event.Position{1, 3, 2} {
			if !yield(projections.Item{Recorded: event.Recorded{Position: p}}, nil) {
				return
			}
		}
	}
}

func TestALedgerReadOutOfOrderIsRefused(t *testing.T) {
	t.Parallel()
	r := runner(projectiontest.OpenSQLite(t), backwards{newLedger()}, members.Projection)
	if err := r.CatchUp(t.Context()); !errors.Is(err, projections.ErrOrder) {
		t.Errorf("got %v, want ErrOrder", err)
	}
}

// One reading serves models that have got to different places: each sees every
// event once.
func TestModelsAtDifferentPositionsShareOneReading(t *testing.T) {
	t.Parallel()
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	both := runner(store, ledger, members.Projection, loans.Projection)
	catchUp(t, both)
	book := event.DeriveUUID("book")
	for range 3 {
		ledger.Add(alpha, joined{Stage: "new"})
		ledger.Add(alpha, lent{Book: book})
	}
	catchUp(t, runner(store, ledger, members.Projection))
	ledger.Add(alpha, moved{Stage: "active"})
	catchUp(t, both)
	err := store.View(t.Context(), func(v projections.View) error {
		member, err := projections.One(v, members, alpha, "")
		if err != nil || member.Events != 4 {
			t.Errorf("got %+v, %v, want 4 events", member, err)
		}
		loan, err := projections.One(v, loans, alpha, projections.Keyed(book.String()))
		if err != nil || loan.Times != 3 {
			t.Errorf("got %+v, %v, want 3 loans", loan, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneEventMayTouchSeveralRowsOfItsStream(t *testing.T) {
	t.Parallel()
	books := []event.UUID{event.DeriveUUID("a"), event.DeriveUUID("b"), event.DeriveUUID("c")}
	store, ledger := projectiontest.OpenSQLite(t), newLedger()
	for _, book := range books {
		ledger.Add(alpha, lent{Book: book, Due: 20000})
		ledger.Add(bravo, lent{Book: book, Due: 20000})
	}
	ledger.Add(alpha, returned{Books: books[:2]})
	wrong := ledger.Add(bravo, joined{Stage: "new"})
	ledger.Add(bravo, event.EnteredInError{}, projectiontest.Corrects(wrong.ID))
	catchUp(t, runner(store, ledger, loans.Projection, diary.Projection))
	for person, want := range map[event.StreamID][]event.UUID{alpha: books[2:], bravo: books} {
		page, err := projections.Read(t.Context(), store, loans, projections.Query{Where: []projections.Condition{projections.Stream(person)}, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		var got []event.UUID
		for _, row := range page.Rows {
			got = append(got, row.Book)
		}
		byText := func(a, b event.UUID) int { return strings.Compare(a.String(), b.String()) }
		if diff := cmp.Diff(slices.SortedFunc(slices.Values(want), byText), got); diff != "" {
			t.Errorf("books lent (-want +got):\n%s", diff)
		}
	}
	page, err := projections.Read(t.Context(), store, diary, projections.Query{Order: []projections.Order{projections.Ascending("type")}, Limit: 9})
	if err != nil || len(page.Rows) != 2 {
		t.Errorf("the diary has %d rows, %v, want 2", len(page.Rows), err)
	}
	if !slices.ContainsFunc(page.Rows, func(r diaryRow) bool { return r.Entry == wrong.ID.UUID && r.Struck }) {
		t.Error("the voided entry is not struck out")
	}
}

// held is a store that holds back a write before it begins, once told to.
type held struct {
	projections.Store
	hold    atomic.Bool
	holding chan struct{}
	release chan struct{}
}

func (h *held) Update(ctx context.Context, write func(projections.Tx) error) error {
	if h.hold.CompareAndSwap(true, false) {
		close(h.holding)
		<-h.release
	}
	return h.Store.Update(ctx, write)
}

// A stream is retried after a page was folded without it and before that page
// is written: what the page left out is not lost.
func TestARetryBesideAPageLosesNoEvent(t *testing.T) {
	t.Parallel()
	projectiontest.Stores(t, func(t *testing.T, open func(testing.TB) *sqlstore.Store) {
		ledger := newLedger()
		store := &held{Store: open(t), holding: make(chan struct{}), release: make(chan struct{})}
		ledger.Add(alpha, joined{Stage: "new"})
		ledger.Poison(alpha, "sample.moved")
		r := runner(store, ledger, members.Projection)
		catchUp(t, r)
		ledger.Heal(alpha, moved{Stage: "waiting"})
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- r.Run(ctx) }()
		ledger.Add(bravo, joined{Stage: "new"})
		if err := store.WaitFor(ctx, members.Projection, 3); err != nil {
			t.Fatal(err)
		}
		store.hold.Store(true)
		ledger.Add(alpha, moved{Stage: "active"})
		<-store.holding
		if err := r.Retry(ctx, "members", alpha); err != nil {
			t.Fatal(err)
		}
		wantStage(t, store, alpha, "waiting")
		close(store.release)
		if err := store.WaitFor(ctx, members.Projection, 4); err != nil {
			t.Fatal(err)
		}
		wantStage(t, store, alpha, "active")
		stop()
		if err := <-stopped; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
}
