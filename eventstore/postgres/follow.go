package postgres

import (
	"context"
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
	switch err := conn.ExecParams(connecting, "LISTEN "+channel, nil, nil, nil, nil).Read().Err; {
	case answered(err):
		f.every = standbyPollEvery
	case err != nil:
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

// look raises the signal to the head.
func (f *follower) look(ctx context.Context, conn *pgconn.PgConn) error {
	ctx, cancel := context.WithTimeout(ctx, clientBound)
	defer cancel()
	result := conn.ExecParams(ctx, "SELECT position, current_setting('transaction_read_only') = 'on' FROM caseledger.head",
		nil, nil, nil, binaryFormat).Read()
	head, err := headOf(result)
	if err != nil {
		return err
	}
	if readOnly := result.Rows[0][1]; !f.store.options.ReadOnly && len(readOnly) == 1 && readOnly[0] == 1 {
		f.store.leave()
		return errReadOnlySession
	}
	f.store.signal.raise(head)
	return nil
}

// leave gives up every connection: the server takes no writes any more, and
// another does, or will.
func (s *Store) leave() {
	s.pool.Reset()
	if s.seq != nil {
		s.seq.writer.doubt.Store(true)
	}
}
