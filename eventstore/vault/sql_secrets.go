package vault

import (
	"context"
	"database/sql"
	"errors"
	"math"
)

const (
	everyWrapped = `SELECT name, wrapped, wrapped_by FROM secrets`
	putWrapped   = `INSERT INTO secrets (name, wrapped, wrapped_by) `
)

func scanSecret(row interface{ Scan(...any) error }) (one secret, err error) {
	var epoch int64
	err = row.Scan(&one.name, &one.wrapped, &epoch)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoSecret
	}
	if epoch > 0 && epoch <= math.MaxInt32 {
		one.epoch = uint32(epoch)
	}
	return one, err
}

func (s *sqlStore) secret(ctx context.Context, name string) (one secret, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		one, err = scanSecret(s.read.QueryRowContext(ctx, everyWrapped+` WHERE name = $1`, name))
		return err
	})
	return one, err
}

// allSecrets lists secrets and marks in the order of their names. An
// installation has a handful.
func (s *sqlStore) allSecrets(ctx context.Context, q queryer) (all []secret, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		all, err = list(ctx, q, scanSecret, everyWrapped+` ORDER BY name`)
		return err
	})
	return all, err
}

func (s *sqlStore) secrets(ctx context.Context) ([]secret, error) { return s.allSecrets(ctx, s.read) }

func (s *sqlStore) addSecret(ctx context.Context, one secret) (secret, error) {
	if _, err := s.putSecret(ctx, one, "", `VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`); err != nil {
		return secret{}, err
	}
	return s.secret(ctx, one.name)
}

func (s *sqlStore) addFirst(ctx context.Context, one secret) (bool, error) {
	return s.putSecret(ctx, one, s.lockAll, `SELECT $1, $2, $3
		WHERE NOT EXISTS (SELECT 1 FROM keys) AND NOT EXISTS (SELECT 1 FROM identifiers) ON CONFLICT DO NOTHING`)
}

// putSecret stores a secret under a condition, counts it, and reports whether
// it did.
func (s *sqlStore) putSecret(ctx context.Context, one secret, lock, values string) (stored bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t, err := lockedState(ctx, tx, s.forUpdate)
		if err == nil && t.epoch != one.epoch {
			err = errOtherEpoch
		}
		if err == nil {
			err = alone(ctx, tx, lock)
		}
		if err != nil {
			return err
		}
		made, err := tx.ExecContext(ctx, putWrapped+values, one.name, one.wrapped, int64(one.epoch))
		if err != nil {
			return err
		}
		n, err := made.RowsAffected()
		if stored = n > 0; !stored || err != nil {
			return err
		}
		return s.changeState(ctx, tx, t, func(t *state) { t.secrets++ })
	})
	return stored, err
}
