package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	_ "modernc.org/sqlite"

	"caseledger/domain/event"
	"caseledger/eventstore"
	"caseledger/eventstore/sqlite"
	"caseledger/eventstore/storetest"
)

func TestMain(m *testing.M) {
	if path, ok := os.LookupEnv(victimEnv); ok {
		victim(path)
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, clock func() time.Time) eventstore.Store {
		return open(tb, sqlite.Options{Path: filepath.Join(tb.TempDir(), "ledger.db"), Clock: clock})
	})
}

func TestIngest(t *testing.T) {
	storetest.RunIngest(t, func(tb testing.TB, clock func() time.Time) eventstore.Store {
		return open(tb, sqlite.Options{Path: filepath.Join(tb.TempDir(), "ledger.db"), Clock: clock})
	})
}

// A ledger that was taken over is there after a restart, and is sound.
func TestIngestLasts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, sqlite.Options{Path: path, Clock: time.Now})
	if err := s.Ingest(t.Context(), fleeting(20_000)); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	again := open(t, sqlite.Options{Path: path, Clock: time.Now})
	if n, err := readAll(t.Context(), again); n != 20_000 || err != nil {
		t.Errorf("read %d events and error %v, want 20000", n, err)
	}
	if err := again.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	alone := open(t, sqlite.Options{Path: path, ReadOnly: true})
	if err := alone.Ingest(t.Context(), fleeting(1)); !errors.Is(err, sqlite.ErrReadOnly) {
		t.Errorf("a read-only store: got error %v, want ErrReadOnly", err)
	}
}

// Close ends the taking over of a ledger, of which nothing is kept.
func TestCloseEndsIngest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, sqlite.Options{Path: path, Clock: time.Now})
	closed := make(chan error, 1)
	err := s.Ingest(t.Context(), func(yield func(eventstore.Stored, error) bool) {
		n := 0
		for e, err := range fleeting(1 << 30) {
			if n++; n == 100 {
				go func() { closed <- s.Close() }()
			}
			if !yield(e, err) {
				return
			}
		}
	})
	if !errors.Is(err, eventstore.ErrClosed) {
		t.Errorf("ingest: got error %v, want ErrClosed", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	again := open(t, sqlite.Options{Path: path, Clock: time.Now})
	if n, err := readAll(t.Context(), again); n != 0 || err != nil {
		t.Errorf("%d events were kept, error %v", n, err)
	}
}

// fleeting is a ledger of n events that is made as it is read.
func fleeting(n int) iter.Seq2[eventstore.Stored, error] {
	return func(yield func(eventstore.Stored, error) bool) {
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		for i := range n {
			e := eventstore.Stored{Position: eventstore.Position(i + 1), RecordedAt: at, ID: event.ID{UUID: named(2, i)},
				Stream: event.Case(named(1, i/10*10)), Revision: eventstore.Revision(i%10 + 1), Body: make([]byte, 300)}
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestStoreUnderFaults(t *testing.T) {
	storetest.Faults(t, func(tb testing.TB, clock func() time.Time) (eventstore.Store, func(int, storetest.Fault)) {
		s := open(tb, sqlite.Options{Path: filepath.Join(tb.TempDir(), "ledger.db"), Clock: clock})
		return s, s.Inject
	})
}

func open(tb testing.TB, o sqlite.Options) *sqlite.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), o)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() { mustClose(tb, s) })
	return s
}

func mustClose(tb testing.TB, s *sqlite.Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

// fill makes a database with n events, ten to a stream, and closes it.
func fill(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	extend(t, s, 0, n)
	mustClose(t, s)
	return path
}

func extend(t *testing.T, s *sqlite.Store, from, n int) {
	t.Helper()
	for i := from; i < from+n; i += 10 {
		var batch []eventstore.Event
		for j := i; j < min(i+10, from+n); j++ {
			batch = append(batch, eventstore.Event{ID: event.ID{UUID: named(2, j)}, Body: []byte(fmt.Sprint("event ", j))})
		}
		if _, err := s.Append(t.Context(), event.Case(named(1, i)), 0, batch); err != nil {
			t.Fatal(err)
		}
	}
}

func readAll(ctx context.Context, s *sqlite.Store) (n int, err error) {
	for _, err := range s.ReadAll(ctx, 0) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func TestReopened(t *testing.T) {
	t.Parallel()
	path := fill(t, 25)
	clock := func() time.Time { return time.Unix(1, 0) }
	s := open(t, sqlite.Options{Path: path, Clock: clock})
	if head, err := s.Head(t.Context()); head != 25 || err != nil {
		t.Errorf("head: got %d and error %v, want 25", head, err)
	}
	extend(t, s, 30, 10)
	var last time.Time
	for e, err := range s.ReadAll(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.RecordedAt.Before(last) {
			t.Errorf("position %d goes back in time after a restart", e.Position)
		}
		last = e.RecordedAt
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	mustClose(t, s)
	for _, suffix := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a closed store leaves %s behind (error %v): the file alone is not the ledger", suffix, err)
		}
	}
}

func TestPathsAreTakenLiterally(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "50% of a ledger?mode=memory&x#1 é.db")
	s := open(t, sqlite.Options{Path: path, Clock: time.Now})
	extend(t, s, 0, 1)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the database has mode %o, want 600", got)
	}
}

func TestOneWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	first := open(t, sqlite.Options{Path: path, Clock: time.Now})
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: p, Clock: time.Now}); !errors.Is(err, sqlite.ErrInUse) {
			t.Errorf("a second writer: got error %v, want ErrInUse", err)
		}
	}
	extend(t, first, 0, 10)
	mustClose(t, first)
	second := open(t, sqlite.Options{Path: path, Clock: time.Now})
	extend(t, second, 10, 10)
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	path := fill(t, 30)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	alone := open(t, sqlite.Options{Path: path, ReadOnly: true})
	if n, err := readAll(t.Context(), alone); n != 30 || err != nil {
		t.Errorf("read %d events and error %v, want 30", n, err)
	}
	if err := alone.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	_, err = alone.Append(t.Context(), event.Policy, 0, []eventstore.Event{{ID: event.ID{UUID: named(3)}}})
	if !errors.Is(err, sqlite.ErrReadOnly) {
		t.Errorf("append: got error %v, want ErrReadOnly", err)
	}
	mustClose(t, alone)
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a read-only store changed the file (error %v)", err)
	}

	server := open(t, sqlite.Options{Path: path, Clock: time.Now})
	beside := open(t, sqlite.Options{Path: path, ReadOnly: true})
	for i := range 3 {
		woken := make(chan error)
		go func() {
			head, err := beside.Wait(t.Context(), eventstore.Position(30+10*i))
			if err == nil && head <= eventstore.Position(30+10*i) {
				err = fmt.Errorf("woken at %d", head)
			}
			woken <- err
		}()
		extend(t, server, 30+10*i, 10)
		if err := <-woken; err != nil {
			t.Errorf("wait: %v", err)
		}
		if n, err := readAll(t.Context(), beside); n != 40+10*i || err != nil {
			t.Errorf("read %d events and error %v, want %d", n, err, 40+10*i)
		}
	}
	mustClose(t, server)
	if n, err := readAll(t.Context(), beside); n != 60 || err != nil {
		t.Errorf("after the server has left: read %d events and error %v, want 60", n, err)
	}
}

func TestReadOnlyMakesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: got error %v, want that it does not exist", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}); !errors.Is(err, sqlite.ErrForeign) {
		t.Errorf("an empty file: got error %v, want ErrForeign", err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); len(files) != 1 || err != nil {
		t.Errorf("%d files are left (error %v), want the one", len(files), err)
	}
}

// A full disk stops appends, says so truly, and is over when there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := open(t, sqlite.Options{Path: filepath.Join(t.TempDir(), "ledger.db"), Clock: time.Now})
	extend(t, s, 0, 10)
	if err := s.FillDisk(t.Context()); err != nil {
		t.Fatal(err)
	}
	batch := []eventstore.Event{{ID: event.ID{UUID: named(3)}, Body: make([]byte, eventstore.MaxBodyBytes)}}
	_, err := s.Append(t.Context(), event.Policy, 0, batch)
	if !errors.Is(err, eventstore.ErrUnavailable) || errors.Is(err, eventstore.ErrUnknown) {
		t.Errorf("append on a full disk: got error %v, want unavailable", err)
	}
	if n, err := readAll(t.Context(), s); n != 10 || err != nil {
		t.Errorf("read %d events and error %v, want 10", n, err)
	}
	if got, err := s.Append(t.Context(), event.Policy, 0, batch); err != nil || got.Last != 11 {
		t.Errorf("append with room again: got %+v and error %v, want position 11", got, err)
	}
}

// tamper changes a database as nothing in this program would.
func tamper(statements ...string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		db.SetMaxOpenConns(1)
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}
}

func overwrite(at func(size int64) int64, with []byte) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if with == nil {
			err = f.Truncate(at(info.Size()))
		} else {
			_, err = f.WriteAt(with, at(info.Size()))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// flipID changes one bit of an event's id in its row, which its stream's id
// follows, and not in the index of ids.
func flipID(n int) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		id, stream := named(2, n), event.Case(named(1, n/10*10)).Bytes()
		row := append(id[:], stream[:]...)
		flipped := bytes.Clone(row)
		flipped[0] ^= 1
		if err := os.WriteFile(path, bytes.ReplaceAll(file, row, flipped), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusedAtStart(t *testing.T) {
	t.Parallel()
	const copied = "CREATE TABLE spare AS SELECT * FROM events; DROP TABLE events; "
	cases := []struct {
		name  string
		spoil func(*testing.T, string)
		want  error
		says  string
	}{
		{"a newer database", tamper("PRAGMA user_version = 2"), sqlite.ErrNewer, "2"},
		{"no version", tamper("PRAGMA user_version = 0"), sqlite.ErrDamaged, "version"},
		{"another program's", tamper("PRAGMA application_id = 7"), sqlite.ErrForeign, "0x7"},
		{"not a database", overwrite(func(int64) int64 { return 0 }, []byte("This is a letter.")), sqlite.ErrDamaged, "not a database"},
		{"cut short", overwrite(func(size int64) int64 { return size - 4096 }, nil), sqlite.ErrDamaged, "malformed"},
		{"a page overwritten", overwrite(func(int64) int64 { return 4096 }, make([]byte, 4096)), sqlite.ErrDamaged, "malformed"},
		{"an event missing", tamper("DELETE FROM events WHERE position = 25"), sqlite.ErrDamaged, "gaps"},
		{"the first event missing", tamper("DELETE FROM events WHERE position = 1"), sqlite.ErrDamaged, "gaps"},
		{"an event from the past", tamper("UPDATE events SET recorded_at = 0 WHERE position = 20"), sqlite.ErrDamaged, "decrease"},
		{"a stream that ran ahead", tamper("UPDATE events SET revision = 99 WHERE position = 29"), sqlite.ErrDamaged, "stream"},
		{"no unique ids", tamper(copied + `CREATE TABLE events (
	position INTEGER PRIMARY KEY,
	recorded_at INTEGER NOT NULL,
	event_id BLOB NOT NULL,
	stream BLOB NOT NULL,
	revision INTEGER NOT NULL,
	body BLOB NOT NULL,
	UNIQUE (stream, revision)
) STRICT; INSERT INTO events SELECT * FROM spare; DROP TABLE spare`), sqlite.ErrDamaged, "missing or altered"},
		{"no table", tamper("DROP TABLE events"), sqlite.ErrDamaged, "missing"},
		{"a trigger", tamper("CREATE TRIGGER t BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END"), sqlite.ErrDamaged, "not ours"},
	}
	for _, c := range cases {
		for _, readOnly := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, read-only %v", c.name, readOnly), func(t *testing.T) {
				t.Parallel()
				path := fill(t, 30)
				c.spoil(t, path)
				s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Clock: time.Now, ReadOnly: readOnly})
				if err == nil {
					mustClose(t, s)
				}
				if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("open: got error %v, want %v that says %q", err, c.want, c.says)
				}
			})
		}
	}
}

// What lies too far back to be looked at when the store is opened is found by
// a check, and by whoever reads it.
func TestDamageFarBack(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil    func(*testing.T, string)
		readable int // events that can be read before the damage shows; -1: all
	}{
		"an event missing":    {tamper("DELETE FROM events WHERE position = 5"), 4},
		"a stream with a gap": {tamper("UPDATE events SET revision = 99 WHERE position = 10"), -1},
		"a stream out of order": {tamper("UPDATE events SET revision = -revision WHERE position IN (1, 2)",
			"UPDATE events SET revision = 2 WHERE position = 1", "UPDATE events SET revision = 1 WHERE position = 2"), -1},
		"time that runs back":       {tamper("UPDATE events SET recorded_at = 0 WHERE position = 7"), -1},
		"a short id":                {tamper("UPDATE events SET event_id = x'00' WHERE position = 5"), 4},
		"a stream of no kind":       {tamper("UPDATE events SET stream = zeroblob(16) WHERE position = 5"), 4},
		"a row and its index apart": {flipID(5), -1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := fill(t, 1200)
			c.spoil(t, path)
			s := open(t, sqlite.Options{Path: path, Clock: time.Now})
			if err := s.Check(t.Context()); !errors.Is(err, sqlite.ErrDamaged) {
				t.Errorf("check: got error %v, want damaged", err)
			}
			n, err := readAll(t.Context(), s)
			if c.readable >= 0 && (n != c.readable || !errors.Is(err, sqlite.ErrDamaged)) {
				t.Errorf("read: got %d events and error %v, want %d and damaged", n, err, c.readable)
			}
		})
	}
}

// A ledger whose end is not whole is opened for a verification alone.
func TestADamagedEndIsReadByAVerification(t *testing.T) {
	t.Parallel()
	path := fill(t, 30)
	tamper("DELETE FROM events WHERE position = 25")(t, path)
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("opened for anybody: %v", err)
	}
	s := open(t, sqlite.Options{Path: path, ReadOnly: true, Damaged: true})
	if n, err := readAll(t.Context(), s); n != 24 || !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("read %d events and error %v, want 24 and damaged", n, err)
	}
}

func TestStreamWithAGapIsNotRead(t *testing.T) {
	t.Parallel()
	path := fill(t, 1200)
	tamper("UPDATE events SET revision = 99 WHERE position = 5")(t, path)
	s := open(t, sqlite.Options{Path: path, Clock: time.Now})
	var last error
	n := 0
	for _, err := range s.ReadStream(t.Context(), event.Case(named(1, 0)), 0) {
		if last = err; err == nil {
			n++
		}
	}
	if n != 4 || !errors.Is(last, sqlite.ErrDamaged) {
		t.Errorf("read %d events and error %v, want 4 and damaged", n, last)
	}
}

// Close answers every append that was accepted, and truly.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, sqlite.Options{Path: path, Clock: time.Now})
	const writers = 32
	outcomes := make(chan error, writers)
	began := make(chan struct{}, writers)
	for w := range writers {
		go func() {
			began <- struct{}{}
			_, err := s.Append(context.Background(), event.Case(named(1, w)), 0, []eventstore.Event{{ID: event.ID{UUID: named(2, w)}}})
			outcomes <- err
		}()
	}
	for range writers / 2 {
		<-began
	}
	mustClose(t, s)
	recorded := 0
	for range writers {
		switch err := <-outcomes; {
		case err == nil:
			recorded++
		case !errors.Is(err, eventstore.ErrClosed):
			t.Errorf("append while closing: got error %v", err)
		}
	}
	again := open(t, sqlite.Options{Path: path, Clock: time.Now})
	if n, err := readAll(t.Context(), again); n != recorded || err != nil {
		t.Errorf("%d events are recorded (error %v), %d were acknowledged", n, err, recorded)
	}
}
