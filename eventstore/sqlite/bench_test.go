package sqlite_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/sqlite"
)

// BenchmarkAppend compares appends of one event of 500 bytes through the
// store with the plain alternative below, interleaved in one run. events/s is
// the store's; x-plain is its rate divided by the plain one's.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			store := open(b, sqlite.Options{Path: filepath.Join(b.TempDir(), "store.db"), Clock: time.Now})
			plain := openPlain(b)
			var ours, theirs time.Duration
			const round = 2000
			for done := 0; done < b.N; done += round {
				n := min(round, b.N-done)
				theirs += race(b, writers, n, done, plain.append)
				ours += race(b, writers, n, done, func(ctx context.Context, stream event.StreamID, at eventstore.Revision, e eventstore.Event) error {
					_, err := store.Append(ctx, stream, at, []eventstore.Event{e})
					return err
				})
			}
			b.ReportMetric(float64(b.N)/ours.Seconds(), "events/s")
			b.ReportMetric(float64(b.N)/theirs.Seconds(), "plain-events/s")
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "x-plain")
		})
	}
}

type appendOne func(context.Context, event.StreamID, eventstore.Revision, eventstore.Event) error

// race makes n appends with so many writers, each to streams of its own, ten
// events to a stream.
func race(b *testing.B, writers, n, salt int, do appendOne) time.Duration {
	body := make([]byte, 500)
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for w := range writers {
		all.Go(func() {
			for i := 0; next.Add(1) <= int64(n); i++ {
				err := do(b.Context(), event.Case(named(1, salt, w, i/10)), eventstore.Revision(i%10),
					eventstore.Event{ID: event.ID{UUID: named(2, salt, w, i)}, Body: body})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

func named(parts ...int) event.UUID {
	var bytes []byte
	for _, p := range parts {
		bytes = binary.BigEndian.AppendUint64(bytes, uint64(p))
	}
	return event.DeriveUUID("bench", bytes)
}

// plain is an event store as one would write it without a sequencer: the same
// table with the same settings, one transaction per append.
type plain struct {
	db           *sql.DB
	head, insert *sql.Stmt
}

func openPlain(b *testing.B) *plain {
	b.Helper()
	path := filepath.Join(b.TempDir(), "plain.db")
	made, err := sqlite.Open(b.Context(), sqlite.Options{Path: path, Clock: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	if err := made.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_defensive=1&_dqs=0"+
		"&_pragma=busy_timeout=10000&_pragma=trusted_schema=OFF&_pragma=cell_size_check=ON&_pragma=mmap_size=0"+
		"&_pragma=journal_mode=WAL&_pragma=synchronous=FULL&_pragma=fullfsync=ON&_pragma=checkpoint_fullfsync=ON"+
		"&_pragma=wal_autocheckpoint=4000&_pragma=journal_size_limit=67108864")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1) // more would only wait for each other's lock
	b.Cleanup(func() { db.Close() })
	p := &plain{db: db}
	if p.head, err = db.Prepare("SELECT coalesce(max(revision), 0) FROM events WHERE stream = ?"); err != nil {
		b.Fatal(err)
	}
	if p.insert, err = db.Prepare(`INSERT INTO events (position, recorded_at, event_id, stream, revision, body)
		SELECT coalesce(max(position), 0) + 1, ?, ?, ?, ?, ? FROM events`); err != nil {
		b.Fatal(err)
	}
	return p
}

// append leaves cancellation out, for which the driver would start a goroutine
// with every statement.
func (p *plain) append(ctx context.Context, stream event.StreamID, expected eventstore.Revision, e eventstore.Event) error {
	ctx = context.WithoutCancel(ctx)
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	key := stream.Bytes()
	var held eventstore.Revision
	if err := tx.StmtContext(ctx, p.head).QueryRowContext(ctx, key[:]).Scan(&held); err != nil {
		return err
	}
	if held != expected {
		return eventstore.ErrConflict
	}
	if _, err := tx.StmtContext(ctx, p.insert).ExecContext(ctx, time.Now().UnixMicro(), e.ID.UUID[:], key[:], int64(held)+1, e.Body); err != nil {
		return err
	}
	return tx.Commit()
}
