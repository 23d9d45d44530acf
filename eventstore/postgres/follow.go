package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/eventstore"
)

// pollEvery is how often the head is looked at when nobody says that it moved,
// and standbyPollEvery on a standby, where nobody says so.
const (
	pollEvery        = time.Second
	standbyPollEvery = 100 * time.Millisecond
)

// followLock is the key of the advisory lock that every follower shares:
// "caseledf". Who counts one holder is alone, and need tell nobody; a process
// that came since looks for itself within pollEvery.
const followLock = 0x636173656c656466

// follower keeps the signal up to what other processes append: it listens, and
// looks once in a while in case a word was lost.
type follower struct {
	store  *Store
	config *pgconn.Config
	every  time.Duration
	told   eventstore.Position // the last head that was announced
}

func (f *follower) run(ctx context.Context) {
	defer close(f.store.followed)
	for ctx.Err() == nil {
		// What ends it is a connection that was lost, or one to a server that is
		// not the one to write to any more; waiting goes on meanwhile.
		_ = f.follow(ctx)
		f.alone(false)
		select {
		case <-ctx.Done():
		case <-time.After(pollEvery / 4):
		}
	}
}

func (f *follower) follow(ctx context.Context) error {
	config := f.config.Copy()
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		if head, err := strconv.ParseUint(n.Payload, 10, 63); err == nil {
			f.told = eventstore.Position(head)
		}
	}
	connecting, cancel := context.WithTimeout(ctx, clientBound)
	defer cancel()
	conn, err := pgconn.ConnectConfig(connecting, config)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	f.every = pollEvery
	if _, err := query(connecting, conn, "LISTEN "+channel); answered(err) {
		f.every = standbyPollEvery
	} else if err != nil {
		return err
	}
	if _, err := query(connecting, conn, "SELECT pg_advisory_lock_shared($1::bigint)", strconv.Itoa(followLock)); err != nil {
		return err
	}
	for {
		if err := f.look(ctx, conn); err != nil {
			return err
		}
		if err := f.wait(ctx, conn); err != nil {
			return err
		}
	}
}

// wait returns when somebody else has appended, or it is time to look.
func (f *follower) wait(ctx context.Context, conn *pgconn.PgConn) error {
	waiting, cancel := context.WithTimeout(ctx, f.every)
	defer cancel()
	for {
		err := conn.WaitForNotification(waiting)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case pgconn.Timeout(err):
			return nil
		case err != nil:
			return err
		case f.told > f.store.signal.current():
			return nil
		}
	}
}

// look raises the signal to the head, and finds out who else follows.
func (f *follower) look(ctx context.Context, conn *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(ctx, clientBound)
	defer cancel()
	rows, err := query(ctx, conn, `
SELECT position, current_setting('transaction_read_only'), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint << 32 | objid::bigint = $1::bigint)
FROM caseledger.head`, strconv.Itoa(followLock))
	switch {
	case err != nil:
		return err
	case len(rows) != 1:
		return errNoHead
	case !f.store.options.ReadOnly && rows[0][1] != "off":
		f.store.leave()
		return errReadOnlySession
	}
	f.alone(rows[0][2] == "1")
	head, err := strconv.ParseUint(rows[0][0], 10, 63)
	if err != nil {
		return fmt.Errorf("%w: the head row is at %s", ErrDamaged, rows[0][0])
	}
	f.store.signal.raise(eventstore.Position(head))
	return nil
}

func (f *follower) alone(yes bool) {
	if f.store.seq != nil {
		f.store.seq.writer.alone.Store(yes)
	}
}

// leave gives up every connection: the server takes no writes any more, and
// another does, or will.
func (s *Store) leave() {
	s.pool.Reset()
	if s.seq != nil {
		s.seq.writer.doubt.Store(true)
	}
}
