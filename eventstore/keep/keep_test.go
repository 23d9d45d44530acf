package keep_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the driver

	"caseledger/domain/event"
	"caseledger/eventstore/keep"
	"caseledger/eventstore/reactor"
)

func id(n byte) event.UUID { return event.UUID{15: n} }

func person(n byte) reactor.Subject { return reactor.Subject{Kind: reactor.Person, ID: id(n)} }

func organisation(n byte) reactor.Subject {
	return reactor.Subject{Kind: reactor.Organisation, ID: id(n)}
}

func agreement(n byte) reactor.Subject { return reactor.Subject{Kind: reactor.Agreement, ID: id(n)} }

func timers(n byte) reactor.Subject { return reactor.Subject{Kind: reactor.Timers, ID: id(n)} }

var noon = time.Date(2026, 2, 4, 12, 0, 0, 0, time.UTC)

// subject is a keep under test, taken.
type subject struct {
	reactor.Keep
	t     *testing.T
	fence reactor.Fence
	to    event.Position
}

func (s *subject) take(judges string) event.Position {
	s.t.Helper()
	fence, to, err := s.Take(s.t.Context(), judges)
	if err != nil {
		s.t.Fatalf("take: %v", err)
	}
	s.fence, s.to = fence, to
	return to
}

func (s *subject) scanned(w reactor.Window) {
	s.t.Helper()
	if err := s.Scanned(s.t.Context(), s.fence, s.to, w); err != nil {
		s.t.Fatalf("scanned: %v", err)
	}
	s.to = w.To
}

func (s *subject) settled(of ...reactor.Settled) {
	s.t.Helper()
	if err := s.Settle(s.t.Context(), s.fence, of); err != nil {
		s.t.Fatalf("settle: %v", err)
	}
}

func (s *subject) due(at time.Time, n int, want ...reactor.Subject) {
	s.t.Helper()
	same(s.t, "due", want)(s.Due(s.t.Context(), at, true, n))
}

// next checks when a subject is due, of all and of those that are judged.
func (s *subject) next(all, judged time.Time) {
	s.t.Helper()
	for of, want := range map[bool]time.Time{true: all, false: judged} {
		if next, due, err := s.Next(s.t.Context(), of); !next.Equal(want) || !due || err != nil {
			s.t.Errorf("next, of all %v: got %v, %v, %v, want %v", of, next, due, err, want)
		}
	}
}

func (s *subject) status(want reactor.Status) {
	s.t.Helper()
	same(s.t, "status", want)(s.Status(s.t.Context()))
}

func same[T any](t *testing.T, what string, want T) func(T, error) {
	t.Helper()
	return func(got T, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
}

// promises are the sentences written on [reactor.Keep].
var promises = []struct {
	name string
	test func(*subject)
}{
	{"a fresh one begins before the first event", func(s *subject) {
		if s.to != 0 {
			s.t.Errorf("begins at %d", s.to)
		}
		s.status(reactor.Status{})
		if _, due, err := s.Next(s.t.Context(), true); due || err != nil {
			s.t.Errorf("somebody is due: %v, %v", due, err)
		}
	}},
	{"a window moves the checkpoint and makes due whom it touched", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(2), person(1), organisation(1)}, Around: true})
		s.status(reactor.Status{To: 5, Around: true, Known: 3, Waiting: 3})
		s.due(time.Time{}, 9, person(1), person(2), organisation(1))
		s.due(noon, 2, person(1), person(2))
		if to := s.take("a"); to != 5 {
			s.t.Errorf("goes on at %d, want 5", to)
		}
		s.scanned(reactor.Window{To: 6})
		s.status(reactor.Status{To: 6, Around: true, Known: 3, Waiting: 3})
	}},
	{"a checkpoint elsewhere changes nothing", func(s *subject) {
		s.scanned(reactor.Window{To: 5})
		err := s.Scanned(s.t.Context(), s.fence, 4, reactor.Window{To: 9, Touched: []reactor.Subject{person(1)}})
		if !errors.Is(err, reactor.ErrFenced) {
			s.t.Errorf("got %v, want ErrFenced", err)
		}
		s.status(reactor.Status{To: 5})
	}},
	{"an earlier fence changes nothing", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1)}})
		s.settled(reactor.Settled{Subject: person(1)})
		old := s.fence
		s.take("a")
		for what, err := range map[string]error{
			"scanned":   s.Scanned(s.t.Context(), old, 5, reactor.Window{To: 9, Touched: []reactor.Subject{person(1)}}),
			"settle":    s.Settle(s.t.Context(), old, []reactor.Settled{{Subject: person(1), Next: noon}}),
			"everybody": s.Everybody(s.t.Context(), old),
			"no fence":  s.Everybody(s.t.Context(), 0),
		} {
			if !errors.Is(err, reactor.ErrFenced) {
				s.t.Errorf("%s: got %v, want ErrFenced", what, err)
			}
		}
		s.status(reactor.Status{To: 5, Known: 1})
		s.due(noon.AddDate(9, 0, 0), 9)
	}},
	{"settling replaces what is on the agenda", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1), person(2), person(3)}})
		s.settled(reactor.Settled{Subject: person(1), Next: noon.Add(2 * time.Microsecond)}, reactor.Settled{Subject: person(2), Next: noon},
			reactor.Settled{Subject: person(3)}, reactor.Settled{Subject: organisation(4), Next: noon})
		s.due(noon.Add(-time.Microsecond), 9)
		s.due(noon, 9, person(2), organisation(4))
		s.due(noon.Add(time.Microsecond), 9, person(2), organisation(4))
		s.due(noon.Add(2*time.Microsecond), 9, person(2), organisation(4), person(1))
		s.next(noon, noon)
		s.scanned(reactor.Window{To: 6, Touched: []reactor.Subject{person(3)}})
		s.due(noon, 1, person(3)) // those the ledger says more of come first
		s.next(time.Time{}, time.Time{})
		s.status(reactor.Status{To: 6, Known: 4, Waiting: 1})
	}},
	{"what is not judged is due only to those who want all", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{agreement(1), person(1)}})
		same(s.t, "judged", []reactor.Subject{person(1)})(s.Due(s.t.Context(), noon, false, 9))
		s.due(noon, 9, person(1), agreement(1))
		s.status(reactor.Status{To: 5, Known: 1, Waiting: 1})
		s.settled(reactor.Settled{Subject: timers(1), Next: noon}, reactor.Settled{Subject: agreement(1), Next: noon.Add(time.Second)},
			reactor.Settled{Subject: person(1), Next: noon.Add(time.Minute)})
		s.next(noon, noon.Add(time.Minute))
		s.due(noon.Add(time.Second), 9, timers(1), agreement(1))
		s.status(reactor.Status{To: 5, Known: 1})
	}},
	{"of a subject that is settled twice, the last counts", func(s *subject) {
		s.settled(reactor.Settled{Subject: timers(1), Next: noon}, reactor.Settled{Subject: timers(1), Next: noon.Add(time.Hour)})
		s.due(noon, 9)
		s.due(noon.Add(time.Hour), 9, timers(1))
	}},
	{"with everybody, agreements are due, and timers stay as they are", func(s *subject) {
		s.settled(reactor.Settled{Subject: timers(1), Next: noon}, reactor.Settled{Subject: agreement(1)}, reactor.Settled{Subject: person(1)})
		if err := s.Everybody(s.t.Context(), s.fence); err != nil {
			s.t.Fatal(err)
		}
		s.due(noon.Add(-time.Second), 9, person(1), agreement(1))
		s.due(noon, 9, person(1), agreement(1), timers(1))
	}},
	{"everybody is due again, and what was parked is forgotten", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1), person(2)}, Around: true,
			Parked: []reactor.Parked{{Stream: event.Access(id(9)), At: 3, Reason: "broken"}}})
		s.settled(reactor.Settled{Subject: person(1)}, reactor.Settled{Subject: person(2), Next: noon})
		if err := s.Everybody(s.t.Context(), s.fence); err != nil {
			s.t.Fatal(err)
		}
		s.status(reactor.Status{To: 5, Known: 2, Waiting: 2})
		same(s.t, "parked", []reactor.Parked(nil))(s.Parked(s.t.Context(), 9))
	}},
	{"other judges make everybody due, the same ones do not", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1), person(2)}, Around: true})
		s.settled(reactor.Settled{Subject: person(1)}, reactor.Settled{Subject: person(2), Next: noon})
		s.take("a")
		s.status(reactor.Status{To: 5, Around: true, Known: 2})
		s.take("b")
		s.status(reactor.Status{To: 5, Known: 2, Waiting: 2})
	}},
	{"looks are kept by person, once, in order", func(s *subject) {
		s.scanned(reactor.Window{To: 9, Looks: []reactor.Look{{Person: id(1), At: 9}, {Person: id(2), At: 4}, {Person: id(1), At: 3}, {Person: id(1), At: 3}}})
		same(s.t, "all", []event.Position{3, 9})(s.Looks(s.t.Context(), id(1), 99))
		same(s.t, "up to 8", []event.Position{3})(s.Looks(s.t.Context(), id(1), 8))
		same(s.t, "of nobody", []event.Position(nil))(s.Looks(s.t.Context(), id(3), 99))
	}},
	{"organisations are listed in a fixed order", func(s *subject) {
		s.scanned(reactor.Window{To: 9, Touched: []reactor.Subject{organisation(2), person(3), organisation(1)}})
		same(s.t, "organisations", []event.UUID{id(1), id(2)})(s.Organisations(s.t.Context()))
	}},
	{"who is parked stays so until the ledger says more", func(s *subject) {
		s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1), organisation(2), person(3)}})
		for n, by := range map[byte]reactor.Settled{1: {Subject: timers(1), Next: noon}, 2: {Subject: organisation(2)}} {
			by.Parked = &reactor.Parked{Stream: by.Stream(), At: event.Position(n), Reason: "broken"}
			s.settled(by)
		}
		both := []reactor.Parked{{Stream: event.Case(id(1)), At: 1, Reason: "broken"}, {Stream: event.StreamID{Kind: event.OrgStream, Of: id(2)}, At: 2, Reason: "broken"}}
		same(s.t, "parked", both)(s.Parked(s.t.Context(), 9))
		same(s.t, "one of them", both[:1])(s.Parked(s.t.Context(), 1))
		s.scanned(reactor.Window{To: 6, Touched: []reactor.Subject{person(1)}})
		same(s.t, "the other", both[1:])(s.Parked(s.t.Context(), 9))
		s.scanned(reactor.Window{To: 7, Touched: []reactor.Subject{organisation(2)}})
		same(s.t, "nobody", []reactor.Parked(nil))(s.Parked(s.t.Context(), 9))
	}},
	{"what is there twice counts once, and many are as good as few", func(s *subject) {
		var touched []reactor.Subject
		for n := range 1500 {
			touched = append(touched, reactor.Subject{Kind: reactor.Person, ID: event.UUID{13: byte(n % 700 >> 8), 14: byte(n % 700), 15: 1}})
		}
		parked := []reactor.Parked{{Stream: event.Case(id(1)), At: 3, Reason: "broken"}, {Stream: event.Case(id(1)), At: 4, Reason: "broken"}}
		s.scanned(reactor.Window{To: 5, Touched: touched, Parked: parked})
		s.status(reactor.Status{To: 5, Known: 700, Waiting: 700})
		same(s.t, "parked", parked[1:])(s.Parked(s.t.Context(), 9))
		s.scanned(reactor.Window{To: 6, Touched: append(touched, person(1))})
		same(s.t, "parked then", []reactor.Parked(nil))(s.Parked(s.t.Context(), 9))
	}},
	{"a context that has ended changes nothing", func(s *subject) {
		ended, end := context.WithCancel(s.t.Context())
		end()
		if err := s.Scanned(ended, s.fence, 0, reactor.Window{To: 5}); !errors.Is(err, context.Canceled) {
			s.t.Errorf("got %v, want the context's error", err)
		}
		s.status(reactor.Status{})
	}},
}

// keeps open an empty keep of each kind.
var keeps = map[string]func(*testing.T) reactor.Keep{
	"memory": func(*testing.T) reactor.Keep { return &keep.Memory{} },
	"sqlite": func(t *testing.T) reactor.Keep { return mustOpen(t, filepath.Join(t.TempDir(), "keep.db")) },
}

func TestKeeps(t *testing.T) {
	t.Parallel()
	for name, open := range keeps {
		for _, p := range promises {
			t.Run(name+"/"+p.name, func(t *testing.T) {
				t.Parallel()
				s := &subject{Keep: open(t), t: t}
				s.take("a")
				p.test(s)
			})
		}
	}
}

func mustOpen(t *testing.T, path string) *keep.Database {
	t.Helper()
	return opened(t)(keep.OpenSQLite(t.Context(), path))
}

func opened(t *testing.T) func(*keep.Database, error) *keep.Database {
	return func(k *keep.Database, err error) *keep.Database {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := k.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		return k
	}
}

// What was acknowledged is there when the file is opened again, also by
// another process beside the first.
func TestTheFileOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a keep#1?.db")
	first := &subject{Keep: mustOpen(t, path), t: t}
	first.take("a")
	first.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1)}, Looks: []reactor.Look{{Person: id(1), At: 2}}})
	second := &subject{Keep: mustOpen(t, path), t: t}
	if to := second.take("a"); to != 5 {
		t.Errorf("goes on at %d, want 5", to)
	}
	second.due(noon, 9, person(1))
	if err := first.Settle(t.Context(), first.fence, []reactor.Settled{{Subject: person(1)}}); !errors.Is(err, reactor.ErrFenced) {
		t.Errorf("the first one: got %v, want ErrFenced", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is elsewhere: %v", err)
	}
}

// A keep of another version is emptied; what is not a keep is left as it is.
func TestAnotherFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keep.db")
	s := &subject{Keep: mustOpen(t, path), t: t}
	s.take("a")
	s.scanned(reactor.Window{To: 5, Touched: []reactor.Subject{person(1)}})
	alter(t, path, "PRAGMA user_version = 99")
	s = &subject{Keep: mustOpen(t, path), t: t}
	if to := s.take("a"); to != 0 {
		t.Errorf("a newer file: goes on at %d, want from the beginning", to)
	}
	s.status(reactor.Status{})

	foreign := filepath.Join(t.TempDir(), "foreign.db")
	alter(t, foreign, "CREATE TABLE agenda (one)")
	if _, err := keep.OpenSQLite(t.Context(), foreign); !errors.Is(err, keep.ErrForeign) {
		t.Errorf("got %v, want ErrForeign", err)
	}
	alter(t, foreign, "INSERT INTO agenda VALUES (1)")
}

func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// What is remembered in a file is its owner's alone to read.
func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, open := range map[string]func(string) (io.Closer, error){
		"monitors": func(path string) (io.Closer, error) { return keep.OpenSQLite(t.Context(), path) },
		"relay":    func(path string) (io.Closer, error) { return keep.OpenRelaySQLite(t.Context(), path) },
		"numbers":  func(path string) (io.Closer, error) { return keep.OpenNumbers(t.Context(), path) },
	} {
		path := filepath.Join(folder, name)
		k, err := open(path)
		if err == nil {
			err = k.Close()
		}
		info, stat := os.Stat(path)
		if err != nil || stat != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, %v", name, info, err, stat)
		}
	}
}
