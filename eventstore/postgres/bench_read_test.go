//go:build postgres

package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/postgres"
	"caseledger/eventstore/postgres/pgtest"
)

// perStream is how many events a stream of these benchmarks holds. They are
// scattered over the ledger.
const perStream = 50

// storing makes a ledger of n events.
func storing(n int) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		streams := max(1, n/perStream)
		for i := range n {
			e := eventstore.Stored{Position: eventstore.Position(i + 1), RecordedAt: time.UnixMicro(int64(i)), ID: event.ID{UUID: named(2, i)},
				Stream: event.Case(named(1, i%streams)), Revision: eventstore.Revision(i/streams + 1), Body: body}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// fillPlain fills an event table of jsonb with the same.
func fillPlain(b *testing.B, p plain, n int) {
	b.Helper()
	next, stop := iter.Pull2(storing(n))
	defer stop()
	_, err := p.pool.CopyFrom(b.Context(), pgx.Identifier{"events"}, []string{"stream", "version", "id", "type", "data", "metadata"},
		pgx.CopyFromFunc(func() ([]any, error) {
			e, err, more := next()
			if !more {
				return nil, nil
			}
			return []any{e.Stream.String(), int64(e.Revision), [16]byte(e.ID.UUID), "appointment.kept", payload, metadata}, err
		}))
	if err != nil {
		b.Fatal(err)
	}
	execute(b, p.pool.Config().ConnString(), "VACUUM ANALYZE events")
}

// against runs ways in turn, rounds times, and reports the first one's rate
// and its ratio to the others.
func against(b *testing.B, rounds, size int, ways map[string]func() error, order ...string) {
	b.Helper()
	took := map[string][]time.Duration{}
	for b.Loop() {
		for i := range rounds {
			for k := range order {
				name := order[(i+k)%len(order)]
				begun := time.Now()
				if err := ways[name](); err != nil {
					b.Fatalf("%s: %v", name, err)
				}
				took[name] = append(took[name], time.Since(begun))
			}
		}
	}
	own := percentile(took[order[0]], 50).Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(size)/own, order[0]+"/s")
	for _, name := range order[1:] {
		b.ReportMetric(percentile(took[name], 50).Seconds()/own, "x-"+name)
	}
}

// BenchmarkImport takes over a ledger, beside COPY of the same rows into the
// same table: x-copy is the store's rate divided by COPY's.
func BenchmarkImport(b *testing.B) {
	const n = 50_000
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	url := migrated(b, server)
	owner := server.DSN(database(url))
	s := open(b, postgres.Options{URL: url, Clock: time.Now})
	if err := s.Ingest(b.Context(), storing(n)); err != nil {
		b.Fatal(err)
	}
	rows := copyOut(b, owner)
	against(b, 3, n, map[string]func() error{
		"events": func() error {
			execute(b, owner, emptied...)
			return s.Ingest(b.Context(), storing(n))
		},
		"copy": func() error {
			execute(b, owner, emptied...)
			conn, err := pgx.Connect(b.Context(), owner)
			if err != nil {
				return err
			}
			defer conn.Close(context.Background())
			_, err = conn.PgConn().CopyFrom(b.Context(), bytes.NewReader(rows), "COPY caseledger.events FROM STDIN (FORMAT binary)")
			return err
		},
	}, "events", "copy")
}

func copyOut(b *testing.B, url string) []byte {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	var rows bytes.Buffer
	if _, err := conn.PgConn().CopyTo(b.Context(), &rows, "COPY (SELECT position, recorded_at, revision, event_id, stream, body FROM caseledger.events ORDER BY position) TO STDOUT (FORMAT binary)"); err != nil {
		b.Fatal(err)
	}
	return rows.Bytes()
}

// reading makes a ledger and an event table of jsonb that hold the same.
func reading(b *testing.B, n int) (s *postgres.Store, p plain, owner string) {
	b.Helper()
	server := pgtest.Start(b, pgtest.Options{Durable: true})
	url := migrated(b, server)
	owner = server.DSN(database(url))
	s = open(b, postgres.Options{URL: url, Clock: time.Now})
	if err := s.Ingest(b.Context(), storing(n)); err != nil {
		b.Fatal(err)
	}
	execute(b, owner, "VACUUM ANALYZE caseledger.events")
	p = openPlain(b, server, 4)
	fillPlain(b, p, n)
	return s, p, owner
}

// row is an event of the table of jsonb, as a program would read it.
type row struct {
	position, version int64
	stream, id, kind  string
	data, metadata    []byte
	recordedAt        time.Time
}

func (p plain) read(ctx context.Context, query string, args ...any) (n int, err error) {
	rows, err := p.pool.Query(ctx, "SELECT position, stream, version, id::text, type, data, metadata, recorded_at FROM events "+query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var r row
	for rows.Next() {
		if err := rows.Scan(&r.position, &r.stream, &r.version, &r.id, &r.kind, &r.data, &r.metadata, &r.recordedAt); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// BenchmarkScan reads the whole ledger, beside a plain scan of the table of
// jsonb and COPY of the ledger's own rows out of the server.
func BenchmarkScan(b *testing.B) {
	const n = 100_000
	s, p, owner := reading(b, n)
	conn, err := pgx.Connect(b.Context(), owner)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	all := func(got int, err error) error {
		if err == nil && got != n {
			err = fmt.Errorf("read %d events, want %d", got, n)
		}
		return err
	}
	against(b, 5, n, map[string]func() error{
		"events": func() error {
			got := 0
			for _, err := range s.ReadAll(b.Context(), 0) {
				if err != nil {
					return err
				}
				got++
			}
			return all(got, nil)
		},
		"jsonb": func() error { return all(p.read(b.Context(), "ORDER BY position")) },
		"copy": func() error {
			_, err := conn.PgConn().CopyTo(b.Context(), io.Discard, "COPY caseledger.events TO STDOUT (FORMAT binary)")
			return err
		},
	}, "events", "jsonb", "copy")
}

// BenchmarkStream reads the 50 events of one person, cached, by one client,
// beside an indexed select of the same from the table of jsonb: x-jsonb is the
// other's median divided by the store's.
func BenchmarkStream(b *testing.B) {
	const n = 100_000
	s, p, _ := reading(b, n)
	i := 0
	fifty := func(got int, err error) error {
		if err == nil && got != perStream {
			err = fmt.Errorf("read %d events, want %d", got, perStream)
		}
		return err
	}
	against(b, 50, perStream, map[string]func() error{
		"events": func() error {
			i += 17
			got := 0
			for _, err := range s.ReadStream(b.Context(), event.Case(named(1, i%(n/perStream))), 0) {
				if err != nil {
					return err
				}
				got++
			}
			return fifty(got, nil)
		},
		"jsonb": func() error {
			i += 17
			return fifty(p.read(b.Context(), "WHERE stream = $1 ORDER BY version", event.Case(named(1, i%(n/perStream))).String()))
		},
	}, "events", "jsonb")
}
