package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// Ready commits a change that changes nothing to the row that every append
// takes. It tells that an append would succeed now, as far as can be told
// without one, and answers in the terms of [eventstore.ErrUnavailable] if not.
// On a store opened with ReadOnly it reads that row.
func (s *Store) Ready(ctx context.Context) error {
	if s.options.ReadOnly {
		_, err := s.Head(ctx)
		return err
	}
	return s.reading(ctx, func(ctx context.Context, conn *pgconn.PgConn) error {
		result := conn.ExecPrepared(ctx, "ready", nil, nil, nil).Read()
		switch {
		case state(result.Err) == readOnlySession:
			s.leave()
		case result.Err == nil && result.CommandTag.RowsAffected() != 1:
			return errNoHead
		}
		return result.Err
	})
}
