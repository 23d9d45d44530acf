package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
)

func (s *sqlStore) changing(ctx context.Context, f func(*state) error) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t, err := lockedState(ctx, tx, s.forUpdate)
		if err != nil {
			return err
		}
		var failed error
		t = s.stamps.changeState(t, func(t *state) { failed = f(t) })
		if failed != nil {
			return failed
		}
		return putState(ctx, tx, t)
	})
}

// rewrapping runs f unless another epoch wraps than the one given.
func (s *sqlStore) rewrapping(ctx context.Context, epoch uint32, f func(context.Context, *sql.Tx) error) error {
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		t, err := lockedState(ctx, tx, s.forShare)
		if err == nil && t.epoch != epoch {
			err = errOtherEpoch
		}
		if err != nil {
			return err
		}
		return f(ctx, tx)
	})
}

func (s *sqlStore) rewrap(ctx context.Context, epoch uint32, keys []rewrapped) error {
	return s.rewrapping(ctx, epoch, func(ctx context.Context, tx *sql.Tx) error {
		for _, k := range keys {
			r, err := s.lockedKey(ctx, tx, k.id)
			if errors.Is(err, ErrKeyMissing) {
				continue
			}
			if err == nil && r.state != destroyed && bytes.Equal(r.wrapped, k.from) {
				err = s.changeKey(ctx, tx, r, func(r *record) { r.wrapped, r.epoch = k.to, epoch })
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqlStore) rewrapSecrets(ctx context.Context, epoch uint32, secrets []rewrapped) error {
	return s.rewrapping(ctx, epoch, func(ctx context.Context, tx *sql.Tx) error {
		for _, k := range secrets {
			if _, err := tx.ExecContext(ctx, `UPDATE secrets SET wrapped = $1, wrapped_by = $2 WHERE name = $3 AND wrapped = $4`,
				k.to, int64(epoch), k.name, k.from); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sqlStore) wrappedBefore(ctx context.Context, epoch uint32) (n uint64, err error) {
	err = s.bounded(ctx, func(ctx context.Context) error {
		return s.read.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM keys WHERE state <> 3 AND epoch <> $1) +
			(SELECT count(*) FROM secrets WHERE wrapped_by <> $1)`, int64(epoch)).Scan(&n)
	})
	return n, err
}

func (s *sqlStore) wiped(ctx context.Context) error { return s.scrubbed(ctx, "keys", "secrets") }

// stamped implements [storage]. Nobody changes anything while rows are stamped.
func (s *sqlStore) stamped(ctx context.Context, with stamps) error {
	s.stamps = with
	if s.write == nil {
		return nil
	}
	t, err := s.state(ctx)
	if err != nil || t.stamp != nil {
		return err
	}
	return s.named(ctx, s.longTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := alone(ctx, tx, s.lockWhole); err != nil {
			return err
		}
		t, err := lockedState(ctx, tx, "")
		if err != nil || t.stamp != nil {
			return err
		}
		var others int
		if err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM keys WHERE stamp IS NOT NULL) + (SELECT count(*) FROM identifiers WHERE stamp IS NOT NULL),
			(SELECT count(*) FROM secrets)`).Scan(&others, &t.secrets); err != nil {
			return err
		}
		if others > 0 {
			return fmt.Errorf("%w: it has lost its state's stamp", ErrKeyBroken)
		}
		if err := s.stampAll(ctx, tx); err != nil {
			return err
		}
		t.stamp = with.ofState(t)
		return putState(ctx, tx, t)
	}))
}

func (s *sqlStore) stampAll(ctx context.Context, tx *sql.Tx) error {
	if err := eachPage(ctx, s.keysPage(tx), func(keys []record) error {
		for _, k := range keys {
			if _, err := tx.ExecContext(ctx, `UPDATE keys SET stamp = $1 WHERE key_id = $2`, s.stamps.ofKey(k), k.id[:]); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return eachPage(ctx, s.claimsPage(tx), func(claims []claim) error {
		for _, c := range claims {
			if _, err := tx.ExecContext(ctx, `UPDATE identifiers SET stamp = $1 WHERE blind = $2 AND command = $3`,
				s.stamps.ofClaim(c), c.blind[:], c.command[:]); err != nil {
				return err
			}
		}
		return nil
	})
}
