package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// chunk is how many events one statement inserts when that many are at hand.
const chunk = 16

// writer is the one connection that writes. It is used by whoever holds the
// sequencer's lock for it.
//
// position, at and heads say what the committed ledger and the transaction
// under way hold together. When that transaction fails they are taken back or
// forgotten; when the connection is in doubt it is dropped, and the next group
// opens another and reads them again.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	ready bool // conn is usable and the fields below are true

	begin, commit, rollback *sql.Stmt
	insert, insertMany      *sql.Stmt
	head, find, span        *sql.Stmt
	prepared                []*sql.Stmt // all of the above

	position eventstore.Position
	at       int64 // µs; recordedAt of the last event
	heads    heads
	pending  []any // arguments of the rows not yet inserted, width each

	// committing commits; a test puts faults in its way.
	committing func(commit func() error) error
}

// width is the number of columns of an event.
const width = 6

func (w *writer) open(ctx context.Context, fresh bool) (err error) {
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return opening(err)
	}
	if fresh {
		if err := create(ctx, w.conn); err != nil {
			return err
		}
	}
	row := "(?,?,?,?,?,?)"
	for into, query := range map[**sql.Stmt]string{
		&w.begin:      "BEGIN IMMEDIATE",
		&w.commit:     "COMMIT",
		&w.rollback:   "ROLLBACK",
		&w.insert:     "INSERT INTO events (position, recorded_at, event_id, stream, revision, body) VALUES " + row,
		&w.insertMany: "INSERT INTO events (position, recorded_at, event_id, stream, revision, body) VALUES " + row + strings.Repeat(","+row, chunk-1),
		&w.head:       "SELECT coalesce(max(revision), 0) FROM events WHERE stream = ?",
		&w.find:       "SELECT stream, revision FROM events WHERE event_id = ?",
		&w.span:       "SELECT position, recorded_at, event_id FROM events WHERE stream = ? AND revision BETWEEN ? AND ? ORDER BY revision",
	} {
		if *into, err = w.conn.PrepareContext(ctx, query); err != nil {
			return opening(err)
		}
		w.prepared = append(w.prepared, *into)
	}
	err = w.conn.QueryRowContext(ctx, "SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 1").Scan(&w.position, &w.at)
	if errors.Is(err, sql.ErrNoRows) {
		w.position, w.at, err = 0, math.MinInt64, nil
	}
	if err != nil {
		return opening(err)
	}
	w.ready = true
	return nil
}

// reopen makes a connection after a drop.
func (w *writer) reopen() error {
	err := w.open(context.Background(), false)
	if err != nil {
		w.drop()
	}
	return err
}

// drop gives the connection up. Whatever transaction it holds ends with it.
func (w *writer) drop() {
	w.ready = false
	w.heads.forget()
	if w.conn != nil {
		// What fails here fails on a connection that is already lost.
		_ = w.finalize()
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // so the pool does not keep it
		w.conn = nil
	}
}

// finalize closes the statements: SQLite ends no connection, and frees no
// lock, while one is left.
func (w *writer) finalize() error {
	var errs []error
	for _, s := range w.prepared {
		errs = append(errs, s.Close())
	}
	w.prepared = nil
	return errors.Join(errs...)
}

func (w *writer) close() error {
	w.ready = false
	err := w.finalize()
	if w.conn != nil {
		err = errors.Join(err, w.conn.Close())
	}
	return errors.Join(err, w.db.Close())
}

// write sets the outcome of every request of a group. Nothing here is bound
// to a caller's context: a commit is never interrupted.
func (w *writer) write(group []*request, now int64) {
	careful := false
	for {
		err := w.try(group, now, careful)
		switch {
		case err == nil:
			return
		case code(err) == codeConstraint && !careful:
			careful = true // some id is recorded: find out whose
			continue
		}
		for _, r := range group {
			r.appended, r.err = eventstore.Appended{}, refused(err)
		}
		return
	}
}

// try does a group in one transaction. An error says that nothing was
// recorded and the requests have no outcome yet. Without care, ids are left
// for the database to find recorded, as an error of the whole group.
func (w *writer) try(group []*request, now int64, careful bool) error {
	if !w.ready {
		if err := w.reopen(); err != nil {
			return err
		}
	}
	position, at := w.position, w.at
	w.pending = w.pending[:0]
	if err := exec(w.begin); err != nil {
		w.drop()
		return err
	}
	err := w.place(group, max(now, at), careful)
	if err != nil {
		w.position, w.at = position, at
		w.heads.forget()
		if rollback := exec(w.rollback); rollback != nil || code(err) != codeConstraint {
			w.drop()
		}
		return err
	}
	commit := func() error { return exec(w.commit) }
	if w.committing != nil {
		err = w.committing(commit)
	} else {
		err = commit()
	}
	if err != nil {
		w.drop()
		for _, r := range group {
			if r.err == nil {
				r.err = uncommitted(err)
			} else {
				r.err = refused(err) // what it clashed with may not be there
			}
			r.appended = eventstore.Appended{}
		}
	}
	return nil
}

func exec(s *sql.Stmt, args ...any) error {
	_, err := s.ExecContext(context.Background(), args...)
	return err
}

// place gives each request its outcome as it will be once the transaction is
// committed, and inserts the events.
func (w *writer) place(group []*request, at int64, careful bool) error {
	for _, r := range group {
		r.appended, r.err = eventstore.Appended{}, nil
		if err := r.ctx.Err(); err != nil {
			r.err = fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
			continue
		}
		head, err := w.headOf(r.stream)
		if err != nil {
			return err
		}
		fits := r.expected == head || r.expected == eventstore.AtEnd
		if !fits || careful {
			known, err := w.known(r)
			if err != nil {
				return err
			}
			if !fits && !known {
				r.err = eventstore.ErrConflict
			}
			if !fits || known {
				continue
			}
		}
		if err := w.add(r, head, at); err != nil {
			return err
		}
	}
	return w.flush()
}

func (w *writer) headOf(stream event.StreamID) (eventstore.Revision, error) {
	if n, ok := w.heads.get(stream); ok {
		return n, nil
	}
	if err := w.flush(); err != nil {
		return 0, err
	}
	key := stream.Bytes()
	var n eventstore.Revision
	if err := w.head.QueryRowContext(context.Background(), key[:]).Scan(&n); err != nil {
		return 0, err
	}
	w.heads.set(stream, n)
	return n, nil
}

// add takes a request's events into the transaction.
func (w *writer) add(r *request, head eventstore.Revision, at int64) error {
	key := r.stream.Bytes()
	for i := range r.events {
		w.position++
		head++
		e := &r.events[i]
		w.pending = append(w.pending, int64(w.position), at, e.ID.UUID[:], key[:], int64(head), e.Body)
		if len(w.pending) == chunk*width {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	w.at = at
	w.heads.set(r.stream, head)
	r.appended = eventstore.Appended{Last: w.position, Revision: head, RecordedAt: time.UnixMicro(at).UTC()}
	return nil
}

// flush inserts what is pending.
func (w *writer) flush() error {
	rows := w.pending
	w.pending = w.pending[:0]
	if len(rows) == chunk*width {
		return exec(w.insertMany, rows...)
	}
	for ; len(rows) > 0; rows = rows[width:] {
		if err := exec(w.insert, rows[:width]...); err != nil {
			return err
		}
	}
	return nil
}

// known looks the ids of a request up. If any is recorded it gives the
// request its outcome: that of a retry, or ErrDuplicate.
func (w *writer) known(r *request) (bool, error) {
	if err := w.flush(); err != nil {
		return false, err
	}
	for i, e := range r.events {
		var stream []byte
		var revision eventstore.Revision
		err := w.find.QueryRowContext(context.Background(), e.ID.UUID[:]).Scan(&stream, &revision)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue
		case err != nil:
			return false, err
		}
		r.err = eventstore.ErrDuplicate
		key := r.stream.Bytes()
		if i > 0 || string(stream) != string(key[:]) || r.expected != eventstore.AtEnd && r.expected != revision-1 {
			return true, nil
		}
		return true, w.repeat(r, key, revision)
	}
	return false, nil
}

// repeat answers a request as a retry if its ids are those recorded from a
// revision on.
func (w *writer) repeat(r *request, key [event.StreamBytes]byte, first eventstore.Revision) (err error) {
	last := first + eventstore.Revision(len(r.events)) - 1
	rows, err := w.span.QueryContext(context.Background(), key[:], int64(first), int64(last))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	matched := 0
	for rows.Next() {
		var position eventstore.Position
		var at int64
		var id []byte
		if err := rows.Scan(&position, &at, &id); err != nil {
			return err
		}
		if string(id) != string(r.events[matched].ID.UUID[:]) {
			return rows.Err()
		}
		if matched++; matched == len(r.events) {
			r.appended = eventstore.Appended{Last: position, Revision: last, RecordedAt: time.UnixMicro(at).UTC(), Repeated: true}
			r.err = nil
		}
	}
	return rows.Err()
}
