//go:build postgres

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// setting is a duration or number that a release test raises; empty: the default.
func setting[T any](t *testing.T, name string, standard T, parse func(string) (T, error)) T {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return standard
	}
	value, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return value
}

// log is an order of events that grows, as a follower sees it: it asks for
// whatever comes after the last number that it saw.
type log interface {
	// add adds events, or none, as a writer with a mind of its own would.
	add(ctx context.Context, r *rand.Rand, writer, n int) (added int, err error)
	// after returns the numbers that follow one.
	after(ctx context.Context, number int64) ([]int64, error)
	// all returns every number there is.
	all(ctx context.Context) ([]int64, error)
}

// tally is what followers saw of a log that many wrote to.
type tally struct{ events, skipped, repeated, gaps int }

// followed lets 32 writers add to a log for a while, and 4 followers follow it,
// and counts what they did not see, saw twice, or saw missing.
func followed(t *testing.T, l log, lasting time.Duration) tally {
	t.Helper()
	const writers, followers = 32, 4
	writing, stop := context.WithTimeout(t.Context(), lasting)
	defer stop()
	var added atomic.Int64
	var w, f sync.WaitGroup
	for i := range writers {
		w.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(i)))
			for n := 0; writing.Err() == nil; n++ {
				k, err := l.add(t.Context(), r, i, n)
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
				added.Add(int64(k))
			}
		})
	}
	ended := make(chan struct{})
	seen := make([][]int64, followers)
	for i := range seen {
		f.Go(func() {
			var last int64
			for {
				done := false
				select {
				case <-ended:
					done = true // what is there now is all there will be
				default:
				}
				numbers, err := l.after(t.Context(), last)
				if err != nil {
					t.Errorf("follower %d: %v", i, err)
					return
				}
				seen[i] = append(seen[i], numbers...)
				if len(numbers) > 0 {
					last = numbers[len(numbers)-1]
				} else if done {
					return
				}
			}
		})
	}
	w.Wait()
	close(ended)
	f.Wait()
	all, err := l.all(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != int(added.Load()) {
		t.Errorf("%d events are there, %d were acknowledged", len(all), added.Load())
	}
	got := tally{events: len(all)}
	for _, numbers := range seen {
		var last int64
		for _, n := range numbers {
			if n != last+1 {
				got.gaps++
			}
			last = n
		}
		slices.Sort(numbers)
		once := slices.Compact(numbers)
		got.repeated += len(numbers) - len(once)
		for _, n := range all { // in order, as once is
			if len(once) > 0 && once[0] == n {
				once = once[1:]
			} else {
				got.skipped++
			}
		}
	}
	return got
}

// ledgerLog is a ledger that three processes write to.
type ledgerLog struct {
	stores    []*postgres.Store
	disturbed string // a connection string that may take the head row
}

func (l ledgerLog) add(ctx context.Context, r *rand.Rand, writer, n int) (int, error) {
	s := l.stores[writer%len(l.stores)]
	var batch []eventstore.Event
	for i := range 1 + r.IntN(3) {
		batch = append(batch, eventstore.Event{ID: event.ID{UUID: named(writer, n, i)}, Body: make([]byte, r.IntN(2000))})
	}
	stream, at := event.Case(named(9, writer, n)), eventstore.NoStream
	switch r.IntN(20) {
	case 0: // most of these are refused
		stream, at = event.Case(named(9)), eventstore.Revision(r.IntN(50))
	case 1:
		stream, at = event.Access(named(8)), eventstore.AtEnd
	case 2: // a caller that leaves; what became of it is asked for
		leaving, leave := context.WithTimeout(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
		defer leave()
		if _, err := s.Append(leaving, stream, at, batch); err == nil {
			return len(batch), nil
		} else if !errors.Is(err, context.DeadlineExceeded) {
			return 0, err
		}
	case 3: // somebody who holds the end of the ledger for a while, and rolls back
		if r.IntN(10) == 0 {
			return 0, disturb(ctx, l.disturbed, r)
		}
	}
	_, err := s.Append(ctx, stream, at, batch)
	if errors.Is(err, eventstore.ErrConflict) {
		return 0, nil
	}
	return len(batch), err
}

// disturb takes the head row in a transaction that is slow and rolled back.
func disturb(ctx context.Context, url string, r *rand.Rand) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	for _, sql := range []string{
		"UPDATE caseledger.head SET position = position + 1",
		"INSERT INTO caseledger.events SELECT position, recorded_at, 1, gen_random_uuid(), 'rolled back', '' FROM caseledger.head",
		fmt.Sprintf("SELECT pg_sleep(%f)", 0.03*r.Float64()),
	} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return tx.Rollback(ctx)
}

func (l ledgerLog) after(ctx context.Context, number int64) (numbers []int64, err error) {
	s := l.stores[number%int64(len(l.stores))]
	waiting, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := s.Wait(waiting, eventstore.Position(number)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	for e, err := range s.ReadAll(ctx, eventstore.Position(number)) {
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, int64(e.Position))
	}
	return numbers, nil
}

func (l ledgerLog) all(ctx context.Context) (numbers []int64, err error) {
	for e, err := range l.stores[0].ReadAll(ctx, 0) {
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, int64(e.Position))
	}
	return numbers, nil
}

// sequenceLog is the planted fault: an event table with positions from a
// sequence, which are not in the order of commits.
type sequenceLog struct{ pool plain }

func (l sequenceLog) add(ctx context.Context, r *rand.Rand, writer, n int) (int, error) {
	tx, err := l.pool.pool.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx) // nothing is left to roll back after a commit
	if _, err := tx.Exec(ctx, "INSERT INTO events (stream, version, id, type, data, metadata) VALUES ($1, 1, $2, '', '{}', '{}')",
		fmt.Sprint(writer, "-", n), named(writer, n).String()); err != nil {
		return 0, err
	}
	if r.IntN(50) == 0 {
		if _, err := tx.Exec(ctx, fmt.Sprintf("SELECT pg_sleep(%f)", 0.03*r.Float64())); err != nil {
			return 0, err
		}
	}
	if r.IntN(50) == 0 {
		return 0, tx.Rollback(ctx)
	}
	return 1, tx.Commit(ctx)
}

func (l sequenceLog) after(ctx context.Context, number int64) ([]int64, error) {
	rows, err := l.pool.pool.Query(ctx, "SELECT position FROM events WHERE position > $1 ORDER BY position LIMIT 1000", number)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func (l sequenceLog) all(ctx context.Context) ([]int64, error) {
	rows, err := l.pool.pool.Query(ctx, "SELECT position FROM events ORDER BY position")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// No follower misses an event, whatever transactions are slow or rolled back,
// and the harness that says so finds the fault of a plain sequence.
func TestNoEventIsSkipped(t *testing.T) {
	t.Parallel()
	lasting := setting(t, "CASELEDGER_TEST_PG_FOLLOW", 4*time.Second, time.ParseDuration)
	server := pgtest.Shared(t)
	owner, role := ledgeredEmpty(t, server)
	l := ledgerLog{disturbed: as(role, owner)}
	for range 3 {
		l.stores = append(l.stores, open(t, postgres.Options{URL: as(role, owner), Clock: time.Now}))
	}
	got := followed(t, l, lasting)
	t.Logf("ledger: %+v", got)
	if got.events == 0 || got.skipped > 0 || got.repeated > 0 || got.gaps > 0 {
		t.Errorf("followers of the ledger: %+v, want nothing skipped, repeated or missing", got)
	}
	planted := followed(t, sequenceLog{openPlain(t, server, 36)}, min(lasting, 10*time.Second))
	t.Logf("a sequence: %+v", planted)
	if planted.skipped == 0 || planted.gaps == 0 {
		t.Errorf("followers of a sequence: %+v, want that the harness finds events skipped", planted)
	}
}
