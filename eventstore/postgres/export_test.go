//go:build postgres

package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"caseledger/eventstore/storetest"
)

var errInjected = errors.New("postgres: injected: the connection was lost")

// Inject makes the n-th commit from now fail once. The store must be idle.
func (s *Store) Inject(n int, f storetest.Fault) {
	s.seq.writer.committing = func(send func() error) error {
		if n--; n != 0 {
			return send()
		}
		switch f {
		case storetest.Refused:
			return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "53100", Message: "injected"}
		case storetest.LostAfter:
			if err := send(); err != nil {
				return err
			}
		}
		return errInjected
	}
}

// CommitSetting sets synchronous_commit in the session that appends, and
// returns what it is in the middle of an append. The store must be idle.
func (s *Store) CommitSetting(ctx context.Context, session string) (string, error) {
	w := s.seq.writer
	if err := w.exec(ctx, "SET synchronous_commit = "+session); err != nil {
		return "", err
	}
	if err := w.exec(ctx, "BEGIN"); err != nil {
		return "", err
	}
	if err := w.insert(ctx, &plan{}, 0); err != nil {
		return "", err
	}
	rows, err := query(ctx, w.conn, "SHOW synchronous_commit")
	if err != nil {
		return "", err
	}
	return rows[0][0], w.exec(ctx, "ROLLBACK")
}

// Alone reports whether the store believes that no other process follows.
func (s *Store) Alone() bool { return s.seq.writer.alone.Load() }
