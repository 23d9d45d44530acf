//go:build postgres

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// streams is what a history is made on: appends of one event with an expected
// revision, and reads, of a few numbered streams.
type streams interface {
	append(ctx context.Context, stream, expected, id int) outcome
	read(ctx context.Context, stream int) ([]int, error)
}

// outcome is how an append ended.
type outcome int

const (
	recorded outcome = iota
	repeated
	conflict
	unknown
	failed // certainly nothing was recorded
	wrong  // what no append here may be answered
)

// input is an operation on a stream; a read has no id.
type input struct{ stream, expected, id int }

// output is its result; a read gives the ids that the stream holds.
type output struct {
	outcome outcome
	held    []int
}

// register is a stream as the contract has it: the ids it holds, in order.
var register = (&porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[int][]porcupine.Operation{}
		for _, o := range history {
			stream := o.Input.(input).stream
			parts[stream] = append(parts[stream], o)
		}
		var all [][]porcupine.Operation
		for _, p := range parts {
			all = append(all, p)
		}
		return all
	},
	Init: func() []any { return []any{[]int(nil)} },
	Step: func(state, in, out any) []any {
		held, i, o := state.([]int), in.(input), out.(output)
		fits := len(held) == i.expected
		is := i.expected < len(held) && held[i.expected] == i.id
		after := append(held[:len(held):len(held)], i.id)
		switch {
		case i.id == 0 && slices.Equal(held, o.held),
			i.id != 0 && o.outcome == repeated && is,
			i.id != 0 && o.outcome == conflict && !fits && !is,
			i.id != 0 && o.outcome == failed:
			return []any{held}
		case i.id != 0 && o.outcome == recorded && fits:
			return []any{after}
		case i.id != 0 && o.outcome == unknown && fits: // it was recorded or not
			return []any{held, after}
		case i.id != 0 && o.outcome == unknown:
			return []any{held}
		}
		return nil
	},
	Equal: func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
}).ToModel()

// makeHistory lets 16 clients append to and read a few streams. Who is left with
// an unknown outcome repeats the append, or leaves it open.
func makeHistory(s streams, seed uint64, operations, first int) []porcupine.Operation {
	const clients, count = 16, 6
	begun := time.Now()
	var mu sync.Mutex
	var history []porcupine.Operation
	note := func(client int, call time.Duration, in input, out output) {
		returned := time.Since(begun)
		if out.outcome == unknown {
			returned = time.Hour // it may yet be recorded
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: int64(call), Output: out, Return: int64(returned)})
	}
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(client)))
			var length [count]int // of the streams, when last seen
			for n := range operations / clients {
				k := r.IntN(count)
				in := input{stream: first + k}
				if r.IntN(4) == 0 {
					call := time.Since(begun)
					held, err := s.read(context.Background(), in.stream)
					if err == nil {
						note(client, call, in, output{held: held})
						length[k] = len(held)
					}
					continue
				}
				in.expected, in.id = length[k], 1+client+clients*(n+operations*first)
				for range 3 {
					call := time.Since(begun)
					got := s.append(context.Background(), in.stream, in.expected, in.id)
					note(client, call, in, output{outcome: got})
					if got == recorded || got == repeated || got == conflict {
						length[k]++ // or so, after a conflict
					}
					if got != unknown && got != failed || r.IntN(2) == 0 {
						break
					}
				}
			}
		})
	}
	all.Wait()
	return history
}

// ledgerStreams are those of a ledger, through two processes.
type ledgerStreams struct{ stores [2]*postgres.Store }

func (l ledgerStreams) append(ctx context.Context, stream, expected, id int) outcome {
	got, err := l.stores[id%2].Append(ctx, event.Case(named(stream)), eventstore.Revision(expected), []eventstore.Event{{ID: event.ID{UUID: named(stream, id)}, Body: []byte(strconv.Itoa(id))}})
	switch {
	case err == nil && got.Repeated:
		return repeated
	case err == nil:
		return recorded
	case errors.Is(err, eventstore.ErrConflict):
		return conflict
	case errors.Is(err, eventstore.ErrUnavailable):
		return failed
	case errors.Is(err, eventstore.ErrUnknown):
		return unknown
	}
	return wrong
}

func (l ledgerStreams) read(ctx context.Context, stream int) (held []int, err error) {
	for e, err := range l.stores[stream%2].ReadStream(ctx, event.Case(named(stream)), 0) {
		if err != nil {
			return nil, err
		}
		id, err := strconv.Atoi(string(e.Body))
		if err != nil {
			return nil, err
		}
		held = append(held, id)
	}
	return held, nil
}

// unguarded is the planted fault: it looks at what a stream holds, and then
// inserts, and no constraint stands behind it.
type unguarded struct{ pool plain }

func (u unguarded) append(ctx context.Context, stream, expected, id int) outcome {
	var held int
	if err := u.pool.pool.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM unguarded WHERE stream = $1", stream).Scan(&held); err != nil {
		return failed
	}
	if held != expected {
		return conflict
	}
	if _, err := u.pool.pool.Exec(ctx, "INSERT INTO unguarded (stream, version, id) VALUES ($1, $2, $3)", stream, held+1, id); err != nil {
		return unknown
	}
	return recorded
}

func (u unguarded) read(ctx context.Context, stream int) ([]int, error) {
	rows, err := u.pool.pool.Query(ctx, "SELECT id FROM unguarded WHERE stream = $1 ORDER BY version, id", stream)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// Appends with an expected revision, and reads, are linearizable for each
// stream, whatever sessions are ended meanwhile; and the checker finds a store
// that looks before it inserts.
func TestLinearizable(t *testing.T) {
	t.Parallel()
	const operations = 1500
	histories := setting(t, "CASELEDGER_TEST_PG_HISTORIES", 6, strconv.Atoi)
	owner, role := ledgeredEmpty(t, pgtest.Shared(t))
	o := postgres.Options{URL: as(role, owner), Clock: time.Now}
	s := ledgerStreams{[2]*postgres.Store{open(t, o), open(t, o)}}
	unknowns, total := 0, 0
	for h := range histories {
		ended, stop := context.WithCancel(t.Context())
		var ending sync.WaitGroup
		ending.Go(func() {
			for n := 0; ended.Err() == nil; n++ {
				select {
				case <-ended.Done():
				case <-time.After(time.Duration(10+n%7*10) * time.Millisecond):
					execute(t, owner, fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%s' AND pid %% 2 = %d", role, n%2))
				}
			}
		})
		history := makeHistory(s, uint64(h), operations, 6*h)
		stop()
		ending.Wait()
		for _, o := range history {
			total++
			if o.Output.(output).outcome == unknown {
				unknowns++
			}
		}
		if got := porcupine.CheckOperationsTimeout(register, history, 30*time.Second); got != porcupine.Ok {
			t.Errorf("history %d of %d operations: the checker says %s", h, len(history), got)
		}
	}
	t.Logf("%d operations in %d histories, of which %d left open", total, histories, unknowns)

	url := pgtest.Database(t)
	execute(t, url, "CREATE TABLE unguarded (stream bigint, version bigint, id bigint)")
	planted := makeHistory(unguarded{plain{openPool(t, url, 16)}}, 1, operations, 0)
	if got := porcupine.CheckOperationsTimeout(register, planted, time.Minute); got != porcupine.Illegal {
		t.Errorf("a store that looks and then inserts: the checker says %s, want %s", got, porcupine.Illegal)
	}
}
