package vault

import (
	"context"
	"database/sql"
	"encoding/binary"
	"slices"
	"time"

	"caseledger/domain/event"
)

// claiming runs a change to a blind value's claims unless another person than
// the claim's has one: then it returns false.
func (s *sqlStore) claiming(ctx context.Context, c claim, change func(context.Context, *sql.Tx) error) (free bool, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := alone(ctx, tx, s.lockBlind, numbered(s.lockBlind, c.blind)...); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM identifiers WHERE blind = $1 AND person <> $2`, c.blind[:], c.person[:]).Scan(&others); others > 0 || err != nil {
			return err
		}
		free = true
		return change(ctx, tx)
	})
	return free, err
}

// numbered is the argument of the statement that locks a blind value: two of
// them with one number only wait for each other.
func numbered(statement string, b Blinded) []any {
	if statement == "" {
		return nil
	}
	return []any{int64(binary.BigEndian.Uint64(b[:8]))}
}

const (
	insertClaims = `INSERT INTO identifiers (blind, command, person, state, claimed_at, stamp) VALUES `
	insertClaim  = insertClaims + `($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
	claimColumns = `blind, command, person, state, claimed_at, stamp`
)

func (s *sqlStore) reserve(ctx context.Context, c claim) (bool, error) {
	return s.claiming(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, insertClaim, c.blind[:], c.command[:], c.person[:], c.state(), c.reserved.UnixMicro(), s.stamps.ofClaim(c))
		return err
	})
}

func (s *sqlStore) confirm(ctx context.Context, c claim) (bool, error) {
	return s.claiming(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM identifiers WHERE blind = $1`, c.blind[:]); err != nil {
			return err
		}
		c.command = event.UUID{}
		_, err := tx.ExecContext(ctx, insertClaim, c.blind[:], c.command[:], c.person[:], c.state(), c.reserved.UnixMicro(), s.stamps.ofClaim(c))
		return err
	})
}

func (s *sqlStore) release(ctx context.Context, c claim) error {
	return s.exec(ctx, `DELETE FROM identifiers WHERE blind = $1 AND command = $2 AND person = $3 AND state = 'reserved'`,
		c.blind[:], c.command[:], c.person[:])
}

func (s *sqlStore) unlink(ctx context.Context, c claim) error {
	return s.exec(ctx, `DELETE FROM identifiers WHERE blind = $1 AND person = $2`, c.blind[:], c.person[:])
}

func (s *sqlStore) unlinkAll(ctx context.Context, person event.UUID, keep []Blinded) (n int, err error) {
	err = s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n = 0
		claims, err := list(ctx, tx, scanClaim, claimsOfPerson, person[:])
		for _, c := range claims {
			if err == nil && !slices.Contains(keep, c.blind) {
				_, err = tx.ExecContext(ctx, `DELETE FROM identifiers WHERE blind = $1 AND command = $2 AND person = $3`, c.place[0], c.place[1], person[:])
				n++
			}
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, s.scrubbed(ctx, "identifiers")
}

const claimsOfPerson = `SELECT ` + claimColumns + ` FROM identifiers WHERE person = $1 ORDER BY blind, command`

func (s *sqlStore) claimsOf(ctx context.Context, person event.UUID) (found []claim, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		found, err = list(ctx, s.read, scanClaim, claimsOfPerson, person[:])
		return err
	})
	return found, err
}

func (s *sqlStore) holder(ctx context.Context, b Blinded) (event.UUID, error) {
	person, err := s.ask(ctx, `SELECT person FROM identifiers WHERE blind = $1 AND state = 'confirmed'`, b[:])
	if person == nil || err != nil {
		return event.UUID{}, err
	}
	return event.UUID(person), nil
}

func (s *sqlStore) reservations(ctx context.Context, before time.Time) (found []claim, err error) {
	err = s.bounded(ctx, func(ctx context.Context) (err error) {
		found, err = list(ctx, s.read, scanClaim, `SELECT `+claimColumns+` FROM identifiers
			WHERE state = 'reserved' AND claimed_at < $1 ORDER BY claimed_at, blind`, before.UnixMicro())
		return err
	})
	return found, err
}

// scanClaim reads one row of claimColumns. One that no vault can have stored is
// read without its stamp.
func scanClaim(row interface{ Scan(...any) error }) (c claim, err error) {
	var blind, command, person []byte
	var state string
	var at int64
	if err := row.Scan(&blind, &command, &person, &state, &at, &c.stamp); err != nil {
		return claim{}, err
	}
	sound := fits(c.blind[:], blind) && fits(c.command[:], command) && fits(c.person[:], person) && state == c.state()
	if !sound {
		c.stamp = nil
	}
	c.place, c.reserved = [2][]byte{blind, command}, time.UnixMicro(at).UTC()
	return c, nil
}

func (c claim) state() string {
	if c.command.IsZero() {
		return "confirmed"
	}
	return "reserved"
}
