package vault

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"caseledger/domain/event"
)

// taken reports whether another person than the claim's has a claim.
func taken(ctx context.Context, tx *sql.Tx, c claim) (bool, error) {
	var other int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM identifiers WHERE blind = ? AND person <> ?`, c.blind[:], c.person[:]).Scan(&other)
	return other > 0, err
}

func (s *sqliteStore) reserve(ctx context.Context, c claim) (free bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if other, err := taken(ctx, tx, c); other || err != nil {
			return err
		}
		free = true
		_, err := tx.ExecContext(ctx, `INSERT INTO identifiers (blind, command, person, state, reserved_at) VALUES (?, ?, ?, 'reserved', ?) ON CONFLICT DO NOTHING`,
			c.blind[:], c.command[:], c.person[:], c.reserved.UnixMicro())
		return err
	})
	return free, err
}

func (s *sqliteStore) confirm(ctx context.Context, c claim) (free bool, err error) {
	err = s.tx(ctx, func(tx *sql.Tx) error {
		if other, err := taken(ctx, tx, c); other || err != nil {
			return err
		}
		free = true
		if _, err := tx.ExecContext(ctx, `DELETE FROM identifiers WHERE blind = ?`, c.blind[:]); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO identifiers (blind, command, person, state, reserved_at) VALUES (?, zeroblob(16), ?, 'confirmed', ?)`,
			c.blind[:], c.person[:], c.reserved.UnixMicro())
		return err
	})
	return free, err
}

func (s *sqliteStore) release(ctx context.Context, c claim) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM identifiers WHERE blind = ? AND command = ? AND person = ? AND state = 'reserved'`,
		c.blind[:], c.command[:], c.person[:])
	return err
}

func (s *sqliteStore) unlink(ctx context.Context, c claim) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM identifiers WHERE blind = ? AND person = ?`, c.blind[:], c.person[:])
	return err
}

func (s *sqliteStore) holder(ctx context.Context, b Blinded) (event.UUID, error) {
	var person []byte
	err := s.read.QueryRowContext(ctx, `SELECT person FROM identifiers WHERE blind = ? AND state = 'confirmed'`, b[:]).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return event.UUID{}, nil
	}
	if err != nil {
		return event.UUID{}, err
	}
	return event.UUID(person), nil
}

func (s *sqliteStore) reservations(ctx context.Context, before time.Time) ([]claim, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT blind, command, person, reserved_at FROM identifiers WHERE state = 'reserved' AND reserved_at < ? ORDER BY reserved_at, blind`, before.UnixMicro())
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []claim
	for rows.Next() {
		var c claim
		var blind, command, person []byte
		var at int64
		if err := rows.Scan(&blind, &command, &person, &at); err != nil {
			return nil, err
		}
		copy(c.blind[:], blind)
		copy(c.command[:], command)
		copy(c.person[:], person)
		c.reserved = time.UnixMicro(at).UTC()
		found = append(found, c)
	}
	return found, rows.Err()
}
