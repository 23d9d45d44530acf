package projections_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"caseledger/domain/event"
	"caseledger/projections"
	"caseledger/projections/projectiontest"
	"caseledger/projections/sqlstore"
)

// The benchmark's ledger is bytes in memory: payloads of about 350 bytes that
// are decoded on each reading, by whichever way is measured.

type payload struct {
	Person event.UUID    `json:"person"`
	At     time.Time     `json:"at"`
	Event  joinedPayload `json:"event"`
	Notes  string        `json:"notes"`
}

type joinedPayload struct {
	Stage stage     `json:"stage"`
	On    event.Day `json:"on"`
	Name  string    `json:"name"`
}

func payloads(n, people int) [][]byte {
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = payloadAt(i, people)
	}
	return bodies
}

// payloadAt is the i-th event. The people come in no order, so that hardly any
// page has two events of one person: nothing is gained by folding.
func payloadAt(i, people int) []byte {
	body, err := json.Marshal(payload{
		Person: projectiontest.Person(int(uint64(i) * 2654435761 % uint64(people))).Of,
		At:     projectiontest.Start.Add(time.Duration(i) * time.Second),
		Event:  joinedPayload{Stage: stages[i%3], On: event.Day(20000 + i%300), Name: "Invented Person"},
		Notes:  strings.Repeat("x", 190),
	})
	if err != nil {
		panic(err)
	}
	return body
}

// decode stands for opening and decoding a stored event.
func decode(i int, body []byte) (event.Recorded, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return event.Recorded{}, err
	}
	var seed [8]byte
	binary.BigEndian.PutUint64(seed[:], uint64(i))
	return event.Recorded{
		Position: event.Position(i + 1), RecordedAt: p.At, ID: event.ID{UUID: event.UUID(append(seed[:], seed[:]...))},
		Stream: event.Case(p.Person), Meta: event.Meta{Type: "sample.joined", Version: 1, Subject: p.Person, Effective: event.At(p.At)},
		Data: joined{Stage: p.Event.Stage, On: p.Event.On, Name: event.Own(p.Event.Name)},
	}, nil
}

// tape is a source over such bytes; if bodies is nil it makes them up, so that
// it takes no memory itself.
type tape struct {
	n, people int
	bodies    [][]byte
}

func (s tape) ReadAll(_ context.Context, after event.Position, _ []string) iter.Seq2[projections.Item, error] {
	return func(yield func(projections.Item, error) bool) {
		for i := int(after); i < s.n; i++ {
			var e event.Recorded
			var err error
			if s.bodies != nil {
				e, err = decode(i, s.bodies[i])
			} else {
				e, err = decode(i, payloadAt(i, s.people))
			}
			if !yield(projections.Item{Recorded: e}, err) {
				return
			}
		}
	}
}

func (tape) ReadStream(context.Context, event.StreamID, event.Position, []string) iter.Seq2[projections.Item, error] {
	return func(func(projections.Item, error) bool) {}
}

func (tape) Wait(ctx context.Context, _ event.Position) (event.Position, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

type caseRow struct {
	Stage  stage          `db:"stage"`
	Name   string         `db:"name"`
	Since  event.Day      `db:"since"`
	SeenAt time.Time      `db:"seen_at"`
	Events int            `db:"events"`
	Last   event.Position `db:"last"`
}

var cases = projections.Define(projections.Spec[caseRow]{
	Name: "cases", Version: 1, Types: []string{"sample.joined"}, Fold: foldCase,
})

func foldCase(row *caseRow, e event.Recorded) *caseRow {
	next := projections.Copy(row)
	d := e.Data.(joined)
	next.Stage, next.Name, next.Since = d.Stage, d.Name.Value(), d.On
	next.SeenAt, next.Last = e.RecordedAt, e.Position
	next.Events++
	return next
}

// BenchmarkCatchUp follows a ledger for one read model on SQLite with the
// settings a store has (WAL, synchronous=FULL). "each" is the plain
// alternative: for every event decode, upsert and checkpoint in a transaction,
// with prepared statements. Both decode the same bytes and end with the same
// rows. The goal is at least 8 times as many events a second.
func BenchmarkCatchUp(b *testing.B) {
	const people = 4000
	bodies := payloads(60_000, people)
	b.Run("engine", func(b *testing.B) {
		var m meter
		for b.Loop() {
			store, _ := benchStore(b)
			if err := runner(store, tape{n: 0}, cases.Projection).CatchUp(b.Context()); err != nil {
				b.Fatal(err) // a table that serves is followed, not built
			}
			m.run(func() {
				if err := runner(store, tape{len(bodies), people, bodies}, cases.Projection).CatchUp(b.Context()); err != nil {
					b.Fatal(err)
				}
			})
		}
		m.report(b, len(bodies))
	})
	b.Run("each", func(b *testing.B) {
		const n = 6_000
		var m meter
		for b.Loop() {
			_, db := benchStore(b)
			m.run(func() { each(b, db, bodies[:n]) })
		}
		m.report(b, n)
	})
}

// meter adds up what is measured, without what prepares it: wall time, and the
// processor's, which a slow disk or a busy machine does not blur.
type meter struct{ wall, cpu time.Duration }

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (m *meter) run(f func()) {
	wall, cpu := time.Now(), processorTime()
	f()
	m.wall, m.cpu = m.wall+time.Since(wall), m.cpu+processorTime()-cpu
}

func (m *meter) report(b *testing.B, events int) {
	total := float64(b.N * events)
	b.ReportMetric(total/m.wall.Seconds(), "events/s")
	b.ReportMetric(float64(m.cpu.Microseconds())/total, "cpu-µs/event")
}

func benchStore(b *testing.B) (*sqlstore.Store, *sql.DB) {
	b.Helper()
	folder := b.TempDir()
	store, err := sqlstore.OpenSQLite(b.Context(), filepath.Join(folder, "engine.db"), sqlstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = store.Close() })
	db, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "each.db")+
		"?_txlock=immediate&_pragma=secure_delete(1)&_pragma=journal_mode(WAL)&_pragma=synchronous(2)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		"CREATE TABLE cases (stream TEXT NOT NULL PRIMARY KEY, stage TEXT, name TEXT, since TEXT, seen_at INTEGER, events INTEGER, last INTEGER) WITHOUT ROWID",
		"CREATE TABLE checkpoint (name TEXT PRIMARY KEY, position INTEGER)",
		"INSERT INTO checkpoint VALUES ('cases', 0)",
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	return store, db
}

// each is the plain alternative.
func each(b *testing.B, db *sql.DB, bodies [][]byte) {
	upsert, err := db.PrepareContext(b.Context(), `INSERT INTO cases (stream, stage, name, since, seen_at, events, last)
		VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (stream) DO UPDATE SET stage = excluded.stage, name = excluded.name,
		since = excluded.since, seen_at = excluded.seen_at, events = events + 1, last = excluded.last`)
	if err != nil {
		b.Fatal(err)
	}
	move, err := db.PrepareContext(b.Context(), "UPDATE checkpoint SET position = $1 WHERE name = 'cases' AND position = $1 - 1")
	if err != nil {
		b.Fatal(err)
	}
	for i, body := range bodies {
		e, err := decode(i, body)
		if err != nil {
			b.Fatal(err)
		}
		d := e.Data.(joined)
		tx, err := db.BeginTx(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := tx.StmtContext(b.Context(), upsert).ExecContext(b.Context(), e.Stream.String(), string(d.Stage),
			d.Name.Value(), d.On.String(), e.RecordedAt.UnixMicro(), int64(e.Position)); err != nil {
			b.Fatal(err)
		}
		if _, err := tx.StmtContext(b.Context(), move).ExecContext(b.Context(), int64(e.Position)); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRebuild reports the highest live heap while a table is rebuilt,
// which must not grow with the ledger.
func BenchmarkRebuild(b *testing.B) {
	for _, n := range []int{10_000, 300_000} {
		b.Run(fmt.Sprintf("%dk", n/1000), func(b *testing.B) {
			for b.Loop() {
				high, took := rebuildHeap(b, n, projections.Options{RebuildBytes: 8 << 20})
				b.ReportMetric(float64(high)/(1<<20), "MiB-heap")
				b.ReportMetric(float64(n)/took.Seconds(), "events/s")
			}
		})
	}
}

// rebuildHeap builds a table from n events about n/10 people and returns the
// highest live heap above what there was before.
func rebuildHeap(t testing.TB, n int, options projections.Options) (uint64, time.Duration) {
	store := projectiontest.OpenSQLite(t)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	high := uint64(0)
	options.Progress = func(*projections.Projection, event.Position) {
		runtime.GC()
		runtime.ReadMemStats(&now)
		if now.HeapAlloc > before.HeapAlloc {
			high = max(high, now.HeapAlloc-before.HeapAlloc)
		}
	}
	r := projections.NewRunner(store, tape{n: n, people: n / 10}, []*projections.Projection{cases.Projection}, options)
	start := time.Now()
	if err := r.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return high, time.Since(start)
}

// It does not run in parallel: it measures the heap of the process.
func TestARebuildTakesNoMoreMemoryForALongerLedger(t *testing.T) {
	options := projections.Options{RebuildEvents: 200, RebuildBytes: 256 << 10}
	short, _ := rebuildHeap(t, 2_000, options)
	long, _ := rebuildHeap(t, 16_000, options)
	if limit := short + short/2 + 1<<20; long > limit {
		t.Errorf("a ledger eight times as long takes %d KiB of heap against %d KiB", long>>10, short>>10)
	}
}
