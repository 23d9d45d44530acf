package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/domain/event"
	"caseledger/eventstore"
)

// channel is where a group says that it was committed, with the head, while
// another process follows the ledger.
const channel = "caseledger"

// writeStatements are those of the writer, by the names they are prepared under.
//
// insert commits a group in one round trip. It takes the head row first, which
// no two transactions hold at a time, so that positions are in the order of
// commits and have no gaps; and it sets, for its transaction, that the commit
// waits for the disk, if that was unset since the session was made.
var writeStatements = map[string]string{
	"insert": `
WITH taken AS (
	UPDATE caseledger.head SET position = position + $1::bigint, recorded_at = greatest(recorded_at, $2::bigint)
	WHERE CASE WHEN current_setting('synchronous_commit') IN ('on', 'remote_apply') THEN true
		ELSE set_config('synchronous_commit', 'on', true) = 'on' END
	RETURNING position, recorded_at
), inserted AS (
	INSERT INTO caseledger.events (position, recorded_at, revision, event_id, stream, body)
	SELECT taken.position - $1::bigint + e.n, taken.recorded_at, e.revision, e.event_id, e.stream, e.body
	FROM taken, unnest($3::bigint[], $4::uuid[], $5::bytea[], $6::bytea[]) WITH ORDINALITY AS e (revision, event_id, stream, body, n)
)
SELECT position, recorded_at, CASE WHEN $7::boolean THEN pg_notify('` + channel + `', position::text) END FROM taken`,
	// last is the head row, held until the transaction ends.
	"last":  "SELECT position FROM caseledger.head FOR UPDATE",
	"heads": "SELECT s.stream, coalesce((SELECT max(e.revision) FROM caseledger.events e WHERE e.stream = s.stream), 0) FROM unnest($1::bytea[]) AS s (stream)",
	// tell says where the ledger ends.
	"tell": "SELECT pg_notify('" + channel + "', position::text) FROM caseledger.head",
	"find": "SELECT event_id, stream, revision, position, recorded_at FROM caseledger.events WHERE event_id = ANY ($1::uuid[])",
}

// writer is the one connection that appends. It is used by the sequencer's
// goroutine alone, but for doubt and alone.
type writer struct {
	config *pgconn.Config
	conn   *pgconn.PgConn // nil: to be made
	heads  heads          // by way of conn
	signal *signal
	bound  time.Duration // of a group
	notify bool          // the group under way tells other processes

	// doubt is set by whoever sees that the server may be the wrong one, and
	// alone by whoever sees that no other process follows the ledger.
	doubt, alone atomic.Bool
	// committing sends the statement that commits; a test puts faults in its way.
	committing func(send func() error) error
}

// connect makes sure that there is a connection.
func (w *writer) connect() error {
	if w.doubt.Swap(false) || w.conn != nil && w.conn.IsClosed() {
		w.drop()
	}
	if w.conn != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.bound)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, w.config)
	if err != nil {
		return unconnected{err}
	}
	if err := prepare(ctx, conn, writeStatements); err != nil {
		hangUp(conn)
		return unconnected{err}
	}
	w.conn = conn
	return nil
}

// limit bounds what is done over the connection until the function that it
// returns is called.
func (w *writer) limit() (end func()) {
	conn := w.conn.Conn()
	timer := time.AfterFunc(w.bound, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // what is under way fails
	return func() {
		if !timer.Stop() {
			w.doubt.Store(true)
		}
	}
}

// announce says where the ledger ends. What fails here is known to others within
// pollEvery all the same.
func (w *writer) announce() {
	if w.conn == nil || w.conn.IsClosed() {
		return
	}
	defer w.limit()()
	if _, err := w.run(context.Background(), "tell"); err != nil {
		w.drop()
	}
}

// drop gives the connection up, and what was known through it.
func (w *writer) drop() {
	w.heads.forget()
	if w.conn != nil {
		hangUp(w.conn)
		w.conn = nil
	}
}

func (w *writer) run(ctx context.Context, name string, params ...[]byte) ([][][]byte, error) {
	result := w.conn.ExecPrepared(ctx, name, params, binaryFormat, binaryFormat).Read()
	return result.Rows, result.Err
}

// maxTries bounds the tries of a group: in hope, with care, and again where a
// connection was lost before either.
const maxTries = 4

// unconnected marks the error of a connection that was not made.
type unconnected struct{ error }

func (u unconnected) Unwrap() error { return u.error }

// write sets the outcome of every request of a group. Nothing here is bound
// to a caller's context: a commit is never interrupted but by the bound. It
// returns an error where there is no server to write to.
// notify says whether other processes are to hear of it.
func (w *writer) write(group []*request, now int64, notify bool) error {
	w.notify = notify
	var err error
	careful, lost := false, false
	for range maxTries {
		if err = w.try(group, now, careful); err == nil {
			return nil
		}
		var open unsettled
		switch {
		case errors.As(err, &open):
			w.drop()
			for _, r := range group {
				r.appended, r.err = eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, named(open.error))
			}
			return nil
		case state(err) == uniqueViolation:
			w.heads.forget() // somebody else has appended, or an id is recorded
			careful = true
			continue
		case errors.As(err, new(unconnected)):
		case !answered(err) || state(err) == readOnlySession:
			w.drop()
			if !lost { // before anything was sent, or to a standby: try another once
				lost = true
				continue
			}
		}
		break
	}
	for _, r := range group {
		r.appended, r.err = eventstore.Appended{}, refused(err)
	}
	if errors.As(err, new(unconnected)) {
		return err
	}
	return nil
}

// try does a group in one transaction. An error says that nothing was
// recorded, unless it is unsettled, and that no request has an outcome yet.
func (w *writer) try(group []*request, now int64, careful bool) error {
	live := make([]*request, 0, len(group))
	for _, r := range group {
		r.appended, r.err = eventstore.Appended{}, nil
		if err := r.ctx.Err(); err != nil {
			r.err = fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
			continue
		}
		live = append(live, r)
	}
	if len(live) == 0 {
		return nil
	}
	if err := w.connect(); err != nil {
		return err
	}
	defer w.limit()()
	ctx := context.Background() // a context that can end costs a goroutine for every statement
	insert := w.tryHopefully
	if careful {
		insert = w.tryCarefully
	}
	p, err := insert(ctx, live, now)
	if err != nil {
		return err
	}
	for stream, head := range p.heads {
		w.heads.set(stream, head)
	}
	w.signal.raise(p.last)
	if len(p.misfits) > 0 {
		if err := w.answer(ctx, &p); err != nil {
			w.drop()
			for _, r := range p.misfits {
				r.appended, r.err = eventstore.Appended{}, refused(err)
			}
		}
	}
	return nil
}

// tryHopefully inserts a group by the heads that are remembered, in one
// statement. That no other process got ahead, and that no id is recorded, is
// left for the database to say.
func (w *writer) tryHopefully(ctx context.Context, group []*request, now int64) (plan, error) {
	p := place(group, knowledge{remembered: w.heads.get})
	if len(p.stale) > 0 {
		read, err := w.headsOf(ctx, p.stale)
		if err != nil {
			return p, err
		}
		p = place(group, knowledge{read: read, remembered: w.heads.get})
	}
	if p.rows == 0 {
		return p, nil
	}
	return p, w.commit(func() error { return w.insert(ctx, &p, now) })
}

// tryCarefully takes the head row, so that nobody else appends, and then looks
// at everything that a group rests on.
func (w *writer) tryCarefully(ctx context.Context, group []*request, now int64) (plan, error) {
	if err := w.exec(ctx, "BEGIN"); err != nil {
		return plan{}, err
	}
	p, err := w.placeCarefully(ctx, group)
	if err == nil && p.rows > 0 {
		err = w.insert(ctx, &p, now)
	}
	if err != nil {
		if rollback := w.exec(ctx, "ROLLBACK"); rollback != nil {
			w.drop()
		}
		return p, err
	}
	return p, w.commit(func() error { return w.exec(ctx, "COMMIT") })
}

func (w *writer) placeCarefully(ctx context.Context, group []*request) (plan, error) {
	if _, err := w.run(ctx, "last"); err != nil {
		return plan{}, err
	}
	streams := make([]event.StreamID, len(group))
	for i, r := range group {
		streams[i] = r.stream
	}
	read, err := w.headsOf(ctx, streams)
	if err != nil {
		return plan{}, err
	}
	found, err := w.find(ctx, group)
	if err != nil {
		return plan{}, err
	}
	ids := make(map[event.ID]bool, len(found))
	for id := range found {
		ids[id] = true
	}
	return place(group, knowledge{read: read, ids: ids}), nil
}

// commit sends what commits. A statement that the server refused did not.
func (w *writer) commit(send func() error) error {
	var err error
	if w.committing != nil {
		err = w.committing(send)
	} else {
		err = send()
	}
	if err == nil || answered(err) || errors.Is(err, errNoHead) || pgconn.SafeToRetry(err) {
		return err
	}
	return unsettled{err}
}

func (w *writer) exec(ctx context.Context, sql string) error {
	return w.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read().Err
}

// insert inserts the rows of a plan and sets the outcomes that they have once
// they are committed.
func (w *writer) insert(ctx context.Context, p *plan, now int64) error {
	revisions := newArray(oidInt8, p.rows, 8*p.rows)
	ids := newArray(oidUUID, p.rows, 16*p.rows)
	streams := newArray(oidBytea, p.rows, event.StreamBytes*p.rows)
	bodies := newArray(oidBytea, p.rows, p.bytes)
	for _, r := range p.fits {
		key := r.stream.Bytes()
		for i := range r.events {
			revisions.addInt8(int64(r.first) + int64(i))
			ids.add(r.events[i].ID.UUID[:])
			streams.add(key[:])
			bodies.add(r.events[i].Body)
		}
	}
	rows, err := w.run(ctx, "insert", int8Bytes(int64(p.rows)), int8Bytes(now),
		revisions.encoded(), ids.encoded(), streams.encoded(), bodies.encoded(), boolBytes(w.notify))
	if err != nil {
		return err
	}
	if len(rows) != 1 {
		return errNoHead
	}
	last, err := int8From(rows[0][0])
	if err != nil {
		return err
	}
	at, err := int8From(rows[0][1])
	if err != nil {
		return err
	}
	p.last = eventstore.Position(last)
	for _, r := range p.fits {
		r.appended = eventstore.Appended{
			Last:       p.last - eventstore.Position(p.rows-r.row),
			Revision:   r.first + eventstore.Revision(len(r.events)) - 1,
			RecordedAt: time.UnixMicro(at).UTC(),
		}
	}
	return nil
}

// headsOf reads how many events streams hold.
func (w *writer) headsOf(ctx context.Context, streams []event.StreamID) (map[event.StreamID]eventstore.Revision, error) {
	read := make(map[event.StreamID]eventstore.Revision, len(streams))
	keys := newArray(oidBytea, len(streams), event.StreamBytes*len(streams))
	for _, stream := range streams {
		key := stream.Bytes()
		keys.add(key[:])
	}
	rows, err := w.run(ctx, "heads", keys.encoded())
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		stream, err := streamFrom(row[0])
		if err != nil {
			return nil, err
		}
		n, err := int8From(row[1])
		if err != nil {
			return nil, err
		}
		read[stream] = eventstore.Revision(n)
	}
	return read, nil
}
